import type { Exit, Usage } from "../src/process/lifecycle.ts";
import { nanoseconds } from "./nanoseconds.ts";
import { signalName } from "./signals.ts";

/* How a process ended, in the three places of a document that tell it. Hot path. */

/** The low 7 bits of a wait status: the signal that killed it, 0 when it left by itself. */
const signalOf = (status: number): number => status & 0x7f;
const coreDumped = (status: number): boolean => (status & 0x80) !== 0;

/** What a shell shows as `$?`: 128+N when signal N killed it. */
function exitCode(status: number): number {
  const signal = signalOf(status);
  return signal === 0 ? (status >>> 8) & 0xff : 128 + signal;
}

/** Members of `process`, a comma before each. */
export function exitMembers({ time, status }: Exit): string {
  return status === undefined ? "" : `,"end":"${time.iso()}","exit_code":${exitCode(status)}`;
}

/** Members of `mayfly`, a comma before each: the signal, and what the life cost. */
export function exitNotes({ status, usage }: Exit): string {
  const killed =
    status === undefined || signalOf(status) === 0
      ? ""
      : `,"exit":{"signal":"${signalName(signalOf(status))}","core_dumped":${coreDumped(status)}}`;
  return usage === undefined ? killed : killed + usageText(usage);
}

/** The scheduler counts at its own moments: of the shortest lives it may have counted nothing yet, which is not 0. */
function cpuText({ userSeconds, userNanos, systemSeconds, systemNanos }: Usage): string {
  if (userSeconds + userNanos + systemSeconds + systemNanos === 0) return "";
  return `"user_ns":${nanoseconds(userSeconds, userNanos)},"system_ns":${nanoseconds(systemSeconds, systemNanos)},`;
}

function usageText(usage: Usage): string {
  return (
    `,"rusage":{${cpuText(usage)}"max_rss_bytes":${usage.maxRssBytes}` +
    `,"minor_faults":${usage.minorFaults}` +
    `,"major_faults":${usage.majorFaults}` +
    `,"read_bytes":${usage.readBytes}` +
    `,"write_bytes":${usage.writeBytes}` +
    `,"voluntary_switches":${usage.voluntarySwitches}` +
    `,"involuntary_switches":${usage.involuntarySwitches}}`
  );
}
