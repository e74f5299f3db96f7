import { type Buckets, quantile } from "../../../src/telemetry/quantile.ts";
import type { Metrics } from "../../harness/elasticsearch/metrics.ts";

/** Seconds. */
export interface Latency {
  readonly p50: number;
  readonly p99: number;
  readonly latest: number;
}

/** A document as far as it tells when its life was over and when the server had it in hand. */
export interface Timed {
  readonly "@timestamp"?: string;
  readonly event?: { readonly end?: string; readonly ingested?: string };
}

const BUCKET = /^mayfly_delivery_lag_seconds_bucket\{le="([^"]+)"\}$/;

/** mayfly's own histogram, from a document's @timestamp to the answer that accepted it, between two looks. */
export function lagBetween(before: Metrics, after: Metrics): Buckets {
  const bounds: number[] = [];
  const counts: number[] = [];
  let below = 0;
  for (const [name, value] of after) {
    const bound = BUCKET.exec(name)?.[1];
    if (bound === undefined) continue;
    // Those of Prometheus are cumulative.
    const upTo = value - (before.get(name) ?? 0);
    counts.push(upTo - below);
    below = upTo;
    if (bound !== "+Inf") bounds.push(Number(bound));
  }
  if (counts.length !== bounds.length + 1) throw new Error("/metrics has no mayfly_delivery_lag_seconds");
  return { bounds, counts };
}

/** Quantiles are evenly spread within their bucket; the latest is the upper bound of the last one that is not empty. */
export function latencyOf(lag: Buckets): Latency {
  const last = lag.counts.findLastIndex((count) => count > 0);
  return {
    p50: quantile(lag, 0.5) ?? Number.NaN,
    p99: quantile(lag, 0.99) ?? Number.NaN,
    latest: last < 0 ? Number.NaN : (lag.bounds[last] ?? Number.POSITIVE_INFINITY),
  };
}

/** The server's view, without mayfly's figures: from the end of a life to event.ingested. */
export function latencyByServer(documents: readonly Timed[]): Latency {
  const seconds = documents
    .map(
      ({ event, "@timestamp": time }) =>
        (Date.parse(event?.ingested ?? "") - Date.parse(event?.end ?? time ?? "")) / 1000,
    )
    .filter((lag) => !Number.isNaN(lag))
    .sort((a, b) => a - b);
  const at = (share: number): number => seconds[Math.ceil(share * seconds.length) - 1] ?? Number.NaN;
  return { p50: at(0.5), p99: at(0.99), latest: at(1) };
}
