import { z } from "zod";
import { logLevels } from "../src/telemetry/log.ts";
import { quote } from "./problem.ts";
import {
  type Bytes,
  durationPattern,
  formatDuration,
  formatSize,
  type Milliseconds,
  parseDuration,
  parseSize,
  type Reading,
  sizePattern,
} from "./quantity.ts";

/*
 * The configuration. A key stands here once it has an effect, and not before: a setting that is accepted and ignored
 * is worse than one that is refused. Every section is `.prefault({})`, so that a file may leave it out.
 *
 * A new key needs its line here, in mayfly.yml and in docs/configuration.md (tested), and `node scripts/config-schema.mjs`.
 */

const documents = z.strictObject({
  profile: z
    .enum(["lifecycle", "elastic"])
    .default("lifecycle")
    .describe("The words of the documents, lifecycle or elastic (as Elastic Defend says them). Default lifecycle."),
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
});

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
        .default(true)
        .describe("Whether documents go to standard output. true or false. Default true."),
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
    })
    .prefault({})
    .describe("Documents in a file."),
});

const state = z.strictObject({
  path: path()
    .optional()
    .describe(
      "The folder for what must outlive a restart. Default /var/lib/mayfly for root, " +
        "otherwise $XDG_STATE_HOME/mayfly or ~/.local/state/mayfly.",
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
    identity: identity.prefault({}).describe("How processes and hosts are named."),
    host: host.prefault({}).describe("What is said of the host."),
    output: output.prefault({}).describe("Where documents go."),
    state: state.prefault({}).describe("What must outlive a restart."),
    log: log.prefault({}).describe("mayfly's own messages, on standard error."),
  })
  .describe("Configuration of mayfly");

type DeepReadonly<T> = T extends number | string ? T : { readonly [K in keyof T]: DeepReadonly<T[K]> };
type Settings = z.output<typeof schema>;

/** The configuration in force: frozen, complete, with names as in the file and numbers in the units of their types. */
export type Config = DeepReadonly<Omit<Settings, "state"> & { state: { path: string } }>;

/** A duration between two bounds, inclusive, in milliseconds. */
function duration(least: string, most: string) {
  return quantity<Milliseconds>("duration", parseDuration, formatDuration, durationPattern, least, most);
}

/** A size between two bounds, inclusive, in bytes. */
function size(least: string, most: string) {
  return quantity<Bytes>("size", parseSize, formatSize, sizePattern, least, most);
}

function quantity<T extends number>(
  noun: string,
  parse: (text: string) => Reading<T>,
  format: (value: T) => string,
  pattern: string,
  least: string,
  most: string,
) {
  const min = bound(parse(least));
  const max = bound(parse(most));
  const inRange = (value: T): Reading<T> => {
    if (value < min) return { fault: `"${format(value)}" is below the minimum, "${format(min)}"` };
    if (value > max) return { fault: `"${format(value)}" is above the maximum, "${format(max)}"` };
    return { value };
  };
  return z
    .string({
      error: ({ input }) => {
        // A number without its unit gets the same sentence as a text without one.
        const read = typeof input === "number" ? parse(String(input)) : undefined;
        return read !== undefined && "fault" in read
          ? read.fault
          : `must be a ${noun} from "${least}" to "${most}", not ${quote(input)}`;
      },
    })
    .meta({ pattern })
    .transform((text, context): T => {
      const parsed = parse(text);
      const read = "fault" in parsed ? parsed : inRange(parsed.value);
      if (!("fault" in read)) return read.value;
      context.addIssue({ code: "custom", message: read.fault });
      return z.NEVER;
    });
}

function bound<T>(reading: Reading<T>): T {
  if ("fault" in reading) throw new TypeError(reading.fault);
  return reading.value;
}

function text() {
  return z.string().min(1, "must not be empty: leave the key out for none");
}

function path() {
  return text()
    .refine((value) => !value.includes("\0"), "holds a NUL byte, which no path can")
    .refine((value) => !value.startsWith("~"), '"~" is not expanded here: write "${HOME}/…"');
}
