import { constants } from "node:os";
import { PATIENCE } from "./deadline.ts";
import { type Differences, millis } from "./differences.ts";
import type { Document } from "./document.ts";
import type { Life } from "./life.ts";
import type { Death, Self } from "./program.ts";

/** How a process ended against what wait4(2) gave its parent; that an ongoing one has no end. */
export function endDifferences(found: Differences, document: Document, life: Life, self: Self): void {
  const { process, event, mayfly } = document;
  if (!mayfly?.transitions?.split("+").includes("end")) {
    found.compare("process.end", process?.end, undefined);
    found.compare("process.exit_code", process?.exit_code, undefined);
    for (const field of ["start", "end", "duration"] as const)
      found.compare(`event.${field}`, event?.[field], undefined);
    found.compare("mayfly.exit", mayfly?.exit, undefined);
    found.compare("mayfly.rusage", mayfly?.rusage, undefined);
    return;
  }
  const ended = millis(process?.end);
  const lastSeen = self.real.seconds * 1000 + Math.floor(self.real.nanos / 1e6);
  // The collector samples the offset of the clocks once a second.
  found.check("process.end", process?.end, ended >= lastSeen - 2, "not before the process last spoke");
  found.compare("event.start", event?.start, process?.start);
  found.compare("event.end", event?.end, process?.end);
  const duration = (event?.duration ?? Number.NaN) / 1e6;
  found.near("event.duration (ms)", duration, ended - millis(process?.start), 12);
  if (life.status !== undefined) statusDifferences(found, document, life.status);
  if (life.death === undefined) return;
  const waited = life.death.real.seconds * 1000 + Math.ceil(life.death.real.nanos / 1e6);
  found.check("process.end", process?.end, ended <= waited + 2, "not after its parent was told");
  if (!life.hadChildren) usageDifferences(found, document, life.death);
}

function statusDifferences(found: Differences, document: Document, status: number): void {
  const signal = status & 0x7f;
  found.compare("process.exit_code", document.process?.exit_code, signal === 0 ? (status >> 8) & 0xff : 128 + signal);
  const exit = document.mayfly?.exit;
  found.compare("mayfly.exit.signal", exit?.signal, signal === 0 ? undefined : signalName(signal));
  found.compare("mayfly.exit.core_dumped", exit?.core_dumped ?? false, (status & 0x80) !== 0);
}

/** Nodes's table stops at 31; glibc's first real-time signal is 34. */
function signalName(number: number): string {
  const known = Object.entries(constants.signals).find(([, value]) => value === number);
  if (known !== undefined) return known[0] === "SIGPOLL" ? "SIGIO" : known[0];
  return number === 34 ? "SIGRTMIN" : `SIGRTMIN+${number - 34}`;
}

/**
 * The probe reads in do_exit, wait4 after it: what little the kernel does in between (at most a tick of time, a fault for
 * clear_child_tid, a switch, blocks of files it closes) is only in the latter.
 */
function usageDifferences(found: Differences, document: Document, death: Death): void {
  const usage = document.mayfly?.rusage;
  const total = death.user_us + death.system_us;
  const user = (usage?.user_ns ?? Number.NaN) / 1000;
  const system = (usage?.system_ns ?? Number.NaN) / 1000;
  if (PATIENCE === 1) {
    // A virtual processor that its host takes away between the two, for a few milliseconds, is the process's time as well.
    const [least, most] = [total * 0.97 - 6000, total * 1.03 + 1500];
    const used = user + system;
    found.check("mayfly.rusage.user_ns + system_ns (us)", used, used >= least && used <= most, `${least} to ${most}`);
    found.near("mayfly.rusage.user_ns (us)", user, death.user_us, 8000 + total * 0.1);
  } else {
    // An emulated processor stands still for any time between the two, and the guest counts that as the process's.
    const used = (usage?.user_ns ?? 0) / 1000 + (usage?.system_ns ?? 0) / 1000;
    found.check("mayfly.rusage.user_ns + system_ns (us)", used, used <= total + 1500, `at most ${total} + 1500`);
  }
  found.near("mayfly.rusage.minor_faults", usage?.minor_faults ?? Number.NaN, death.minor_faults, 2);
  found.near("mayfly.rusage.major_faults", usage?.major_faults ?? Number.NaN, death.major_faults, 0);
  found.near(
    "mayfly.rusage.read_bytes (blocks)",
    Math.floor((usage?.read_bytes ?? Number.NaN) / 512),
    death.blocks_in,
    0,
  );
  found.near(
    "mayfly.rusage.write_bytes (blocks)",
    Math.floor((usage?.write_bytes ?? Number.NaN) / 512),
    death.blocks_out,
    64,
  );
  // Where every CPU is busy a dying process waits for locks on its way: 8 times were seen.
  const voluntary = usage?.voluntary_switches ?? Number.NaN;
  const later = death.voluntary - voluntary;
  found.check(
    "mayfly.rusage.voluntary_switches",
    voluntary,
    later >= -3 && later <= 20 * PATIENCE,
    `${death.voluntary} - 20`,
  );
  // Whoever dies can be preempted any number of times on the way: 12 were seen where every CPU was busy.
  found.near(
    "mayfly.rusage.involuntary_switches",
    usage?.involuntary_switches ?? Number.NaN,
    death.involuntary,
    40 * PATIENCE,
  );
  // From 6.16 on the hook runs before exit_mm, so wait4 may show a little more; older kernels: equal.
  const rss = (usage?.max_rss_bytes ?? Number.NaN) / 1024;
  found.near("mayfly.rusage.max_rss_bytes (KiB)", rss, death.max_rss_kib, death.max_rss_kib * 0.15 + 256);
}
