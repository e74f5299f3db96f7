import type { Exposition } from "../telemetry/exposition.ts";
import { worries } from "../telemetry/figures/all.ts";
import { outputNames } from "../telemetry/health.ts";
import { quantile } from "../telemetry/quantile.ts";
import type { Readiness } from "../telemetry/readiness.ts";

/** What `mayfly status --json` prints: names do not change. What is not in use is absent. Counts are since the start. */
export interface StatusReport {
  readonly ready: boolean;
  readonly state: string;
  readonly reasons: Readiness["reasons"];
  readonly version: string;
  /** ISO 8601. */
  readonly since: string;
  readonly up_seconds: number;
  readonly lives: {
    readonly per_second: number;
    readonly ended: number;
    readonly running: number;
    readonly pending: number;
  };
  readonly outputs: Readonly<Record<string, { readonly lines: number; readonly waiting_bytes: number }>>;
  readonly delivery?: {
    readonly state: string;
    readonly per_second: number;
    readonly delivered: number;
    /** Since the start; absent before the first document. */
    readonly lag_p50_seconds?: number;
    readonly lag_p99_seconds?: number;
    readonly bulk_p99_seconds?: number;
  };
  readonly spool?: {
    readonly documents: number;
    readonly size_bytes: number;
    readonly max_size_bytes: number;
    readonly oldest_age_seconds: number;
  };
  readonly enrichment?: {
    /** Lives that wait for a name, hash or package; left_without: whose time was over, or who made room. */
    readonly waiting: number;
    readonly left_without: number;
    readonly hashed_files: number;
    readonly hashed_bytes: number;
  };
  readonly cpu_cores: number;
  readonly resident_bytes: number;
  /** Every count that should be 0 and is not. */
  readonly worries: readonly Worry[];
}

export interface Worry {
  readonly metric: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly count: number;
  readonly words: string;
}

/** A reading of /metrics. */
export interface Reading {
  readonly exposition: Exposition;
  /** Seconds since the epoch. */
  readonly at: number;
}

/** @param earlier the rates are of the time since it */
export function statusReport(readiness: Readiness, earlier: Reading, now: Reading): StatusReport {
  const { exposition } = now;
  const rate = (name: string, labels = {}): number => {
    const delta = (exposition.value(name, labels) ?? 0) - (earlier.exposition.value(name, labels) ?? 0);
    return Math.max(0, delta) / Math.max(now.at - earlier.at, 0.001);
  };
  const value = (name: string, labels = {}): number => exposition.value(name, labels) ?? 0;
  const start = value("process_start_time_seconds");
  const exits = { kind: "exit" };
  return {
    ...readiness,
    version: exposition.labelsOfOne("mayfly_build_info")?.["version"] ?? "",
    since: new Date(start * 1000).toISOString(),
    up_seconds: Math.max(0, now.at - start),
    lives: {
      per_second: rate("mayfly_events_total", exits),
      ended: value("mayfly_events_total", exits),
      running: value("mayfly_processes"),
      pending: value("mayfly_pending_lives"),
    },
    ...enrichmentOf(exposition),
    outputs: outputsOf(exposition),
    ...deliveryOf(exposition, rate),
    ...spoolOf(exposition),
    cpu_cores: rate("process_cpu_user_seconds_total") + rate("process_cpu_system_seconds_total"),
    resident_bytes: value("process_resident_memory_bytes"),
    worries: worriesOf(exposition),
  };
}

function enrichmentOf(exposition: Exposition): Pick<StatusReport, "enrichment"> {
  const waiting = exposition.value("mayfly_enrichment_waiting_lives");
  if (waiting === undefined) return {};
  const value = (name: string): number => exposition.value(name) ?? 0;
  return {
    enrichment: {
      waiting,
      left_without: value("mayfly_enrichment_late_lives_total") + value("mayfly_enrichment_crowded_out_lives_total"),
      hashed_files: value("mayfly_hash_files_total"),
      hashed_bytes: value("mayfly_hash_read_bytes_total"),
    },
  };
}

function outputsOf(exposition: Exposition): StatusReport["outputs"] {
  const found = outputNames.flatMap((output) => {
    const lines = exposition.value("mayfly_output_lines_total", { output });
    const waiting = exposition.value("mayfly_output_waiting_bytes", { output }) ?? 0;
    return lines === undefined ? [] : [[output, { lines, waiting_bytes: waiting }] as const];
  });
  return Object.fromEntries(found);
}

function deliveryOf(
  exposition: Exposition,
  rate: (name: string, labels: Record<string, string>) => number,
): Pick<StatusReport, "delivery"> {
  const state = exposition.labelsOfOne("mayfly_delivery_state")?.["state"];
  if (state === undefined) return {};
  const name = "mayfly_delivered_documents_total";
  return {
    delivery: {
      state,
      per_second: rate(name, { result: "accepted" }) + rate(name, { result: "already_there" }),
      delivered: exposition.sum(name) ?? 0,
      ...named("lag_p50_seconds", percentile(exposition, "mayfly_delivery_lag_seconds", 0.5)),
      ...named("lag_p99_seconds", percentile(exposition, "mayfly_delivery_lag_seconds", 0.99)),
      ...named("bulk_p99_seconds", percentile(exposition, "mayfly_bulk_duration_seconds", 0.99)),
    },
  };
}

function named<N extends string>(name: N, value: number | undefined): { readonly [name in N]?: number } {
  return (value === undefined ? {} : { [name]: value }) as { readonly [name in N]?: number };
}

function percentile(exposition: Exposition, name: string, share: number): number | undefined {
  const buckets = exposition.histogram(name);
  return buckets && quantile(buckets, share);
}

function spoolOf(exposition: Exposition): Pick<StatusReport, "spool"> {
  const documents = exposition.value("mayfly_spool_documents");
  if (documents === undefined) return {};
  return {
    spool: {
      documents,
      size_bytes: exposition.value("mayfly_spool_size_bytes") ?? 0,
      max_size_bytes: exposition.value("mayfly_spool_max_size_bytes") ?? 0,
      oldest_age_seconds: exposition.value("mayfly_spool_oldest_age_seconds") ?? 0,
    },
  };
}

function worriesOf(exposition: Exposition): Worry[] {
  return worries.flatMap(({ name, labels, concern }) => {
    const count = exposition.value(name, labels) ?? 0;
    return count === 0 ? [] : [{ metric: name, labels, count, words: concern.words }];
  });
}
