import { randomUUID } from "node:crypto";
import { findFile, load, type Override } from "../../config/load.ts";
import type { Config } from "../../config/schema.ts";
import { agentOn } from "../../ecs/agent.ts";
import { DocumentWriter } from "../../ecs/document.ts";
import { type Host, readHost } from "../enrich/host.ts";
import type { EntityIds } from "../process/identity.ts";
import { Instant } from "../process/instant.ts";
import { type Log, stderrLog } from "../telemetry/log.ts";
import { version } from "../version.ts";
import type { Arguments } from "./arguments.ts";

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
  const config = load(findFile(args.config), process.env, overrides);
  return { config, log: stderrLog(config.log, process.env) };
}

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
    host,
    hostFields: config.host.fields,
    agent: agentOn(host, version, randomUUID()),
    hash: ids.hash,
    now: wallClock,
  });
}

let lastMillisecond = Number.NaN;
let lastInstant = new Instant(0, 0);

/** For event.created. A batch makes some hundred documents a millisecond: they share the time and its text. */
function wallClock(): Instant {
  const now = Date.now();
  if (now !== lastMillisecond) {
    lastMillisecond = now;
    lastInstant = new Instant(Math.floor(now / 1000), (now % 1000) * 1_000_000);
  }
  return lastInstant;
}
