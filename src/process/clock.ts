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
  #sampled = false;
  #stepped = false;

  constructor(fixed: BootOffset) {
    this.#fixed = fixed;
    this.#current = fixed;
  }

  /** True from a sample that found the clock set by hand until the next one: times between the two are of either clock. */
  get stepped(): boolean {
    return this.#stepped;
  }

  sample(record: ClockRecord): void {
    const next = offsetOf(record);
    const change = (next.seconds - this.#current.seconds) * NANOS + next.nanos - this.#current.nanos;
    // The first one differs from the fixed offset by the drift of days.
    this.#stepped = this.#sampled && Math.abs(change) > STEP_NANOS;
    this.#sampled = true;
    this.#current = next;
  }

  instant(moment: Moment): Instant {
    return instantAt(moment, this.#current);
  }

  startInstant(moment: Moment): Instant {
    return instantAt(moment, this.#fixed);
  }
}
