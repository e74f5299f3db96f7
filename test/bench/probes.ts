import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";

const STATS = "/proc/sys/kernel/bpf_stats_enabled";

/** What a BPF program has used since it was loaded, while run-time statistics were on. */
export interface ProbeTime {
  readonly nanos: number;
  readonly runs: number;
}

/**
 * Switches the kernel's run-time statistics of BPF programs on until this process ends, however it does. They cost some
 * 20 ns a run, which the figures contain.
 */
export function switchStatisticsOn(): void {
  const before = readFileSync(STATS, "utf8");
  process.on("exit", () => writeFileSync(STATS, before));
  writeFileSync(STATS, "1");
}

/** The BPF programs that a process holds, by name. */
export function probeTimes(pid: number): ReadonlyMap<string, ProbeTime> {
  const ids = new Set<string>();
  for (const fd of readdirSync(`/proc/${pid}/fdinfo`)) {
    const id = /^prog_id:\s*(\d+)$/m.exec(readIfThere(`/proc/${pid}/fdinfo/${fd}`))?.[1];
    if (id !== undefined) ids.add(id);
  }
  return new Map([...ids].map(readProbe));
}

/** By name, what each program used between two looks. */
export function between(
  first: ReadonlyMap<string, ProbeTime>,
  last: ReadonlyMap<string, ProbeTime>,
): ReadonlyMap<string, ProbeTime> {
  const used = [...last].map(([name, { nanos, runs }]) => {
    const before = first.get(name) ?? { nanos: 0, runs: 0 };
    return [name, { nanos: nanos - before.nanos, runs: runs - before.runs }] as const;
  });
  return new Map(used);
}

function readProbe(id: string): [string, ProbeTime] {
  const text = execFileSync(bpftool(), ["-j", "prog", "show", "id", id], { encoding: "utf8" });
  const { name, run_time_ns = 0, run_cnt = 0 } = JSON.parse(text) as BpftoolProgram;
  return [name ?? id, { nanos: run_time_ns, runs: run_cnt }];
}

interface BpftoolProgram {
  readonly name?: string;
  readonly run_time_ns?: number;
  readonly run_cnt?: number;
}

/** Debian keeps it in /usr/sbin, which is not in everyone's PATH. */
function bpftool(): string {
  process.env["PATH"] = `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin`;
  return "bpftool";
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (fault) {
    // The collector may close a descriptor between the list and the look.
    if ((fault as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw fault;
  }
}
