/** Document numbers from `first` up to and without `end`. */
export interface Range {
  readonly first: number;
  readonly end: number;
}

/**
 * A set of document numbers as rising, disjoint ranges that do not touch. Few ranges: documents are settled nearly in
 * order, the live ones and those of a backlog each.
 */
export class Ranges {
  #ranges: Range[] = [];

  static of(ranges: Iterable<Range>): Ranges {
    const made = new Ranges();
    for (const { first, end } of ranges) made.add(first, end);
    return made;
  }

  /** Adds [first, end). Returns how many of these numbers are new. */
  add(first: number, end: number): number {
    if (first >= end) return 0;
    const from = this.#touching(first);
    let to = from;
    let merged: Range = { first, end };
    let known = 0;
    for (let range = this.#ranges[to]; range !== undefined && range.first <= end; range = this.#ranges[++to]) {
      known += Math.max(0, Math.min(end, range.end) - Math.max(first, range.first));
      merged = { first: Math.min(merged.first, range.first), end: Math.max(merged.end, range.end) };
    }
    this.#ranges.splice(from, to - from, merged);
    return end - first - known;
  }

  /** How many numbers of [first, end) are in the set. */
  within(first: number, end: number): number {
    let count = 0;
    for (let at = this.#touching(first); at < this.#ranges.length; at++) {
      const range = this.#ranges[at] as Range;
      if (range.first >= end) break;
      count += Math.max(0, Math.min(end, range.end) - Math.max(first, range.first));
    }
    return count;
  }

  has(number: number): boolean {
    return this.within(number, number + 1) === 1;
  }

  /** Takes all numbers below out of the set. */
  forgetBelow(number: number): void {
    const kept = this.#ranges.filter((range) => range.end > number);
    const [oldest] = kept;
    if (oldest !== undefined && oldest.first < number) kept[0] = { first: number, end: oldest.end };
    this.#ranges = kept;
  }

  /** One above the highest number; 0 when empty. */
  get end(): number {
    return this.#ranges.at(-1)?.end ?? 0;
  }

  list(): readonly Range[] {
    return this.#ranges;
  }

  /** Index of the first range that ends at `number` or above: binary search. */
  #touching(number: number): number {
    let low = 0;
    let high = this.#ranges.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#ranges[middle] as Range).end < number) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
