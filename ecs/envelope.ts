import type { Host } from "../src/enrich/host.ts";
import type { Agent } from "./agent.ts";
import { quoted, quotedList } from "./json.ts";

/** The ECS release whose names are used. */
export const ecsVersion = "9.4.0";

/** event.module */
export const eventModule = "mayfly";

/** event.dataset and data_stream.dataset: documents of processes, and mayfly's own notes. */
export type Dataset = "mayfly.process" | "mayfly.agent";

/**
 * Setting `host.fields`: `minimal` leaves what rules and joins need (id, name, boot.id, os.type) and saves about 600 bytes
 * a document where something downstream adds the rest.
 */
export type HostFields = "full" | "minimal";

/** With agent.type. */
export interface TypedAgent extends Agent {
  readonly type: "mayfly" | "endpoint";
}

/**
 * The end of every line of a data set, from `"host"` to the newline: it never changes during a run.
 * @param namespace data_stream.namespace
 */
export function envelope(
  host: Host,
  fields: HostFields,
  agent: TypedAgent,
  dataset: Dataset,
  namespace: string,
): string {
  const members = [
    `"host":${hostText(host, fields)}`,
    `"agent":${object({ id: agent.id, type: agent.type, name: agent.name, version: agent.version, ephemeral_id: agent.ephemeralId })}`,
    `"ecs":${object({ version: ecsVersion })}`,
    `"data_stream":${object({ type: "logs", dataset, namespace })}`,
  ];
  return `${members.join(",")}}\n`;
}

function hostText(host: Host, fields: HostFields): string {
  const { id, name, hostname, architecture, ip, mac, bootId, os } = host;
  const boot = `"boot":${object({ id: bootId })}`;
  if (fields === "minimal") {
    return `{${members({ id, name })},${boot},"os":${object({ type: os.type })}}`;
  }
  const { type, platform, family, full, kernel, version } = os;
  return [
    `{${members({ id, name, hostname, architecture })}`,
    boot,
    ...(ip.length === 0 ? [] : [`"ip":${quotedList(ip)}`]),
    ...(mac.length === 0 ? [] : [`"mac":${quotedList(mac)}`]),
    `"os":{${members({ type, platform, family, name: os.name, version, full, kernel })}${variantText(os.name)}}}`,
  ].join(",");
}

/** Elastic Defend's second name for os.name, which its rules and dashboards read. */
function variantText(name: string | undefined): string {
  return name === undefined || name === "" ? "" : `,"Ext":${object({ variant: name })}`;
}

/** Absent means absent: an empty text is none. */
function members(values: Readonly<Record<string, string | undefined>>): string {
  return Object.entries(values)
    .flatMap(([name, value]) => (value === undefined || value === "" ? [] : [`"${name}":${quoted(value)}`]))
    .join(",");
}

function object(values: Readonly<Record<string, string | undefined>>): string {
  return `{${members(values)}}`;
}
