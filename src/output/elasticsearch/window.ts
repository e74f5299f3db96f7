const SECONDS = 60;
/** So many rejected documents in a minute are borne whatever the traffic, and this part of the documents answered. */
const BASE = 10;
const SHARE = 0.01;

/**
 * How many documents of the last minute were answered, and how many of them rejected for what they are. A few go to the dead
 * letter file; when it is more than 10 and 1 % in a minute it is not the documents that are wrong.
 */
export class RejectionWindow {
  /** By second of the clock, modulo 60; `#seconds` says which second a place holds. */
  readonly #answered = new Uint32Array(SECONDS);
  readonly #rejected = new Uint32Array(SECONDS);
  readonly #seconds = new Float64Array(SECONDS).fill(-1);

  answered(now: number, documents: number): void {
    const at = this.#place(now);
    this.#answered[at] = (this.#answered[at] as number) + documents;
  }

  rejected(now: number, documents: number): void {
    const at = this.#place(now);
    this.#rejected[at] = (this.#rejected[at] as number) + documents;
  }

  /** Documents that may still be rejected now; 0 when none. */
  room(now: number): number {
    const { answered, rejected } = this.sum(now);
    return Math.max(0, Math.floor(BASE + answered * SHARE) - rejected);
  }

  sum(now: number): { answered: number; rejected: number } {
    const second = Math.floor(now / 1000);
    let answered = 0;
    let rejected = 0;
    for (let at = 0; at < SECONDS; at++) {
      const age = second - (this.#seconds[at] as number);
      if (age < 0 || age >= SECONDS) continue;
      answered += this.#answered[at] as number;
      rejected += this.#rejected[at] as number;
    }
    return { answered, rejected };
  }

  #place(now: number): number {
    const second = Math.floor(now / 1000);
    const at = second % SECONDS;
    if (this.#seconds[at] !== second) {
      this.#seconds[at] = second;
      this.#answered[at] = 0;
      this.#rejected[at] = 0;
    }
    return at;
  }
}

/** Whether so few of a probe's documents were rejected that the stream is in order. */
export function isBearable(documents: number, rejected: number): boolean {
  return rejected <= Math.max(1, documents * SHARE);
}
