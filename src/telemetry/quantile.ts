/** Counts of durations between bounds: Histogram has this form. */
export interface Buckets {
  /** Upper bounds, rising. */
  readonly bounds: readonly number[];
  /** How many lie in each, one more than bounds; not cumulative. */
  readonly counts: readonly number[];
}

/**
 * The value that a share of all did not exceed, as histogram_quantile of Prometheus works it out: evenly spread within its
 * bucket, and the last bound when it lies behind that. Undefined when there are none.
 * @param share 0 to 1
 */
export function quantile({ bounds, counts }: Buckets, share: number): number | undefined {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return undefined;
  let left = share * total;
  for (const [at, bound] of bounds.entries()) {
    const count = counts[at] ?? 0;
    const lower = at === 0 ? 0 : (bounds[at - 1] as number);
    if (count > 0 && left <= count) return lower + ((bound - lower) * left) / count;
    left -= count;
  }
  return bounds.at(-1);
}
