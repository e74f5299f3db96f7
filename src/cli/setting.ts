import { randomUUID } from "node:crypto";
import { findFile, load, type Override, ships } from "../../config/load.ts";
import type { Config } from "../../config/schema.ts";
import { agentOn } from "../../ecs/agent.ts";
import { DocumentWriter } from "../../ecs/document.ts";
import { EventIds } from "../../ecs/event_id.ts";
import { MetricNotes } from "../../ecs/metrics_note.ts";
import { type Host, readHost } from "../enrich/host.ts";
import type { EntityIds } from "../process/identity.ts";
import { Instant } from "../process/instant.ts";
import { type Log, stderrLog } from "../telemetry/log.ts";
import { version } from "../version.ts";
import type { Arguments } from "./arguments.ts";

const SHOWN: Override = { path: "output.console.enabled", value: true, flag: "" };

/** agent.ephemeral_id: of this run. */
export const ephemeralId = randomUUID();

/** What every command that makes documents begins with: the configuration with the command line over it, and the log. */
export interface Setting {
  readonly config: Config;
  readonly log: Log;
}

/** @throws MayflyError CONFIG_INVALID, CONFIG_UNREADABLE, USAGE */
export function settingOf(args: Arguments): Setting {
  const overrides: Override[] = [];
  if (args.profile !== undefined) overrides.push({ path: "documents.profile", value: args.profile, flag: "--profile" });
  if (args.format !== undefined)
    overrides.push({ path: "output.console.format", value: args.format, flag: "--format" });
  overrides.push(...shippingOverrides(args));
  let config = load(findFile(args.config), process.env, overrides);
  // Only the plain run ships: others of a file that ships show what they make.
  const isSilent = ships(config) && !config.output.console.enabled && config.output.file.path === undefined;
  if (isSilent && (args.command !== "run" || args.child !== undefined))
    config = load(findFile(args.config), process.env, [...overrides, SHOWN]);
  return { config, log: stderrLog(config.log, process.env) };
}

/**
 * --elasticsearch stands for the whole connection: with it the credentials of the file, which are another server's, do not hold, but
 * those of the environment. Options would show them to every user of the host.
 */
export function shippingOverrides({ elasticsearch, apiKeyFile, namespace, format }: Arguments): Override[] {
  const overrides: Override[] = [];
  const add = (key: string, value: unknown, flag: string): void => {
    if (value !== undefined) overrides.push({ path: `output.elasticsearch.${key}`, value, flag });
  };
  if (elasticsearch.length > 0) {
    add("hosts", [...elasticsearch], "--elasticsearch");
    for (const key of ["cloud_id", "api_key", "api_key_file", "username", "password", "password_file"])
      overrides.push({ path: `output.elasticsearch.${key}`, value: undefined, flag: "--elasticsearch" });
    for (const [key, name] of Object.entries(CREDENTIALS)) add(key, process.env[name] || undefined, name);
    if (format === undefined) overrides.push({ path: "output.console.enabled", value: false, flag: "--elasticsearch" });
    else overrides.push({ path: "output.console.enabled", value: true, flag: "--format" });
  }
  add("api_key_file", apiKeyFile, "--api-key-file");
  add("namespace", namespace, "--namespace");
  return overrides;
}

/** Read with --elasticsearch only. */
const CREDENTIALS = {
  api_key: "MAYFLY_ELASTICSEARCH_API_KEY",
  username: "MAYFLY_ELASTICSEARCH_USERNAME",
  password: "MAYFLY_ELASTICSEARCH_PASSWORD",
} as const;

export function isPretty(config: Config): boolean {
  const { format } = config.output.console;
  return format === "auto" ? process.stdout.isTTY : format === "pretty";
}

/** Host facts; a host without a lasting id is told. */
export function hostOf({ log }: Setting): Host {
  const host = readHost();
  if (host.warning !== undefined) log.warn(host.warning);
  return host;
}

export function documentWriter({ config }: Setting, host: Host, ids: EntityIds): DocumentWriter {
  return new DocumentWriter({
    profile: config.documents.profile,
    analyzer: config.documents.analyzer,
    host,
    hostFields: ships(config) && config.output.elasticsearch.preset === "scale" ? "minimal" : config.host.fields,
    namespace: config.output.elasticsearch.namespace,
    agent: agentOn(host, version, ephemeralId),
    hash: ids.hash,
    now: wallClock,
  });
}

/** Writes what mayfly tells of itself: telemetry.documents. */
export function metricNotes({ config }: Setting, host: Host, ids: EntityIds): MetricNotes {
  return new MetricNotes({
    host,
    agent: agentOn(host, version, ephemeralId),
    namespace: config.output.elasticsearch.namespace,
    ids: new EventIds(ids.hash),
  });
}

let lastMillisecond = Number.NaN;
let lastInstant = new Instant(0, 0);

/** For event.created. A batch makes some hundred documents a millisecond: they share the time and its text. */
export function wallClock(): Instant {
  const now = Date.now();
  if (now !== lastMillisecond) {
    lastMillisecond = now;
    lastInstant = new Instant(Math.floor(now / 1000), (now % 1000) * 1_000_000);
  }
  return lastInstant;
}
