/** Counts of durations by upper bound, as Prometheus means it but not cumulative. Cheap: one comparison a bound, nothing allocated. */
export class Histogram {
  /** Upper bounds in seconds, rising; values above the last one are counted behind it. */
  readonly bounds: readonly number[];
  /** One more than bounds. */
  readonly counts: number[];
  /** Seconds. */
  sum = 0;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = Array.from({ length: bounds.length + 1 }, () => 0);
  }

  /** @param times how often the value was seen */
  add(seconds: number, times = 1): void {
    let at = 0;
    while (at < this.bounds.length && seconds > (this.bounds[at] as number)) at++;
    this.counts[at] = (this.counts[at] as number) + times;
    this.sum += seconds * times;
  }
}
