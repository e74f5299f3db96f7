import type { ElasticsearchEvents } from "./events.ts";
import type { Connection } from "./reply.ts";

/** Of `mayfly setup`. */
export const templateName = "logs-mayfly";

/** What is said about the place that documents go to. */
export type StreamCheck =
  | { readonly kind: "ready"; readonly version: string | undefined }
  /** It will be made by the first document, from a template that the key may not see. */
  | { readonly kind: "not there yet" }
  /** The key may write, and no more. */
  | { readonly kind: "not allowed" }
  | { readonly kind: "foreign"; readonly template: string }
  | { readonly kind: "unknown"; readonly reason: string };

/**
 * Looks at the server with what the small key of `run` may do (GET _data_stream/NAME; GET / tells the version only to who may
 * monitor). Installs nothing.
 */
export async function checkStream(connection: Connection, stream: string): Promise<StreamCheck> {
  const path = `/_data_stream/${encodeURIComponent(stream)}?filter_path=data_streams.template`;
  const reply = await connection.request({ method: "GET", path });
  if (reply.kind === "unanswered") return { kind: "unknown", reason: reply.reason };
  if (reply.status === 404) return { kind: "not there yet" };
  if (reply.status === 403) return { kind: "not allowed" };
  const template = reply.status === 200 ? templateOf(reply.text) : undefined;
  if (template === undefined)
    return { kind: "unknown", reason: `${reply.host} answers ${reply.status} to GET ${path}` };
  return template === templateName
    ? { kind: "ready", version: await versionOf(connection) }
    : { kind: "foreign", template };
}

/** Says what is wrong or missing, and nothing more. @param started whether documents have arrived already */
export function tellCheck(check: StreamCheck, stream: string, started: boolean, events: ElasticsearchEvents): void {
  if (check.kind === "foreign")
    events.onWarn(
      "foreign_template",
      `the data stream ${stream} was made from the index template "${check.template}", not from ${templateName}: fields are mapped by guess; run "mayfly setup", then roll it over (POST ${stream}/_rollover)`,
    );
  else if (check.kind === "unknown" && !started)
    events.onWarn("elasticsearch_unchecked", `${check.reason}; documents are kept in the spool until they can be sent`);
  else if (check.kind === "not there yet" && !started)
    events.onInfo(
      "elasticsearch_new_stream",
      `Elasticsearch answers; the first documents make the data stream ${stream} ("mayfly setup" is to have been run before)`,
    );
  else if (check.kind === "ready" && !started)
    events.onInfo(
      "elasticsearch_ready",
      `Elasticsearch ${check.version ?? ""} takes documents for ${stream}`.replace("  ", " "),
    );
}

async function versionOf(connection: Connection): Promise<string | undefined> {
  const reply = await connection.request({ method: "GET", path: "/?filter_path=version.number" });
  if (reply.kind === "unanswered" || reply.status !== 200) return undefined;
  try {
    return (JSON.parse(reply.text) as { version?: { number?: string } }).version?.number;
  } catch {
    return undefined;
  }
}

function templateOf(text: string): string | undefined {
  try {
    return (JSON.parse(text) as { data_streams?: { template?: string }[] }).data_streams?.[0]?.template;
  } catch {
    return undefined;
  }
}
