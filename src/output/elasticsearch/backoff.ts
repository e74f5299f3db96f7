/** A server that asks for more patience than this gets this much, ms. */
const MAX_RETRY_AFTER_MS = 5 * 60_000;

export interface BackoffOptions {
  /** The first step, ms; each further one is twice as long. */
  readonly baseMs: number;
  readonly capMs: number;
  /** The part of a step that is always waited, 0 to 1; the rest is drawn. 0 is full jitter. */
  readonly fixed: number;
  /** 0 <= random() < 1. */
  readonly random: () => number;
}

/**
 * Exponential waiting with jitter, so that hosts that failed together do not come back together. Full jitter spreads best
 * (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
 */
export class Backoff {
  readonly #options: BackoffOptions;
  #failures = 0;

  constructor(options: BackoffOptions) {
    this.#options = options;
  }

  /** Ms to wait now. @param atLeast what the server asked for */
  next(atLeast = 0): number {
    const { baseMs, capMs, fixed, random } = this.#options;
    const step = Math.min(capMs, baseMs * 2 ** Math.min(this.#failures, 30));
    this.#failures++;
    return Math.max(step * (fixed + (1 - fixed) * random()), Math.min(atLeast, MAX_RETRY_AFTER_MS));
  }

  reset(): void {
    this.#failures = 0;
  }
}

/** Ms of a Retry-After header: seconds or an HTTP date (RFC 9110, 10.2.3). 0 for none or one that cannot be read. */
export function retryAfterMs(header: string | undefined, now: number): number {
  if (header === undefined) return 0;
  const text = header.trim();
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  const date = Date.parse(text);
  return Number.isNaN(date) ? 0 : Math.max(0, date - now);
}
