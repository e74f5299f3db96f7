import { existsSync, statSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { dirname } from "node:path";
import type { Config } from "../../config/schema.ts";
import { readHost } from "../enrich/host.ts";
import { MayflyError } from "../errors.ts";
import { checkStream, type StreamCheck, templateName } from "../output/elasticsearch/check.ts";
import { connect } from "../output/elasticsearch/connection.ts";
import { type DeadLetterSummary, summariseDeadLetters } from "../output/elasticsearch/dead_letter_send.ts";
import { listSegments } from "../output/spool/folder.ts";
import { segmentPath } from "../output/spool/segments.ts";
import { printable } from "../telemetry/printable.ts";
import type { Finding } from "./finding.ts";
import { bytesText, countText } from "./pretty/quantity.ts";
import { deadLetterPath, elasticsearchSettings } from "./shipping.ts";

/** Long enough for a cluster far away, short enough for somebody who waits, ms. */
const ANSWER_MS = 10_000;
/** A document that was refused because its id was there already. */
const CONFLICT = 409;

/**
 * What doctor says of the way into Elasticsearch. Only settings that `run` refuses are bad: while the server is away, `run`
 * spools.
 */
export async function lookAtShipping(config: Config): Promise<Finding[]> {
  return [await server(config), await spool(config), ...(await refused(config))];
}

async function server(config: Config): Promise<Finding> {
  const name = "elasticsearch";
  const stream = `logs-mayfly.process-${config.output.elasticsearch.namespace}`;
  try {
    const settings = elasticsearchSettings(config, readHost().id);
    const connection = await connect({ ...settings, timeoutMs: Math.min(settings.timeoutMs, ANSWER_MS) });
    try {
      return { name, ...said(await checkStream(connection, stream), stream) };
    } finally {
      connection.close();
    }
  } catch (error) {
    if (!(error instanceof MayflyError)) throw error;
    return { name, state: "bad", text: error.message };
  }
}

function said(check: StreamCheck, stream: string): Omit<Finding, "name"> {
  switch (check.kind) {
    case "ready":
      return { state: "good", text: `${stream}${check.version === undefined ? "" : `, version ${check.version}`}` };
    case "not there yet":
      return {
        state: "good",
        text: `answers; ${stream} is made by the first document`,
        remedy: "Its fields are mapped by the template that `mayfly setup` installs: run that first.",
      };
    case "not allowed":
      return { state: "good", text: `answers; the key may not look at ${stream}` };
    case "foreign":
      return {
        state: "warn",
        text: `${stream} was made from the index template "${printable(check.template)}", not from ${templateName}`,
        remedy: `Run \`mayfly setup\`, then roll it over: POST ${stream}/_rollover`,
      };
    case "unknown":
      return { state: "warn", text: printable(check.reason), remedy: "Until it answers, documents wait in the spool." };
  }
}

/** Only looks: the lock may be held by the mayfly that runs. */
async function spool({ spool: { path, max_size: maxSize } }: Config): Promise<Finding> {
  const name = "spool";
  try {
    const used = existsSync(path) ? bytesIn(path) : 0;
    const disk = await statfs(nearest(path));
    const free = disk.bavail * disk.bsize;
    const text = `${path}, ${bytesText(used)} of ${bytesText(maxSize)}`;
    if (used + free >= maxSize) return { name, state: "good", text };
    const remedy = `The disk has only ${bytesText(free)} left: make room, or set spool.max_size lower, so that mayfly drops by its own rule.`;
    return { name, state: "warn", text, remedy };
  } catch (error) {
    return { name, state: "warn", text: error instanceof Error ? error.message : String(error) };
  }
}

function bytesIn(path: string): number {
  return listSegments(path).reduce((sum, first) => sum + statSync(segmentPath(path, first)).size, 0);
}

/** The folder itself, or the one that it would be made in. */
function nearest(path: string): string {
  return existsSync(path) ? path : nearest(dirname(path));
}

async function refused(config: Config): Promise<Finding[]> {
  const path = deadLetterPath(config);
  const summary = await summariseDeadLetters(path).catch((error: unknown) => String(error));
  if (typeof summary === "string") return [{ name: "dead letters", state: "warn", text: summary }];
  if (summary.documents === 0) return [{ name: "dead letters", state: "good", text: "none" }];
  const text = `Elasticsearch refused ${countText(summary.documents, "document")}`;
  const remedy = "`mayfly dead-letter` shows why, `mayfly dead-letter send` sends them again.";
  return [{ name: "dead letters", state: "warn", text, remedy }, ...collisions(summary)];
}

/** Two hosts that make the same ids: what `identity.salt` is for. */
function collisions({ groups }: DeadLetterSummary): Finding[] {
  const count = groups.filter(({ status }) => status === CONFLICT).reduce((sum, { documents }) => sum + documents, 0);
  if (count === 0) return [];
  return [
    {
      name: "identity",
      state: "warn",
      text: `another host has this machine-id and boot-id: ids of ${countText(count, "document")} were taken`,
      remedy: "They are clones, or resumed from one memory image: set identity.salt to another text on each.",
    },
  ];
}
