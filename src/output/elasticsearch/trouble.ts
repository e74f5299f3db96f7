import { Backoff } from "./backoff.ts";
import type { DeliverySystem } from "./system.ts";

/** Requests that failed and may succeed later. */
const AGAIN = { baseMs: 1000, capMs: 60_000, fixed: 0 } as const;
/** Faults that somebody must repair. */
const STOPPED = { baseMs: 6000, capMs: 60_000, fixed: 5 / 6 } as const;

/** Why nothing is sent now. `rejections`: too many documents were refused for what they are. */
export type TroubleKind = "retrying" | "stopped" | "rejections";

/** The time between a failure and the next good answer. */
export class Trouble {
  kind: TroubleKind | undefined = undefined;
  reason = "";
  /** When it began, and before which nothing is sent; ms since the epoch. */
  since = 0;
  until = 0;
  readonly #again: Backoff;
  readonly #stopped: Backoff;
  readonly #system: DeliverySystem;

  constructor(system: DeliverySystem) {
    this.#system = system;
    const random = (): number => system.random();
    this.#again = new Backoff({ ...AGAIN, random });
    this.#stopped = new Backoff({ ...STOPPED, random });
  }

  /** Ms until the next try. */
  enter(kind: TroubleKind, reason: string, retryAfterMs: number): number {
    const now = this.#system.now();
    if (this.kind === undefined) this.since = now;
    // That too many were rejected is not forgotten because the test found the server down: suspects are still held.
    if (this.kind !== "rejections" || kind === "stopped") this.kind = kind;
    this.reason = reason;
    const wait = (kind === "retrying" ? this.#again : this.#stopped).next(retryAfterMs);
    this.until = now + wait;
    return wait;
  }

  /** Ms that it lasted. */
  leave(): number {
    this.kind = undefined;
    this.until = 0;
    this.#stopped.reset();
    return this.#system.now() - this.since;
  }

  /** More than half of a request was taken. */
  worked(): void {
    this.#again.reset();
  }
}
