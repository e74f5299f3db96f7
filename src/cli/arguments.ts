import { parseArgs } from "node:util";
import { parseDuration } from "../../config/quantity.ts";
import { suggest } from "../../config/suggest.ts";
import { ExitCode, MayflyError } from "../errors.ts";

export const commands = [
  "run",
  "setup",
  "status",
  "dead-letter",
  "doctor",
  "record",
  "replay",
  "validate",
  "version",
  "help",
] as const;
export type CommandName = (typeof commands)[number];

/** What stands on the command line, checked. */
export interface Arguments {
  readonly command: CommandName;
  /** Behind the command's name: the file of record and replay, the topic of help. */
  readonly operands: readonly string[];
  /** Behind `--`: the command to run and its arguments; undefined without `--`. */
  readonly child: readonly string[] | undefined;
  readonly format: "pretty" | "ndjson" | undefined;
  readonly profile: string | undefined;
  /** Milliseconds. */
  readonly for: number | undefined;
  readonly config: string | undefined;
  readonly snapshot: boolean;
  /** Addresses of the cluster; empty when not given. */
  readonly elasticsearch: readonly string[];
  readonly apiKeyFile: string | undefined;
  readonly namespace: string | undefined;
  readonly setup: SetupArguments;
  /** Of status: where the running mayfly listens. */
  readonly http: string | undefined;
  readonly json: boolean;
  readonly help: boolean;
}

/** The options of setup alone. */
export interface SetupArguments {
  /** Events a second that the whole fleet is expected to make. */
  readonly expect: number | undefined;
  readonly retention: string | undefined;
  readonly ilm: string | undefined;
  readonly indexMode: string | undefined;
  readonly rules: boolean;
  readonly rollover: boolean;
  readonly dryRun: boolean;
  readonly print: boolean;
}

const OPTIONS = {
  format: { type: "string" },
  profile: { type: "string" },
  for: { type: "string" },
  config: { type: "string", short: "c" },
  "no-snapshot": { type: "boolean" },
  elasticsearch: { type: "string", multiple: true },
  "api-key-file": { type: "string" },
  namespace: { type: "string" },
  expect: { type: "string" },
  retention: { type: "string" },
  ilm: { type: "string" },
  "index-mode": { type: "string" },
  rules: { type: "boolean" },
  rollover: { type: "boolean" },
  "dry-run": { type: "boolean" },
  print: { type: "boolean" },
  http: { type: "string" },
  json: { type: "boolean" },
  help: { type: "boolean", short: "h" },
  version: { type: "boolean" },
} as const;
type Option = keyof typeof OPTIONS;

/** A timer of Node holds 31 bits of milliseconds. */
const FOR_MAX_MS = 24 * 24 * 3600 * 1000;

/** The options that each command has an effect for; the others are refused. */
const OPTIONS_OF: Readonly<Record<CommandName, readonly Option[]>> = {
  run: ["format", "profile", "for", "config", "no-snapshot", "elasticsearch", "api-key-file", "namespace"],
  setup: [
    "config",
    "elasticsearch",
    "api-key-file",
    "namespace",
    "profile",
    "expect",
    "retention",
    "ilm",
    "index-mode",
    "rules",
    "rollover",
    "dry-run",
    "print",
  ],
  status: ["config", "http", "json"],
  "dead-letter": ["config", "elasticsearch", "api-key-file", "namespace"],
  doctor: ["config", "elasticsearch", "api-key-file", "namespace"],
  record: ["for", "config"],
  replay: ["format", "profile", "config"],
  validate: ["config"],
  version: ["version"],
  help: [],
};
const OPERANDS_OF: Readonly<Record<CommandName, readonly [number, number, string]>> = {
  run: [0, 0, "to run a command and watch it: mayfly run -- COMMAND ..."],
  setup: [0, 0, "mayfly setup --elasticsearch URL"],
  status: [0, 0, "status takes none"],
  "dead-letter": [0, 1, "mayfly dead-letter [list|send]"],
  doctor: [0, 0, "doctor takes none"],
  record: [1, 1, "mayfly record FILE"],
  replay: [1, 1, "mayfly replay FILE"],
  validate: [0, 1, "mayfly validate [FILE]"],
  version: [0, 0, "version takes none"],
  help: [0, 1, "mayfly help [COMMAND]"],
};

