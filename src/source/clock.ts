import { readFileSync } from "node:fs";
import type { ClockRecord } from "../record/record.ts";

const NANOS = 1_000_000_000;
const NANOS_A_MILLISECOND = 1_000_000;
/** Of x86 and most arm64 kernels; only needed for usage, which a scan does not have. */
const PAGE_BYTES = 4096;

/** What to add to CLOCK_BOOTTIME to get CLOCK_REALTIME. */
export interface BootOffset {
  readonly seconds: number;
  /** 0 to 999,999,999 */
  readonly nanos: number;
}

export function offsetOf(clock: ClockRecord): BootOffset {
  const nanos = clock.realtime.nanos - clock.time.nanos;
  const seconds = clock.realtime.seconds - clock.time.seconds;
  return nanos < 0 ? { seconds: seconds - 1, nanos: nanos + NANOS } : { seconds, nanos };
}

/**
 * Both clocks by what Node offers without the addon, to 10 ms (/proc/uptime has two digits): good enough to say when a
 * scan of /proc began.
 */
export function readClock(): ClockRecord {
  const [, seconds = "0", hundredths = "0"] = /^(\d+)\.(\d{1,9})\b/.exec(readFileSync("/proc/uptime", "latin1")) ?? [];
  const now = Date.now();
  return {
    time: { seconds: Number(seconds), nanos: Number(hundredths.padEnd(9, "0")) },
    realtime: { seconds: Math.floor(now / 1000), nanos: (now % 1000) * NANOS_A_MILLISECOND },
    pageSize: PAGE_BYTES,
  };
}
