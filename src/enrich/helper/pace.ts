const FIRST_PAUSE_MS = 100;
const LAST_PAUSE_MS = 30_000;
/** A helper that lived so long did not end at once: the next one is not held back. */
const GOOD_LIFE_MS = 10_000;
/** After so many helpers in a row that ended at once, whoever waits is told. */
const HOPELESS = 3;

/** How soon a helper that ended by itself is followed by another. */
export class Pace {
  readonly #now: () => number;
  #bornAt = 0;
  #pauseMs = 0;
  #shortLives = 0;

  /** @param now milliseconds of a clock that never steps */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Whether helpers end as soon as they begin. */
  get hopeless(): boolean {
    return this.#shortLives >= HOPELESS;
  }

  begin(): void {
    this.#bornAt = this.#now();
  }

  /** @returns milliseconds until the next may begin */
  end(): number {
    if (this.#now() - this.#bornAt >= GOOD_LIFE_MS) {
      this.#pauseMs = 0;
      this.#shortLives = 0;
    } else {
      this.#pauseMs = Math.min(Math.max(this.#pauseMs * 2, FIRST_PAUSE_MS), LAST_PAUSE_MS);
      this.#shortLives++;
    }
    return this.#pauseMs;
  }
}
