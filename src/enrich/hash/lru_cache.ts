/**
 * What was asked for last is kept, as by the package lru-cache and with its names. Two generations in place of an exact order: a hit is
 * one lookup that moves nothing, where taking an entry out of a Map and putting it in again costs three times as much.
 */
export class LRUCache<K, V extends object> {
  readonly #max: number;
  #young = new Map<K, V>();
  #old = new Map<K, V>();

  /** @param options `max`: at least so many of the entries used last are kept, at most twice as many at all */
  constructor(options: { readonly max: number }) {
    this.#max = options.max;
  }

  get(key: K): V | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old !== undefined) this.set(key, old);
    return old;
  }

  set(key: K, value: V): this {
    if (this.#young.size >= this.#max) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, value);
    return this;
  }
}
