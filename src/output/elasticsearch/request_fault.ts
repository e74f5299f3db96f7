import { withoutPreview } from "./answer.ts";
import type { Answered, Unanswered } from "./reply.ts";

/**
 * What the failure of a whole request means.
 *
 * - `again`: back off and send the same documents again.
 * - `split`: the body is too large.
 * - `stop`: no request would succeed; somebody must repair it.
 */
export interface RequestFault {
  readonly kind: "again" | "split" | "stop";
  /** The documents may have been written. */
  readonly mayHaveArrived: boolean;
  /** The server has too much to do. */
  readonly overloaded: boolean;
  /** ms. */
  readonly retryAfterMs: number;
  /** A sentence that says what to do. */
  readonly reason: string;
}

export function unansweredFault({ mayHaveArrived, timedOut, reason }: Unanswered): RequestFault {
  return { kind: "again", mayHaveArrived, overloaded: timedOut || mayHaveArrived, retryAfterMs: 0, reason };
}

/** @param stream the data stream, for the sentence */
export function answeredFault(answer: Answered, stream: string): RequestFault {
  const { status, retryAfterMs, host } = answer;
  const { type, reason } = errorOf(answer.text);
  const told = `${host} answers ${status}${type === "" ? "" : ` ${type}`}${reason === "" ? "" : `: ${withoutPreview(reason)}`}`;
  const again = (mayHaveArrived: boolean): RequestFault => ({
    kind: "again",
    mayHaveArrived,
    overloaded: status === 429,
    retryAfterMs,
    reason: `${told}; is the cluster healthy and large enough?`,
  });
  const stop = (reason: string): RequestFault => ({
    kind: "stop",
    mayHaveArrived: false,
    overloaded: false,
    retryAfterMs,
    reason,
  });
  if (status >= 200 && status < 300)
    return answer.isElasticsearch
      ? { ...again(true), reason: `${host} gave an answer to a bulk request that cannot be read` }
      : stop(`${host} does not answer like Elasticsearch (no x-elastic-product); check output.elasticsearch.hosts`);
  // Refused by the limit on indexing pressure or by a gateway, before anything was done.
  if (status === 429) return again(false);
  if (status >= 500) return again(true);
  if (status === 413) {
    const reason = `${told}; a limit of the server (http.max_content_length) or of a proxy before it`;
    return { kind: "split", mayHaveArrived: false, overloaded: false, retryAfterMs, reason };
  }
  if (status >= 300 && status < 400)
    return stop(
      `${told}, a redirect to ${answer.location ?? "nowhere"}; name the final URL in output.elasticsearch.hosts`,
    );
  return stop(`${told}; ${adviceFor(status, type, reason, stream)}`);
}

/** What to do about a fault of a whole stream. */
export function adviceFor(status: number, type: string, reason: string, stream: string): string {
  if (status === 401)
    return "the credentials are unknown, expired or revoked: check output.elasticsearch.api_key (or username and password)";
  if (type === "security_exception" || (status === 403 && type === ""))
    return `the key may not write to ${stream}: it needs the index privileges create_doc and auto_configure on logs-mayfly.*-* ("mayfly setup --print" prints the role)`;
  if (type === "cluster_block_exception")
    return reason.includes("flood-stage")
      ? "the server's disk is full: make room there; it then lifts the block by itself"
      : "the index is blocked for writing: lift the block in its settings";
  if (type === "index_not_found_exception")
    return `there is no data stream ${stream} and no template to make it from: run "mayfly setup"`;
  if (type === "index_closed_exception") return `the index is closed: open it, or roll ${stream} over`;
  if (reason.includes("create are allowed"))
    return `${stream} is no data stream that takes documents: run "mayfly setup"`;
  if (reason.includes("Limit of"))
    return 'the mapping is full: run "mayfly setup", which maps every field, and roll the data stream over';
  if (reason.includes("shards open"))
    return "the cluster has too many shards: delete old indexes, or raise cluster.max_shards_per_node";
  return "documents stay in the spool until it is repaired";
}

function errorOf(text: string): { type: string; reason: string } {
  try {
    const { error } = JSON.parse(text) as { error?: { type?: unknown; reason?: unknown } | string };
    if (typeof error === "string") return { type: "", reason: error };
    return { type: textOf(error?.type), reason: textOf(error?.reason) };
  } catch {
    // A gateway's page; its status says enough.
    return { type: "", reason: "" };
  }
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
