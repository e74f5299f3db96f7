import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { isAbsolute, join as joinPath } from "node:path";
import { ExitCode, MayflyError } from "../src/errors.ts";
import { printable } from "../src/telemetry/printable.ts";
import { explain, explainUnknown } from "./explain.ts";
import { join } from "./path.ts";
import { ConfigInvalid, type Problem } from "./problem.ts";
import { type Config, schema } from "./schema.ts";
import { position, readSource, type Source } from "./source.ts";
import type { Environment } from "./substitute.ts";
import { parseSyntax } from "./syntax.ts";
import { type Fault, type Place, Tree } from "./tree.ts";

/** Read when no --config is given, if it is there. */
export const defaultFile = "/etc/mayfly/mayfly.yml";

/** A setting from the command line, which goes before the file's. */
export interface Override {
  /** Dotted path of the key: `documents.profile`. */
  readonly path: string;
  /** As it would stand in a file: a duration is `"10s"`. */
  readonly value: unknown;
  /** How the user wrote it, for messages: `--profile`. */
  readonly flag: string;
}

/** The file to read: the one that was asked for, else the default one if it exists. */
export function findFile(file: string | undefined, fallback: string = defaultFile): string | undefined {
  return file ?? (existsSync(fallback) ? fallback : undefined);
}

/**
 * The configuration in force: defaults, then the file, then `overrides`. Without a file (findFile says which) the
 * defaults hold. `env` fills `${NAME}` in the file and gives HOME and XDG_STATE_HOME for the default of state.path.
 *
 * Throws CONFIG_UNREADABLE or, with all problems at once, ConfigInvalid (both exit 78), and USAGE (64) when an
 * override is no value for its key.
 */
export function load(file: string | undefined, env: Environment, overrides: readonly Override[] = []): Config {
  const source = file === undefined ? undefined : readSource(file);
  const { root, places, faults } = source === undefined ? nothing() : readTree(source, env);
  if (source !== undefined && faults.length > 0) throw invalid(source, faults);

  for (const override of overrides) {
    const alone = set(nothing().root, override.path, override.value);
    const [finding] = findings(alone);
    if (finding !== undefined) throw new MayflyError("USAGE", ExitCode.usage, `${override.flag}: ${finding.what}`);
    set(root, override.path, override.value);
  }
  const settings = schema.parse(root);
  const { output } = settings;
  const enabled = output.console.enabled ?? !ships({ output });
  if (!enabled && output.file.path === undefined && !ships({ output })) throw noOutput(source, places);
  const statePath = settings.state.path ?? defaultStatePath(env, process.geteuid?.() === 0);
  return finish({
    ...settings,
    output: { ...output, console: { ...output.console, enabled } },
    state: { path: statePath },
    spool: { ...settings.spool, path: settings.spool.path ?? joinPath(statePath, "spool") },
  });
}

/** Whether documents go to Elasticsearch. */
export function ships({
  output: { elasticsearch },
}: {
  readonly output: Pick<Config["output"], "elasticsearch">;
}): boolean {
  return elasticsearch.hosts.length > 0 || elasticsearch.cloud_id !== undefined;
}

/** Where state is kept when state.path is not set. */
export function defaultStatePath(env: Environment, root: boolean): string {
  if (root) return "/var/lib/mayfly";
  // A relative one must be ignored: https://specifications.freedesktop.org/basedir-spec/latest/
  const xdg = env["XDG_STATE_HOME"] ?? "";
  return isAbsolute(xdg) ? joinPath(xdg, "mayfly") : joinPath(env["HOME"] || homedir(), ".local/state/mayfly");
}

type Section = { [key: string]: unknown };

interface Read {
  readonly root: Section;
  readonly places: ReadonlyMap<string, Place>;
  readonly faults: readonly Fault[];
}

function nothing(): Read {
  return { root: {}, places: new Map(), faults: [] };
}

function readTree(source: Source, env: Environment): Read {
  const syntax = parseSyntax(source.text);
  if ("faults" in syntax) return { ...nothing(), faults: syntax.faults };
  const { root, places, faults } = new Tree(syntax.document, source.text, env);
  const found = findings(root).map(({ path, what, unknown }): Fault => {
    const place = placeOf(path, places);
    return unknown
      ? { path, offset: place.key, message: what }
      : { path, offset: place.value, message: `${path}: ${what}` };
  });
  return { root, places, faults: [...faults, ...found] };
}

interface Finding {
  readonly path: string;
  /** Goes behind the name of the key; the whole sentence for an unknown key. */
  readonly what: string;
  readonly unknown: boolean;
}

function findings(root: Section): Finding[] {
  const issues = schema.safeParse(root, { error: explain }).error?.issues ?? [];
  return issues.flatMap((issue): Finding[] => {
    const path = issue.path.join(".");
    if (issue.code !== "unrecognized_keys") return [{ path, what: issue.message, unknown: false }];
    return issue.keys.map((key) => ({ path: join(path, key), what: explainUnknown(path, key), unknown: true }));
  });
}

/** Of the key, or of the nearest section around it that stands in the file. */
function placeOf(path: string, places: ReadonlyMap<string, Place>): Place {
  for (let at = path; at !== ""; at = at.slice(0, Math.max(at.lastIndexOf("."), 0))) {
    const place = places.get(at);
    if (place !== undefined) return place;
  }
  return { key: 0, value: 0 };
}

function invalid(source: Source, faults: readonly Fault[]): ConfigInvalid {
  const problems = faults
    .toSorted((a, b) => a.offset - b.offset)
    .map(({ path, offset, message }): Problem => {
      // The words of the file stand in messages, and messages on terminals.
      return { path, ...position(source.text, offset), message: printable(message) };
    });
  return new ConfigInvalid(source.file, problems);
}

function noOutput(source: Source | undefined, places: ReadonlyMap<string, Place>): MayflyError {
  const path = "output.console.enabled";
  const message = `${path}: nothing would be written: set it to true, name a file in output.file.path or a server in output.elasticsearch.hosts`;
  if (source === undefined || !places.has(path)) return new MayflyError("USAGE", ExitCode.usage, message);
  return invalid(source, [{ path, offset: placeOf(path, places).value, message }]);
}

function set(root: Section, path: string, value: unknown): Section {
  const names = path.split(".");
  const last = names.pop() ?? "";
  let section = root;
  for (const name of names) section = (section[name] ??= {}) as Section;
  section[last] = value;
  return root;
}

/** Freezes a section and those in it, and makes keys without a value absent. */
function finish<T extends object>(section: T): T {
  for (const [key, value] of Object.entries(section)) {
    if (value === undefined) Reflect.deleteProperty(section, key);
    else if (typeof value === "object" && value !== null) finish(value as object);
  }
  return Object.freeze(section);
}
