import type { Pending } from "./aggregation.ts";

/**
 * HOT PATH: lives in the order they came, doubly linked: the next to leave is always the first, and one that ends is unlinked
 * in O(1).
 */
export class WaitingLives {
  #first: Pending | undefined = undefined;
  #last: Pending | undefined = undefined;
  #count = 0;

  get first(): Pending | undefined {
    return this.#first;
  }

  get count(): number {
    return this.#count;
  }

  add(life: Pending): void {
    life.previous = this.#last;
    if (this.#last === undefined) this.#first = life;
    else this.#last.next = life;
    this.#last = life;
    this.#count++;
  }

  remove(life: Pending): void {
    if (life.previous === undefined) this.#first = life.next;
    else life.previous.next = life.next;
    if (life.next === undefined) this.#last = life.previous;
    else life.next.previous = life.previous;
    life.previous = undefined;
    life.next = undefined;
    this.#count--;
  }
}
