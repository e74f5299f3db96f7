import type { Place } from "./backlog.ts";

/** As many as anyone has hung mounts; more of them come from somebody who makes them, and the oldest are forgotten. */
const MOST = 1_024;

/** Places where something hung, each left alone for a time. */
export class Quarantine {
  readonly #until = new Map<Place, number>();
  readonly #forMs: number;
  readonly #now: () => number;

  /** @param now milliseconds of a clock that never steps */
  constructor(forMs: number, now: () => number) {
    this.#forMs = forMs;
    this.#now = now;
  }

  add(place: Place): void {
    this.#until.delete(place);
    this.#until.set(place, this.#now() + this.#forMs);
    if (this.#until.size <= MOST) return;
    for (const oldest of this.#until.keys()) {
      this.#until.delete(oldest);
      return;
    }
  }

  holds(place: Place): boolean {
    if (this.#until.size === 0) return false;
    const until = this.#until.get(place);
    if (until === undefined) return false;
    if (this.#now() < until) return true;
    this.#until.delete(place);
    return false;
  }
}
