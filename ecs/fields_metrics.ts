import { type NoHashReason, noHashReasons } from "../src/enrich/hash/hashes.ts";
import type { FieldKind } from "./fields/field.ts";

/*
 * Every field of a metric document (metrics_note.ts) with its type in Elasticsearch: what the index template of
 * metrics-mayfly.* maps, so that nothing falls to a dynamic mapping. Counts are since the start of the run;
 * agent.ephemeral_id tells runs apart.
 */

/** Every place that drops (ARCHITECTURE.md, What can drop). */
export const dropPlaces = [
  "ring_fork",
  "ring_exec",
  "ring_exit",
  "ring_change",
  "probe_missed",
  "record_malformed",
  "batch_undecodable",
  "scan_failed",
  "table_full",
  "output_console",
  "output_file",
  "spool_full",
  "spool_unwritable",
  "spool_damaged",
  "dead_letter_full",
  "log",
] as const;
export type DropPlace = (typeof dropPlaces)[number];

const figures = {
  "mayfly.agent.state": "keyword",
  "mayfly.agent.started": "date",
  "mayfly.agent.events.fork": "long",
  "mayfly.agent.events.exec": "long",
  "mayfly.agent.events.exit": "long",
  "mayfly.agent.events.found": "long",
  "mayfly.agent.events.unseen_starts": "long",
  "mayfly.agent.events.unseen_ends": "long",
  "mayfly.agent.events.double_exits": "long",
  "mayfly.agent.processes": "long",
  "mayfly.agent.lives.pending": "long",
  "mayfly.agent.lives.hurried": "long",
  "mayfly.agent.heartbeat_errors": "long",
  "mayfly.agent.redactions": "long",
  "mayfly.agent.cpu.user_seconds": "double",
  "mayfly.agent.cpu.system_seconds": "double",
  "mayfly.agent.memory.resident_bytes": "long",
  "mayfly.agent.enrichment.waiting": "long",
  "mayfly.agent.enrichment.late": "long",
  "mayfly.agent.enrichment.crowded_out": "long",
  "mayfly.agent.enrichment.hash.files": "long",
  "mayfly.agent.enrichment.hash.cache_hits": "long",
  "mayfly.agent.enrichment.hash.bytes": "long",
  "mayfly.agent.enrichment.package.found": "long",
  "mayfly.agent.enrichment.package.unknown": "long",
  "mayfly.agent.enrichment.package.gone": "long",
  "mayfly.agent.enrichment.package.failed": "long",
  "mayfly.agent.enrichment.helper.restarts": "long",
  "mayfly.agent.enrichment.helper.kills": "long",
  "mayfly.agent.enrichment.helper.lingering": "long",
  "mayfly.agent.enrichment.helper.running": "long",
  "mayfly.agent.enrichment.helper.waiting": "long",
  "mayfly.agent.enrichment.names.unknown": "long",
  "mayfly.agent.enrichment.names.evicted": "long",
  "mayfly.agent.enrichment.names.junk_lines": "long",
  "mayfly.agent.enrichment.names.files.read": "long",
  "mayfly.agent.enrichment.names.files.refused": "long",
  "mayfly.agent.enrichment.names.getent.absent": "long",
  "mayfly.agent.enrichment.names.getent.runs": "long",
  "mayfly.agent.enrichment.names.getent.timeouts": "long",
  "mayfly.agent.enrichment.names.getent.failures": "long",
  "mayfly.agent.enrichment.names.getent.refused": "long",
  "mayfly.agent.enrichment.names.root.requests": "long",
  "mayfly.agent.enrichment.names.root.timeouts": "long",
  "mayfly.agent.enrichment.names.root.failures": "long",
  "mayfly.agent.enrichment.names.root.gone": "long",
  "mayfly.agent.enrichment.names.root.refused": "long",
  "mayfly.agent.enrichment.names.root.files_refused": "long",
  "mayfly.agent.output.console.lines": "long",
  "mayfly.agent.output.console.bytes": "long",
  "mayfly.agent.output.console.waiting_bytes": "long",
  "mayfly.agent.output.file.lines": "long",
  "mayfly.agent.output.file.bytes": "long",
  "mayfly.agent.output.file.waiting_bytes": "long",
  "mayfly.agent.spool.documents": "long",
  "mayfly.agent.spool.open_documents": "long",
  "mayfly.agent.spool.size_bytes": "long",
  "mayfly.agent.spool.max_size_bytes": "long",
  "mayfly.agent.spool.oldest_age_seconds": "double",
  "mayfly.agent.spool.committed": "long",
  "mayfly.agent.spool.done": "long",
  "mayfly.agent.spool.damaged_frames": "long",
  "mayfly.agent.spool.damaged_bytes": "long",
  "mayfly.agent.spool.write_errors": "long",
  "mayfly.agent.spool.fault": "match_only_text",
  "mayfly.agent.delivery.state": "keyword",
  "mayfly.agent.delivery.reason": "match_only_text",
  "mayfly.agent.delivery.last_accepted": "date",
  "mayfly.agent.delivery.accepted": "long",
  "mayfly.agent.delivery.already_there": "long",
  "mayfly.agent.delivery.dead_lettered": "long",
  "mayfly.agent.delivery.collisions": "long",
  "mayfly.agent.delivery.failure_store": "long",
  "mayfly.agent.delivery.possible_duplicates": "long",
  "mayfly.agent.delivery.retried": "long",
  "mayfly.agent.delivery.requests": "long",
  "mayfly.agent.delivery.failed_requests": "long",
  "mayfly.agent.delivery.sent_bytes": "long",
  "mayfly.agent.delivery.in_flight": "long",
} as const satisfies Record<`mayfly.agent.${string}`, FieldKind>;

/** Spans since the document before: how many there were, and what half and 99 of 100 of them did not exceed. */
export const spans = ["mayfly.agent.event_loop", "mayfly.agent.delivery.bulk", "mayfly.agent.delivery.lag"] as const;
export type Span = (typeof spans)[number];
const spanFigures = { count: "long", p50_seconds: "double", p99_seconds: "double" } as const;

const about = {
  "@timestamp": "date",
  "event.id": "keyword",
  "event.kind": "keyword",
  "event.module": "keyword",
  "event.dataset": "keyword",
  "host.id": "keyword",
  "host.name": "keyword",
  "host.boot.id": "keyword",
  "host.os.type": "keyword",
  "agent.id": "keyword",
  "agent.type": "keyword",
  "agent.name": "keyword",
  "agent.version": "keyword",
  "agent.ephemeral_id": "keyword",
  "ecs.version": "keyword",
  "data_stream.type": "constant_keyword",
  "data_stream.dataset": "constant_keyword",
  "data_stream.namespace": "constant_keyword",
} as const satisfies Record<string, FieldKind>;

/** A field that carries a figure. */
export type MetricField =
  | keyof typeof figures
  | `mayfly.agent.dropped.${DropPlace}`
  | `mayfly.agent.enrichment.hash.none.${NoHashReason}`
  | `${Span}.${keyof typeof spanFigures}`;

/** All of them, by dotted name. */
export const metricFields: Readonly<Record<string, FieldKind>> = {
  ...about,
  ...figures,
  ...Object.fromEntries(dropPlaces.map((place) => [`mayfly.agent.dropped.${place}`, "long" as const])),
  ...Object.fromEntries(
    noHashReasons.map((reason) => [`mayfly.agent.enrichment.hash.none.${reason}`, "long" as const]),
  ),
  ...Object.fromEntries(
    spans.flatMap((span) => Object.entries(spanFigures).map(([name, type]) => [`${span}.${name}`, type])),
  ),
};
