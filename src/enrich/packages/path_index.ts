import type { PathHash } from "./path_hash.ts";

/** Low half, high half, value + 1; a slot whose third word is 0 is free. */
const WORDS = 3;
const FIRST_SLOTS = 1024;
/** What a path that was added with several values has. */
export const AMBIGUOUS = 0xfffffffe;

/**
 * Paths and a number for each, in 12 bytes a slot and at most 3/4 of them used: a path is kept as 64 bits of a keyed
 * hash, not as text. A path that was never added is found with a chance of entries / 2^64: less than 1 in 10^14 for
 * a Debian's 105,000 files, rarer than a bit that flips in memory, so what is found is not verified again.
 */
export class PathIndex {
  readonly #hash: PathHash;
  readonly #limit: number;
  #slots = new Uint32Array(FIRST_SLOTS * WORDS);
  #mask = FIRST_SLOTS - 1;
  #size = 0;

  /** @param limit entries at most */
  constructor(hash: PathHash, limit: number) {
    this.#hash = hash;
    this.#limit = limit;
  }

  get size(): number {
    return this.#size;
  }

  /** Bytes of memory. */
  get bytes(): number {
    return this.#slots.byteLength;
  }

  /**
   * @param value 0 to AMBIGUOUS - 1
   * @returns false when the index is full
   */
  add(path: Uint8Array, from: number, to: number, value: number): boolean {
    this.#hash.hash(path, from, to);
    const low = this.#hash.low >>> 0;
    const high = this.#hash.high >>> 0;
    const at = this.#slotOf(low, high);
    const held = this.#slots[at + 2] as number;
    if (held !== 0) {
      if (held !== value + 1) this.#slots[at + 2] = AMBIGUOUS + 1;
      return true;
    }
    if (this.#size >= this.#limit) return false;
    this.#put(at, low, high, value + 1);
    this.#size++;
    if (this.#size * 4 > (this.#mask + 1) * 3) this.#grow();
    return true;
  }

  /** The number of a path, AMBIGUOUS, or undefined when it was never added. */
  find(path: Uint8Array, from: number, to: number): number | undefined {
    this.#hash.hash(path, from, to);
    const held = this.#slots[this.#slotOf(this.#hash.low >>> 0, this.#hash.high >>> 0) + 2] as number;
    return held === 0 ? undefined : held - 1;
  }

  /** Where this hash stands, or the free slot where it would. */
  #slotOf(low: number, high: number): number {
    for (let slot = low & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const at = slot * WORDS;
      if (this.#slots[at + 2] === 0 || (this.#slots[at] === low && this.#slots[at + 1] === high)) return at;
    }
  }

  #put(at: number, low: number, high: number, held: number): void {
    this.#slots[at] = low;
    this.#slots[at + 1] = high;
    this.#slots[at + 2] = held;
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Uint32Array(old.length * 2);
    this.#mask = this.#mask * 2 + 1;
    for (let at = 0; at < old.length; at += WORDS) {
      const held = old[at + 2] as number;
      if (held === 0) continue;
      const low = old[at] as number;
      const high = old[at + 1] as number;
      this.#put(this.#slotOf(low, high), low, high, held);
    }
  }
}
