import type { HelperKind } from "./protocol.ts";

/** What became of a job. `hung`: the helper had to be killed over it, or over another one in the same place. */
export type Outcome =
  | { readonly kind: "answer"; readonly answer: unknown }
  | { readonly kind: "hung" }
  | { readonly kind: "failed"; readonly reason: string };

export type Place = string | number;

/** One thing to do for the helper. */
export interface Job {
  readonly kind: HelperKind;
  /** Must be JSON. */
  readonly body: unknown;
  /** Takes long even when all is well: never more than half of the slots work on such, and it waits for those that do not. */
  readonly heavy: boolean;
  /** Where the thing is, such as a device: after a job hung there, the others of the same place are not tried for a while. */
  readonly place: Place;
  /** The way to it, such as a folder: the same for a job that hung before it reached its thing, wherever that was. */
  readonly way: Place;
  /** Called when it is given to the helper, perhaps again after a restart. */
  onSent(): void;
  /** Called once, never from within `submit`. */
  onSettled(outcome: Outcome): void;
}

/** The jobs that wait, light ones before heavy ones. */
export class Backlog {
  #light: Job[] = [];
  #heavy: Job[] = [];

  get length(): number {
    return this.#light.length + this.#heavy.length;
  }

  add(job: Job): void {
    (job.heavy ? this.#heavy : this.#light).push(job);
  }

  /** Before all others: it has waited already. */
  putBack(job: Job): void {
    (job.heavy ? this.#heavy : this.#light).unshift(job);
  }

  /**
   * The next job. The first heavy one goes before light ones, which could otherwise hold it off for ever; the last slots are for
   * light ones alone.
   * @param heavyRunning how many heavy ones are in work
   * @param heavyMost how many may be
   */
  take(heavyRunning: number, heavyMost: number): Job | undefined {
    if (heavyRunning === 0 && this.#heavy.length > 0) return this.#heavy.shift();
    if (this.#light.length > 0) return this.#light.shift();
    return heavyRunning < heavyMost ? this.#heavy.shift() : undefined;
  }

  /** Takes out all jobs for which `wanted` says yes. */
  takeWhere(wanted: (job: Job) => boolean): Job[] {
    const all = [...this.#light, ...this.#heavy];
    this.#light = this.#light.filter((job) => !wanted(job));
    this.#heavy = this.#heavy.filter((job) => !wanted(job));
    return all.filter(wanted);
  }

  takeAll(): Job[] {
    return this.takeWhere(() => true);
  }
}
