import { type MetricField, type Span, spans } from "../../ecs/fields_metrics.ts";
import type { MetricNotes, MetricValues } from "../../ecs/metrics_note.ts";
import type { Histogram } from "../output/histogram.ts";
import { Instant } from "../process/instant.ts";
import { figures } from "./figures/all.ts";
import type { HealthSnapshot } from "./health.ts";
import { quantile } from "./quantile.ts";

type Counted = { readonly [span in Span]?: readonly number[] | undefined };

/** The figures as documents for metrics-mayfly.*, one a call: `telemetry.documents` says how often. */
export class MetricDocuments {
  readonly #notes: MetricNotes;
  #before: Counted = {};

  constructor(notes: MetricNotes) {
    this.#notes = notes;
  }

  /** One line with its newline. Counts are since the start, percentiles since the document before. */
  line(health: HealthSnapshot): string {
    const values = metricValues(health, this.#before);
    this.#before = countedIn(health);
    const seconds = Math.floor(health.at / 1000);
    return this.#notes.write(new Instant(seconds, Math.round((health.at - seconds * 1000) * 1e6)), values);
  }
}

/** The counts of the spans' buckets: what the percentiles of the next document begin at. */
export function countedIn(health: HealthSnapshot): Counted {
  return Object.fromEntries(spans.map((span) => [span, histogramOf(span, health)?.counts.slice()]));
}

/** @param before of the document before; {} for the first */
export function metricValues(health: HealthSnapshot, before: Counted = {}): MetricValues {
  const { delivery, spool, redactions } = health;
  return {
    "mayfly.agent.state": health.state,
    "mayfly.agent.started": new Date(health.startedAt).toISOString(),
    ...numbers(health),
    "mayfly.agent.redactions": Object.values(redactions).reduce((sum, count) => sum + count, 0),
    "mayfly.agent.spool.fault": spool?.fault,
    "mayfly.agent.delivery.state": delivery?.state,
    "mayfly.agent.delivery.reason": delivery?.reason,
    "mayfly.agent.delivery.last_accepted":
      delivery?.lastAccepted === undefined ? undefined : new Date(delivery.lastAccepted).toISOString(),
    ...Object.fromEntries(spans.flatMap((span) => spanValues(span, histogramOf(span, health), before[span]))),
  };
}

function numbers(health: HealthSnapshot): MetricValues {
  const values: Partial<Record<MetricField, number | undefined>> = {};
  for (const figure of figures) {
    if (!("samples" in figure)) continue;
    for (const { field, read } of figure.samples) if (field !== undefined) values[field] = read(health);
  }
  return values;
}

function histogramOf(span: Span, { eventLoopSeconds, delivery }: HealthSnapshot): Histogram | undefined {
  switch (span) {
    case "mayfly.agent.event_loop":
      return eventLoopSeconds;
    case "mayfly.agent.delivery.bulk":
      return delivery?.bulkSeconds;
    case "mayfly.agent.delivery.lag":
      return delivery?.lagSeconds;
  }
}

function spanValues(
  span: Span,
  histogram: Histogram | undefined,
  before: readonly number[] = [],
): [MetricField, number | undefined][] {
  if (histogram === undefined) return [];
  const counts = histogram.counts.map((count, at) => count - (before[at] ?? 0));
  const buckets = { bounds: histogram.bounds, counts };
  return [
    [`${span}.count`, counts.reduce((sum, count) => sum + count, 0)],
    [`${span}.p50_seconds`, quantile(buckets, 0.5)],
    [`${span}.p99_seconds`, quantile(buckets, 0.99)],
  ];
}