/** @throws MayflyError USAGE */
export function parse(argv: readonly string[]): Arguments {
  const dashes = argv.indexOf("--");
  const own = dashes < 0 ? argv : argv.slice(0, dashes);
  const child = dashes < 0 ? undefined : argv.slice(dashes + 1);
  const { values, positionals } = parseOptions(own);
  const [name = values.version === true ? "version" : "run", ...operands] = positionals;
  const command = commands.find((known) => known === name);
  if (command === undefined) throw unknownCommand(name);
  const help = values.help === true;
  if (!help) check(command, operands, child, Object.keys(values));
  return {
    command,
    operands,
    child,
    format: formatOf(values.format),
    profile: values.profile,
    for: values.for === undefined ? undefined : durationOf(values.for),
    config: values.config,
    snapshot: values["no-snapshot"] !== true,
    elasticsearch: values.elasticsearch ?? [],
    apiKeyFile: values["api-key-file"],
    namespace: values.namespace,
    setup: {
      expect: values.expect === undefined ? undefined : countOf("--expect", values.expect),
      retention: values.retention,
      ilm: values.ilm,
      indexMode: values["index-mode"],
      rules: values.rules === true,
      rollover: values.rollover === true,
      dryRun: values["dry-run"] === true,
      print: values.print === true,
    },
    http: values.http,
    json: values.json === true,
    help,
  };
}

function parseOptions(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true, strict: true });
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    const option = /'(--?[^' ]+)/.exec(text)?.[1];
    const isUnknown = error instanceof Error && "code" in error && error.code === "ERR_PARSE_ARGS_UNKNOWN_OPTION";
    if (option === undefined || !isUnknown) throw usage(`${text.split(". ")[0]}.`);
    const near = suggest(option.replace(/^--?/, ""), Object.keys(OPTIONS));
    throw usage(`There is no option ${option}${near === undefined ? "" : `: did you mean --${near}?`}`);
  }
}

function check(
  command: CommandName,
  operands: readonly string[],
  child: readonly string[] | undefined,
  given: readonly string[],
): void {
  for (const option of given)
    if (!OPTIONS_OF[command].some((known) => known === option))
      throw usage(`The command ${command} has no option --${option}.`);
  const [least, most, form] = OPERANDS_OF[command];
  if (operands.length < least) throw usage(`The command ${command} needs a file: ${form}`);
  if (operands.length > most) throw usage(`What is ${JSON.stringify(operands[most])}? ${form}`);
  if (command === "dead-letter" && operands[0] !== undefined && !["list", "send"].includes(operands[0]))
    throw usage(`dead-letter does list or send, not ${JSON.stringify(operands[0])}.`);
  if (child === undefined) return;
  if (command !== "run") throw usage(`Only run takes a command behind --, not ${command}.`);
  if (child.length === 0) throw usage("There is no command behind --: mayfly run -- COMMAND ...");
  if (given.includes("for")) throw usage("--for does not go with a command: mayfly ends when the command does.");
}

function formatOf(text: string | undefined): "pretty" | "ndjson" | undefined {
  if (text === undefined || text === "pretty" || text === "ndjson") return text;
  throw usage(`--format is pretty or ndjson, not ${JSON.stringify(text)}.`);
}

function durationOf(text: string): number {
  const reading = parseDuration(text);
  if ("fault" in reading) throw usage(`--for ${text}: ${reading.fault}`);
  if (reading.value > FOR_MAX_MS)
    throw usage(`--for ${text} is too long: 24 days are the most; without --for it goes on for ever.`);
  return reading.value;
}

function countOf(option: string, text: string): number {
  const count = Number(text);
  if (/^[0-9]+$/.test(text) && count > 0 && Number.isSafeInteger(count)) return count;
  throw usage(`${option} is a whole number above 0, not ${JSON.stringify(text)}.`);
}

function unknownCommand(name: string): MayflyError {
  const near = suggest(name, commands);
  if (near !== undefined) return usage(`There is no command ${JSON.stringify(name)}: did you mean ${near}?`);
  return usage(`There is no command ${JSON.stringify(name)}. To run it and watch it: mayfly run -- ${name} ...`);
}

function usage(message: string): MayflyError {
  return new MayflyError("USAGE", ExitCode.usage, `${message}\nTry \`mayfly help\`.`);
}
