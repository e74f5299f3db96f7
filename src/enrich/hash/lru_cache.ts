/** The part of the package lru-cache that is used here: a Map that forgets what was not asked for longest. */
export class LRUCache<K, V extends object> {
  readonly #max: number;
  readonly #map = new Map<K, V>();

  /** @param options `max`: entries that are kept */
  constructor(options: { readonly max: number }) {
    this.#max = options.max;
  }

  get size(): number {
    return this.#map.size;
  }

  get(key: K): V | undefined {
    const value = this.#map.get(key);
    if (value === undefined) return undefined;
    this.#map.delete(key);
    this.#map.set(key, value);
    return value;
  }

  set(key: K, value: V): this {
    this.#map.delete(key);
    this.#map.set(key, value);
    if (this.#map.size > this.#max) {
      for (const oldest of this.#map.keys()) {
        this.#map.delete(oldest);
        break;
      }
    }
    return this;
  }

  delete(key: K): boolean {
    return this.#map.delete(key);
  }
}
