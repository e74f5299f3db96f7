import { readdirSync, readFileSync } from "node:fs";

/** CPU time of a living process, all its threads, in seconds. */
export interface Cpu {
  readonly user: number;
  readonly system: number;
}

/**
 * The sum is the scheduler's, to the nanosecond; /proc/PID/stat, in ticks of 10 ms, only says how it splits. Threads that
 * have ended are missing: a collector's live as long as it does.
 */
export function cpuOf(pid: number): Cpu {
  let nanos = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    nanos += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ")[0]);
  }
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [user, system] = [Number(fields[11]), Number(fields[12])];
  const share = user + system === 0 ? 0.5 : user / (user + system);
  return { user: (nanos / 1e9) * share, system: (nanos / 1e9) * (1 - share) };
}

/** Proportional set size in MiB. */
export function pssOf(pid: number): number {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  return Number(/^Pss:\s+(\d+) kB$/m.exec(text)?.[1]) / 1024;
}

/** Seconds that all CPUs together have worked since boot. */
export function busySeconds(): number {
  const fields =
    readFileSync("/proc/stat", "utf8").split("\n", 1)[0]?.trim().split(/\s+/).slice(1, 9).map(Number) ?? [];
  const all = fields.reduce((sum, ticks) => sum + ticks, 0);
  return (all - (fields[3] ?? 0) - (fields[4] ?? 0)) / 100;
}
