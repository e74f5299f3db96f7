import { Histogram } from "../output/histogram.ts";

/** Four wake-ups a second: not to be found among the 20 of the kernel side. */
const EVERY_MS = 250;
const BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/**
 * By how much a timer comes late: what a document, an answer or a signal may have to wait for. A histogram since the start,
 * so that any number of readers may look without taking anything from each other, as they would from perf_hooks'.
 */
export class EventLoopDelay {
  readonly seconds = new Histogram(BOUNDS);
  readonly #now: () => number;
  #expected: number;
  #timer: NodeJS.Timeout | undefined = undefined;

  /** @param now milliseconds of a clock that is never set: performance.now */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#expected = now() + EVERY_MS;
  }

  start(): void {
    this.#expected = this.#now() + EVERY_MS;
    this.#timer ??= setInterval(() => this.tick(), EVERY_MS).unref();
  }

  /** What the timer does. */
  tick(): void {
    const now = this.#now();
    this.seconds.add(Math.max(0, now - this.#expected) / 1000);
    this.#expected = now + EVERY_MS;
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
