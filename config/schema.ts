import { z } from "zod";
import { profiles } from "../ecs/actions.ts";
import { parseRules } from "../src/filter/parse_rules.ts";
import { parseAddress } from "../src/telemetry/address.ts";
import { logLevels } from "../src/telemetry/log.ts";
import { duration, path, size, text } from "./kinds.ts";
import { quote } from "./problem.ts";
import { elasticsearch, spool } from "./shipping.ts";

/*
 * The configuration. A key stands here once it has an effect, and not before: a setting that is accepted and ignored
 * is worse than one that is refused. Every section is `.prefault({})`, so that a file may leave it out.
 *
 * A new key needs its line here, in mayfly.yml and in docs/configuration.md (tested), and `node scripts/config-schema.mjs`.
 */

/** What Elastic's rules ask for: the loader's variables, those of the shell's history; and where an ssh session came from. */
const defaultEnvironment = [
  "LD_*",
  "HISTFILE",
  "HISTSIZE",
  "HISTFILESIZE",
  "HISTCONTROL",
  "SSH_CONNECTION",
  "SSH_CLIENT",
] as const;

const documents = z.strictObject({
  profile: z
    .enum(profiles)
    .default("lifecycle")
    .describe(
      "The words of the documents: lifecycle, elastic (as Elastic Defend says them) or transitions (a document for each fork, exec, " +
        "end, change of ids or session). Default lifecycle.",
    ),
  analyzer: z
    .boolean()
    .default(false)
    .describe(
      'Whether agent.type is "endpoint", as the process tree of Kibana\'s analyzer demands. true or false. Default false.',
    ),
});

const aggregation = z.strictObject({
  hold: duration("100ms", "10s")
    .prefault("1s")
    .describe(
      "How long a document waits for what else happens to its process; an exit ends the wait. " +
        "A duration from 100ms to 10s. Default 1s.",
    ),
  max_pending: z
    .int()
    .min(1_024)
    .max(1_048_576)
    .default(65_536)
    .describe("How many lifecycles may wait at once. A whole number from 1024 to 1048576. Default 65536."),
});

const processes = z.strictObject({
  kernel_threads: z
    .boolean()
    .default(false)
    .describe("Whether kernel threads are told of. true or false. Default false."),
  args: z
    .strictObject({
      max_bytes: size("256B", "512KiB")
        .prefault("128KiB")
        .describe("How much of a process's arguments is kept. A size from 256B to 512KiB. Default 128KiB."),
    })
    .prefault({})
    .describe("Arguments of processes."),
  env_vars: z
    .array(
      z
        .string()
        .regex(
          /^[^=*\0]+\*?$/,
          "must be the name of a variable, such as LD_PRELOAD, or a beginning with *, such as LD_*",
        ),
    )
    .max(64)
    .default([...defaultEnvironment])
    .describe(
      "Environment variables that are told with an image: names, or beginnings with *. []: the environment is not read. " +
        `Default ${defaultEnvironment.join(", ")}.`,
    ),
  changes: z
    .enum(["auto", "on", "off"])
    .default("auto")
    .describe(
      "Whether changes of ids and sessions are told when they happen: auto (with the profile transitions), on or off. Where the kernel " +
        "takes no fentry program this makes every system call of every process slower, by 8 to 10 %. Default auto.",
    ),
});

const enrichment = z.strictObject({
  deadline: duration("10ms", "10s")
    .prefault("500ms")
    .describe(
      "How long a document waits for names, hash and package that are not known yet. A duration from 10ms to 10s. Default 500ms.",
    ),
});

const hash = z.strictObject({
  enabled: z
    .boolean()
    .default(true)
    .describe("Whether executables and scripts are hashed. true or false. Default true."),
  types: z
    .array(z.enum(["md5", "sha1", "sha256", "sha512"]))
    .min(1)
    .default(["sha256"])
    .describe("Which hashes: md5, sha1, sha256, sha512. Default sha256."),
  max_file_size: size("1KiB", "16GiB")
    .prefault("100MiB")
    .describe("Larger files are not hashed. A size from 1KiB to 16GiB. Default 100MiB."),
  cache_size: z
    .int()
    .min(64)
    .max(1_048_576)
    .default(4096)
    .describe("How many files' hashes are remembered. A whole number from 64 to 1048576. Default 4096."),
});

const redact = z
  .array(
    z.union([z.string(), z.record(z.string(), z.unknown())], {
      error: ({ input }) => `must be a rule: a word such as "defaults" or a section, not ${quote(input)}`,
    }),
  )
  .superRefine((items, context) => {
    const parsed = parseRules(items);
    if (!("faults" in parsed)) return;
    for (const { index, message } of parsed.faults) context.addIssue({ code: "custom", message, path: [index] });
  })
  .default(["defaults"]);

