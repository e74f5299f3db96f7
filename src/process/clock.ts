import type { ClockRecord, Moment } from "../record/record.ts";
import { type BootOffset, offsetOf } from "../source/clock.ts";
import { Instant } from "./instant.ts";

const NANOS = 1_000_000_000;
/** A change of the wall clock between two samples (1 s apart) that is no slewing (at most 0.5 ms a second) but a step. */
const STEP_NANOS = 10_000_000;

function instantAt(moment: Moment, offset: BootOffset): Instant {
  const nanos = moment.nanos + offset.nanos;
  return nanos < NANOS
    ? new Instant(moment.seconds + offset.seconds, nanos)
    : new Instant(moment.seconds + offset.seconds + 1, nanos - NANOS);
}

/**
 * Boot clock -> wall clock, two ways (design.md, Identity): transitions follow the wall clock as it was last sampled; the start of
 * a process uses the offset that was fixed once per boot, so that it is the same in every document.
 */
export class Clock {
  readonly #fixed: BootOffset;
  #current: BootOffset;
  #sampled: Moment | undefined = undefined;
  #settled: Moment | undefined = undefined;
  #stepped = false;

  constructor(fixed: BootOffset) {
    this.#fixed = fixed;
    this.#current = fixed;
  }

  /** True from a sample that found the clock set by hand until the next one: times between the two are of either clock. */
  get stepped(): boolean {
    return this.#stepped;
  }

  /**
   * The moment before which no record is still to come: that of the sample before the last; undefined before the second one.
   *
   * Guarantee relied on: the reader empties the ring between two samples, about 20 times (native/reader.cc). So a record that was
   * reserved before the one sample stands before the next. Only a probe that was held up for all that time, a second, between
   * reading the clock and submitting could still come later. The last sample says less than that: it is taken before the
   * ring is emptied, and what happened since the time before comes after it.
   */
  get settled(): Moment | undefined {
    return this.#settled;
  }

  /** The source has ended and everything was delivered: no record is to come at all. */
  settle(): void {
    this.#settled = this.#sampled;
  }

  sample(record: ClockRecord): void {
    const next = offsetOf(record);
    const change = (next.seconds - this.#current.seconds) * NANOS + next.nanos - this.#current.nanos;
    // The first one differs from the fixed offset by the drift of days.
    this.#stepped = this.#sampled !== undefined && Math.abs(change) > STEP_NANOS;
    this.#settled = this.#sampled;
    this.#sampled = record.time;
    this.#current = next;
  }

  instant(moment: Moment): Instant {
    return instantAt(moment, this.#current);
  }

  startInstant(moment: Moment): Instant {
    return instantAt(moment, this.#fixed);
  }
}
