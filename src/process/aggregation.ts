import type { Moment } from "../record/record.ts";
import type { Credentials, Identity, Image, Leaders, Origin, Session } from "./facts.ts";
import { earlier, type Instant } from "./instant.ts";
import { type Exit, type Lifecycle, Transition } from "./lifecycle.ts";
import type { Process } from "./process.ts";
import { WaitingLives } from "./waiting.ts";

/* HOT PATH: what happens to one image is collected here until its process exits, at most the hold. */

/** Under pressure the hold does not shrink below this. */
const HOLD_MIN_MS = 100;

/** A lifecycle in the making. Changed by the Tracker while it waits, by nobody once it has left. */
export class Pending implements Lifecycle {
  readonly identity: Identity;
  readonly origin: Origin;
  image: Image | undefined;
  replaced: Image | undefined;
  leaders: Leaders;
  credentials: Credentials;
  session: Session;
  comm: string | undefined;
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

  constructor(
    process: Process,
    transition: number,
    time: Instant,
    since: number,
    quality: number,
    replaced: Image | undefined,
  ) {
    this.process = process;
    this.identity = process.identity;
    this.origin = process.origin;
    this.image = process.image;
    this.replaced = replaced;
    this.leaders = process.leaders();
    this.credentials = process.credentials;
    this.session = process.session;
    this.comm = process.comm;
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
  /**
   * Milliseconds over which the processes that the first scan found leave, evenly; 0, the default: after the hold, as fast as they are
   * taken. What happens to one of them meanwhile lets it leave at once.
   */
  readonly spreadFoundMs?: number;
  /**
   * Whether what happens to one image within the hold is one life; true, the default. Else each transition is a life of its own,
   * handed on at once: the same lives whatever the load. Found processes wait as ever.
   */
  readonly merge?: boolean;
}

/** When the earliest of several lives began. */
export interface Earliest {
  /** Milliseconds of the boot clock. */
  readonly since: number;
  /** By the wall clock. It may have been set between two lives: then this is another life's than `since`. */
  readonly time: Instant;
}

/** Who takes the lives that leave. An object, not a function: the one call per life stays one call (V8 inlines it). */
export interface LifeTaker {
  onLife(life: Lifecycle): void;
}

export class Aggregation {
  readonly #hold: number;
  readonly #maxPending: number;
  readonly #merge: boolean;
  readonly #spread: number;
  readonly #taker: LifeTaker;
  readonly #lives = new WaitingLives();
  /** Found processes that leave little by little; only used with a spread. */
  readonly #found = new WaitingLives();
  /** Of the found: the most there were, and since when. */
  #crowd = 0;
  #crowdSince = 0;
  #hurried = 0;

  constructor(settings: AggregationSettings, taker: LifeTaker) {
    this.#hold = settings.hold;
    this.#maxPending = settings.maxPending;
    this.#merge = settings.merge ?? true;
    this.#spread = settings.spreadFoundMs ?? 0;
    this.#taker = taker;
  }

  /** Lives that wait. */
  get pending(): number {
    return this.#lives.count + this.#found.count;
  }

  /** Lives that left before the configured hold because too many waited. They are not lost, only told in more documents. */
  get hurried(): number {
    return this.#hurried;
  }

  /** Keeps a life that may grow; hands on at once what shall not. */
  add(life: Pending): void {
    if (!this.#merge && life.transitions !== Transition.found) {
      this.handOn(life);
      return;
    }
    const list = this.#listOf(life);
    if (list.count >= this.#maxPending && list.first !== undefined) {
      this.#hurried++;
      this.release(list.first);
    }
    life.process.pending = life;
    list.add(life);
    if (list === this.#found) this.#countCrowd(life);
  }

  /** A life that nothing can be added to. */
  handOn(life: Pending): void {
    this.#taker.onLife(life);
  }

  /** Takes a life out of the hold and hands it on. */
  release(life: Pending): void {
    this.drop(life);
    this.#taker.onLife(life);
  }

  /** Takes a life out of the hold and forgets it. */
  drop(life: Pending): void {
    life.process.pending = undefined;
    this.#listOf(life).remove(life);
  }

  /**
   * Hands on the lives that have waited long enough, oldest first.
   * @param now milliseconds of the boot clock
   * @param most how many at most: 10,000 processes found at the start come of age together, and whoever takes their 40 MB of
   * documents needs a turn in between
   */
  advance(now: number, most: number): void {
    if (this.#found.count > 0) this.#thinOut(now, most);
    const lives = this.#lives;
    let hold = this.#currentHold();
    for (let left = most; left > 0 && lives.first !== undefined && lives.first.since + hold <= now; left--) {
      if (hold < this.#hold && lives.first.since + this.#hold > now) this.#hurried++;
      this.release(lives.first);
      hold = this.#currentHold();
    }
  }

  /** Hands on up to `most` lives, whatever they still wait for. Returns whether any is left. */
  flush(most: number): boolean {
    for (let left = most; left > 0; left--) {
      const life = this.#found.first ?? this.#lives.first;
      if (life === undefined) return false;
      this.release(life);
    }
    return this.pending > 0;
  }

  /**
   * When the earliest of the lives that wait began; undefined when none waits. They are nearly in order, but a scan tells of
   * moments that are past, so all are looked at: 0.1 ms for 10,000, 3 ms for 65,536. Not for the hot path.
   */
  earliest(): Earliest | undefined {
    return earliestIn(this.#found.first, earliestIn(this.#lives.first, undefined));
  }

  #listOf(life: Pending): WaitingLives {
    // Nothing is added to a found life, so it stays in the list that it came into.
    return this.#spread > 0 && life.transitions === Transition.found ? this.#found : this.#lives;
  }

  #countCrowd({ since }: Pending): void {
    if (this.#found.count === 1) {
      this.#crowd = 0;
      this.#crowdSince = since;
    }
    this.#crowd = Math.max(this.#crowd, this.#found.count);
  }

  /** Lets the found go until only as many wait as the rest of the spread is long. */
  #thinOut(now: number, most: number): void {
    const mayWait = this.#crowd * (1 - (now - this.#crowdSince) / this.#spread);
    for (let left = most; left > 0 && this.#found.first !== undefined && this.#found.count > mayWait; left--)
      this.release(this.#found.first);
  }

  /** Full up to half the bound, then shrinking in proportion to the room left. */
  #currentHold(): number {
    const half = this.#maxPending / 2;
    const { count } = this.#lives;
    if (count <= half) return this.#hold;
    const floor = Math.min(HOLD_MIN_MS, this.#hold);
    return Math.max(floor, this.#hold * ((this.#maxPending - count) / half));
  }
}

function earliestIn(first: Pending | undefined, known: Earliest | undefined): Earliest | undefined {
  if (first === undefined) return known;
  let { since, time } = known ?? first;
  for (let life: Pending | undefined = first; life !== undefined; life = life.next) {
    if (life.since < since) since = life.since;
    time = earlier(time, life.time);
  }
  return { since, time };
}

/** The earliest of lives, in whatever order they are; undefined for none. */
export function earliestOf(lives: readonly Earliest[]): Earliest | undefined {
  const [first] = lives;
  if (first === undefined) return undefined;
  let { since, time } = first;
  for (const life of lives) {
    if (life.since < since) since = life.since;
    time = earlier(time, life.time);
  }
  return { since, time };
}

/** Milliseconds of the boot clock, for comparing only. */
export function milliseconds(moment: Moment): number {
  return moment.seconds * 1000 + moment.nanos / 1e6;
}
