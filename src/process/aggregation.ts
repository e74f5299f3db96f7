import type { Moment } from "../record/record.ts";
import type { Credentials, Identity, Image, Origin, Session } from "./facts.ts";
import type { Instant } from "./instant.ts";
import type { Exit, Lifecycle } from "./lifecycle.ts";
import type { Process } from "./process.ts";

/*
 * HOT PATH: what happens to one image is collected here until its process exits, at most the hold. Lives wait in a doubly
 * linked list in the order they began, so the next to leave is always the first, and one that ends is unlinked in O(1).
 */

/** Under pressure the hold does not shrink below this. */
const HOLD_MIN_MS = 100;

/** A lifecycle in the making. Changed by the Tracker while it waits, by nobody once it has left. */
export class Pending implements Lifecycle {
  readonly identity: Identity;
  readonly origin: Origin;
  image: Image | undefined;
  credentials: Credentials;
  session: Session;
  transitions: number;
  readonly time: Instant;
  exit: Exit | undefined = undefined;
  ownImage: boolean;
  quality: number;
  followed: boolean;
  /** Milliseconds of the boot clock. */
  readonly since: number;
  readonly process: Process;
  previous: Pending | undefined = undefined;
  next: Pending | undefined = undefined;

  constructor(process: Process, transition: number, time: Instant, since: number, quality: number) {
    this.process = process;
    this.identity = process.identity;
    this.origin = process.origin;
    this.image = process.image;
    this.credentials = process.credentials;
    this.session = process.session;
    this.transitions = transition;
    this.time = time;
    this.since = since;
    this.ownImage = process.ownImage;
    this.followed = process.followed;
    this.quality = quality | process.quality | (process.image?.quality ?? 0);
  }
}

export interface AggregationSettings {
  /** Milliseconds. */
  readonly hold: number;
  /** Lives that may wait at once; one more makes the oldest leave. */
  readonly maxPending: number;
}

/** Who takes the lives that leave. An object, not a function: the one call per life stays one call (V8 inlines it). */
export interface LifeTaker {
  onLife(life: Lifecycle): void;
}

export class Aggregation {
  readonly #hold: number;
  readonly #maxPending: number;
  readonly #taker: LifeTaker;
  #first: Pending | undefined = undefined;
  #last: Pending | undefined = undefined;
  #count = 0;
  #hurried = 0;

  constructor(settings: AggregationSettings, taker: LifeTaker) {
    this.#hold = settings.hold;
    this.#maxPending = settings.maxPending;
    this.#taker = taker;
  }

  /** Lives that wait. */
  get pending(): number {
    return this.#count;
  }

  /** Lives that left before the configured hold because too many waited. They are not lost, only told in more documents. */
  get hurried(): number {
    return this.#hurried;
  }

  add(life: Pending): void {
    if (this.#count >= this.#maxPending && this.#first !== undefined) {
      this.#hurried++;
      this.release(this.#first);
    }
    life.process.pending = life;
    life.previous = this.#last;
    if (this.#last === undefined) this.#first = life;
    else this.#last.next = life;
    this.#last = life;
    this.#count++;
  }

  /** Takes a life out of the hold and hands it on. */
  release(life: Pending): void {
    this.#unlink(life);
    this.#taker.onLife(life);
  }

  /** Takes a life out of the hold and forgets it. */
  drop(life: Pending): void {
    this.#unlink(life);
  }

  /**
   * Hands on the lives that have waited long enough, oldest first.
   * @param now milliseconds of the boot clock
   * @param most how many at most: 10,000 processes found at the start come of age together, and whoever takes their 40 MB of
   * documents needs a turn in between
   */
  advance(now: number, most: number): void {
    let hold = this.#currentHold();
    for (let left = most; left > 0 && this.#first !== undefined && this.#first.since + hold <= now; left--) {
      if (hold < this.#hold && this.#first.since + this.#hold > now) this.#hurried++;
      this.release(this.#first);
      hold = this.#currentHold();
    }
  }

  /** Hands on up to `most` lives, whatever they still wait for. Returns whether any is left. */
  flush(most: number): boolean {
    for (let left = most; left > 0 && this.#first !== undefined; left--) this.release(this.#first);
    return this.#first !== undefined;
  }

  /** Full up to half the bound, then shrinking in proportion to the room left. */
  #currentHold(): number {
    const half = this.#maxPending / 2;
    if (this.#count <= half) return this.#hold;
    const floor = Math.min(HOLD_MIN_MS, this.#hold);
    return Math.max(floor, this.#hold * ((this.#maxPending - this.#count) / half));
  }

  #unlink(life: Pending): void {
    life.process.pending = undefined;
    if (life.previous === undefined) this.#first = life.next;
    else life.previous.next = life.next;
    if (life.next === undefined) this.#last = life.previous;
    else life.next.previous = life.previous;
    life.previous = undefined;
    life.next = undefined;
    this.#count--;
  }
}

/** Milliseconds of the boot clock, for comparing only. */
export function milliseconds(moment: Moment): number {
  return moment.seconds * 1000 + moment.nanos / 1e6;
}
