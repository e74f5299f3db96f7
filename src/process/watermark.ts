import type { Moment } from "../record/record.ts";
import type { Earliest } from "./aggregation.ts";
import { earlier, type Instant } from "./instant.ts";

const NANOS_A_MILLISECOND = 1_000_000;

/**
 * A moment by both clocks. As a watermark: every life that began before it has been handed on. The wall clock is what
 * documents are dated by; the boot clock is never set.
 */
export interface Watermark {
  readonly time: Instant;
  /** CLOCK_BOOTTIME. */
  readonly boot: Moment;
}

/** The earlier of two, by each clock by itself. */
export function earlierMark(a: Watermark, b: Watermark): Watermark {
  const isBefore =
    b.boot.seconds < a.boot.seconds || (b.boot.seconds === a.boot.seconds && b.boot.nanos < a.boot.nanos);
  return { time: earlier(a.time, b.time), boot: isBefore ? b.boot : a.boot };
}

/** Of lives that wait: rounded down to a millisecond by the boot clock, which they know in floating point only. */
export function markOf({ since, time }: Earliest): Watermark {
  const ms = Math.floor(since);
  return { time, boot: { seconds: Math.floor(ms / 1000), nanos: (ms % 1000) * NANOS_A_MILLISECOND } };
}