const identity = z.strictObject({
  salt: text()
    .optional()
    .describe(
      "Tells machines apart that share one machine-id and boot-id (cloned, or resumed from one memory image): " +
        "any text, another on each. It is part of every entity id. Default none.",
    ),
});

const host = z.strictObject({
  fields: z
    .enum(["full", "minimal"])
    .default("full")
    .describe("Which host.* fields stand in each document, full or minimal (host.name and host.id). Default full."),
});

const output = z.strictObject({
  console: z
    .strictObject({
      enabled: z
        .boolean()
        .optional()
        .describe("Whether documents go to standard output. true or false. Default true, false when shipping."),
      format: z
        .enum(["auto", "pretty", "ndjson"])
        .default("auto")
        .describe("auto, pretty or ndjson; auto is pretty on a terminal and ndjson elsewhere. Default auto."),
    })
    .prefault({})
    .describe("Documents on standard output."),
  file: z
    .strictObject({
      path: path()
        .optional()
        .describe(
          "The file that documents are appended to, one JSON document a line. Default none: no file is written.",
        ),
      rotate: z
        .strictObject({
          max_size: size("1MiB", "1024GiB")
            .optional()
            .describe(
              "How large the file may grow before it is put aside as FILE.1. A size from 1MiB to 1024GiB. " +
                "Default none: it grows, and SIGHUP opens it anew for a program that rotates it.",
            ),
          keep: z
            .int()
            .min(1)
            .max(1000)
            .default(5)
            .describe("How many files put aside are kept. A whole number from 1 to 1000. Default 5."),
        })
        .prefault({})
        .describe("A file for each so many documents."),
    })
    .prefault({})
    .describe("Documents in a file."),
  elasticsearch: elasticsearch.prefault({}).describe("Documents in Elasticsearch."),
});

const state = z.strictObject({
  path: path()
    .optional()
    .describe(
      "The folder for what must outlive a restart. Default /var/lib/mayfly for root, " +
        "otherwise $XDG_STATE_HOME/mayfly or ~/.local/state/mayfly.",
    ),
});

const telemetry = z.strictObject({
  http: text()
    .superRefine((value, context) => {
      const reading = parseAddress(value);
      if ("fault" in reading) context.addIssue({ code: "custom", message: reading.fault });
    })
    .optional()
    .describe(
      "Where /metrics, /healthz and /readyz are told: host:port, :port (this host only) or unix:/path. Default none.",
    ),
  documents: duration("1s", "1h")
    .optional()
    .describe(
      "How often the same figures are written as a document, into metrics-mayfly.agent-NAMESPACE when shipping, among the " +
        "others elsewhere. A duration from 1s to 1h. Default none.",
    ),
});

const log = z.strictObject({
  level: z
    .enum(logLevels)
    .default("info")
    .describe("The least level that is logged: trace, debug, info, warn or error. Default info."),
  format: z
    .enum(["auto", "text", "json"])
    .default("auto")
    .describe("auto, text or json; auto is text on a terminal and json elsewhere. Default auto."),
});

/** Reads the tree of a file. Its output has every default but that of state.path, which hangs on who runs mayfly. */
export const schema = z
  .strictObject({
    documents: documents.prefault({}).describe("What documents look like."),
    aggregation: aggregation.prefault({}).describe("How what happens to a process becomes one document."),
    processes: processes.prefault({}).describe("Which processes are told of, and how much of each."),
    enrichment: enrichment.prefault({}).describe("Names, hashes and packages, looked up while a document waits."),
    hash: hash.prefault({}).describe("Hashes of what runs."),
    redact: redact.describe(
      "What is hidden in arguments before anything leaves the host: a list of rules (docs/redaction.md). Default defaults.",
    ),
    identity: identity.prefault({}).describe("How processes and hosts are named."),
    host: host.prefault({}).describe("What is said of the host."),
    output: output.prefault({}).describe("Where documents go."),
    spool: spool.prefault({}).describe("What waits for Elasticsearch, on disk."),
    state: state.prefault({}).describe("What must outlive a restart."),
    telemetry: telemetry.prefault({}).describe("What mayfly tells of itself."),
    log: log.prefault({}).describe("mayfly's own messages, on standard error."),
  })
  .describe("Configuration of mayfly");

type DeepReadonly<T> = T extends number | string | boolean
  ? T
  : T extends unknown[]
    ? readonly T[number][]
    : { readonly [K in keyof T]: DeepReadonly<T[K]> };
type Settings = z.output<typeof schema>;

/** The configuration in force: frozen, complete, with names as in the file and numbers in the units of their types. */
export type Config = DeepReadonly<
  Omit<Settings, "state" | "spool" | "output"> & {
    state: { path: string };
    spool: Omit<Settings["spool"], "path"> & { path: string };
    output: Omit<Settings["output"], "console"> & {
      console: Omit<Settings["output"]["console"], "enabled"> & { enabled: boolean };
    };
  }
>;
