import { type Earliest, earliestOf } from "../process/aggregation.ts";
import type { Lifecycle } from "../process/lifecycle.ts";

/** One life that waits for what is looked up about it. */
interface Guest {
  readonly life: Lifecycle;
  /** When it leaves, whatever is missing: milliseconds of any monotonic clock. */
  readonly due: number;
}

/**
 * Lives that wait, in the order in which they came. Of one process none overtakes another; beyond `most` the oldest goes. Nearly always
 * empty: whoever asks looks at `size` first.
 */
export class WaitingRoom {
  readonly #most: number;
  #guests: Guest[] = [];
  /** How many of each process wait. */
  readonly #processes = new Map<string, number>();

  constructor(most: number) {
    this.#most = most;
  }

  get size(): number {
    return this.#guests.length;
  }

  get isFull(): boolean {
    return this.#guests.length >= this.#most;
  }

  hasProcessOf(life: Lifecycle): boolean {
    return this.#processes.has(life.identity.entityId);
  }

  enter(life: Lifecycle, due: number): void {
    const { entityId } = life.identity;
    this.#guests.push({ life, due });
    this.#processes.set(entityId, (this.#processes.get(entityId) ?? 0) + 1);
  }

  /**
   * Lets out who is ready or whose time is over, in order: 0.1 ms for 1,000 that stay.
   * @param now of the clock of `due`
   * @param most how many at most
   */
  letOut(
    now: number,
    most: number,
    isReady: (life: Lifecycle) => boolean,
    out: (life: Lifecycle, isLate: boolean) => void,
  ): void {
    const before = this.#guests;
    this.#guests = [];
    this.#processes.clear();
    let left = most;
    for (const { life, due } of before) {
      const ready = left > 0 && !this.hasProcessOf(life) && isReady(life);
      const isLate = left > 0 && !ready && now >= due && !this.hasProcessOf(life);
      if (!ready && !isLate) {
        this.enter(life, due);
        continue;
      }
      left--;
      out(life, isLate);
    }
  }

  /** Lets out the one that came first. */
  letOutFirst(out: (life: Lifecycle) => void): void {
    const [first] = this.#guests;
    if (first === undefined) return;
    this.#guests.shift();
    const { entityId } = first.life.identity;
    const left = (this.#processes.get(entityId) ?? 1) - 1;
    if (left === 0) this.#processes.delete(entityId);
    else this.#processes.set(entityId, left);
    out(first.life);
  }

  /** When the earliest of them began; undefined when nobody waits. */
  earliest(): Earliest | undefined {
    return earliestOf(this.#guests.map(({ life }) => life));
  }
}
