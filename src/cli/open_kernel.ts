import { ships } from "../../config/load.ts";
import type { Config } from "../../config/schema.ts";
import type { AgentSettings } from "../agent.ts";
import type { Host } from "../enrich/host.ts";
import { parseRules } from "../filter/parse_rules.ts";
import { Redactor } from "../filter/redactor.ts";
import { EntityIds } from "../process/identity.ts";
import { fixBootOffset } from "../source/boot_clock.ts";
import { type BootOffset, offsetOf } from "../source/clock.ts";
import { KernelSource } from "../source/kernel.ts";
import type { Log } from "../telemetry/log.ts";
import { hostOf, type Setting } from "./setting.ts";

/** Preset `scale`: many hosts that start together do not send all their processes at once. */
const SPREAD_FOUND_MS = 60_000;

/** The probes loaded, not yet attached, and what identities are made of. */
export interface OpenKernel {
  readonly source: KernelSource;
  readonly offset: BootOffset;
  readonly ids: EntityIds;
  readonly host: Host;
}

/** @throws MayflyError NO_PERMISSION, NO_BTF, FOREIGN_NAMESPACE, ... */
export function openKernel(setting: Setting): OpenKernel {
  const { config, log } = setting;
  const source = new KernelSource({
    kernelThreads: config.processes.kernel_threads,
    argsMaxBytes: config.processes.args.max_bytes,
    environment: config.processes.env_vars,
    changes: asksForChanges(config),
    scan: true,
  });
  const clock = source.open();
  const host = hostOf(setting);
  const { offset, warning } = fixBootOffset(config.state.path, host.bootId, offsetOf(clock));
  if (warning !== undefined) log.warn(warning);
  const ids = new EntityIds(host.machineId ?? "", host.bootId, config.identity.salt);
  return { source, offset, ids, host };
}

/** processes.changes */
export function asksForChanges({ processes, documents }: Config): boolean {
  return processes.changes === "on" || (processes.changes === "auto" && documents.profile === "transitions");
}

/** Says it where changes were asked for and cost, or cannot be told. The probes are attached. */
export function tellOfChanges(config: Config, { changes: { way, reason } }: KernelSource, log: Log): void {
  if (!asksForChanges(config) || way === "fentry") return;
  if (way === "none")
    log.warn("changes of ids and sessions are told at the next exec or at the end: no hook attaches", { reason });
  else
    log.info("changes of ids and sessions are told from the exits of system calls: each is 8 to 10 % slower", {
      reason,
    });
}

/** @param tellFound whether the processes that run already have documents */
export function settingsOf(
  { config }: Setting,
  tellFound: boolean,
): AgentSettings & { readonly redactor: Redactor | undefined; readonly merge: boolean } {
  const isSpread = ships(config) && config.output.elasticsearch.preset === "scale";
  return {
    hold: config.aggregation.hold,
    maxPending: config.aggregation.max_pending,
    merge: config.documents.profile !== "transitions",
    tellFound,
    spreadFoundMs: isSpread ? SPREAD_FOUND_MS : 0,
    redactor: redactorOf(config),
  };
}

/** Secrets in arguments are hidden before anything else sees them; undefined where setting redact is empty. */
function redactorOf({ redact }: Config): Redactor | undefined {
  const parsed = parseRules(redact);
  // The schema has told the faults.
  return "faults" in parsed || parsed.rules.length === 0 ? undefined : new Redactor(parsed.rules);
}
