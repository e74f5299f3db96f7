/**
 * What an answer to one document means for it.
 *
 * - `done`: the server has it.
 * - `retry`: it was not taken now and may be later.
 * - `collision`: its id belongs to another document.
 * - `document`: it is refused for what it is, and will be again.
 * - `pipeline`: the ingest pipeline that the request named does not exist.
 * - `stream`: no document would be taken; the fault must be repaired by somebody.
 */
export type Verdict = "done" | "retry" | "collision" | "document" | "pipeline" | "stream";

/** One item of a bulk answer, as far as `bulkFilter` lets it through. */
export interface ItemAnswer {
  readonly _index: string;
  readonly status: number;
  readonly failure_store?: string;
  readonly error?: { readonly type?: string; readonly reason?: string };
}

/**
 * The parts of a bulk answer that are read. `status` and `_index` stand in every item, so none is left out and the positions
 * are those of the request.
 */
export const bulkFilter =
  "took,errors,items.*.status,items.*._index,items.*.failure_store,items.*.error.type,items.*.error.reason";

/** 400s of the index, not of the document. The sentences are those of 8.19 and 9.4 (test/unit/delivery_answer.test.ts). */
const STREAM_TYPES = new Set([
  "index_not_found_exception",
  "index_closed_exception",
  "invalid_index_name_exception",
  "validation_exception",
  "cluster_block_exception",
  "security_exception",
]);
const STREAM_REASONS = [
  "Limit of total fields",
  "Limit of mapping depth",
  "Limit of nested fields",
  "shards open",
  "only write ops with an op_type of create",
  "must not contain the following characters",
  "must be lowercase",
] as const;
const PIPELINE_MISSING = /^pipeline with id \[.*\] does not exist$/;

/** @param first the document was not sent before by anybody, as far as is known */
export function judge(item: ItemAnswer, first: boolean): Verdict {
  const { status } = item;
  const type = item.error?.type ?? "";
  const reason = item.error?.reason ?? "";
  if (status === 201 || status === 200) return "done";
  if (status === 409 && type === "version_conflict_engine_exception") return first ? "collision" : "done";
  // A disk at the flood stage is answered 429 as well, but lasts until somebody makes room.
  if (status === 429) return type === "cluster_block_exception" ? "stream" : "retry";
  if (status >= 500) return "retry";
  // One operation above indexing_pressure's limit for a single one.
  if (status === 413) return "document";
  if (status !== 400) return "stream";
  if (PIPELINE_MISSING.test(reason)) return "pipeline";
  if (STREAM_TYPES.has(type) || STREAM_REASONS.some((sentence) => reason.includes(sentence))) return "stream";
  return "document";
}

/** What a document's reason says without what it quotes of the document: documents hold what people type. */
export function withoutPreview(reason: string): string {
  const quoted = reason.search(/ in document with id| Preview of field's value| \[Source:| in object /);
  const short = quoted < 0 ? reason : reason.slice(0, quoted);
  return short.length > 300 ? `${short.slice(0, 300)}...` : short;
}
