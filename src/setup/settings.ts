import { ExitCode, MayflyError } from "../errors.ts";

/** How documents lie on disk (docs/elasticsearch.md, Index design). */
export const indexModes = ["logsdb", "logsdb-synthetic", "standard"] as const;
export type IndexMode = (typeof indexModes)[number];

/** As an administrator gives it. */
export interface SetupChoices {
  /** Documents a second that all hosts together are expected to send; undefined for few hosts. */
  readonly expect: number | undefined;
  /** `30d`, `12h`, or `none` to keep everything; undefined for DEFAULT_RETENTION. */
  readonly retention: string | undefined;
  /** Name of an index lifecycle policy that decides in place of the retention. */
  readonly ilm: string | undefined;
  readonly indexMode: string | undefined;
  /** Let Elastic's prebuilt rules see the stream. */
  readonly rules: boolean;
  /** documents.profile of the hosts. */
  readonly profile: string;
}

/** Checked. */
export interface SetupSettings {
  readonly shards: number;
  /** undefined: for ever. */
  readonly retention: string | undefined;
  readonly ilm: string | undefined;
  readonly indexMode: IndexMode;
  readonly rules: boolean;
}

const DEFAULT_RETENTION = "30d";
/**
 * A document costs the server 130 us of CPU in requests of 1,600 (measured), so a shard that takes 5,000 a second keeps two thirds
 * of a core busy, and its merges stay ahead.
 */
const DOCUMENTS_A_SHARD = 5_000;
/** index.number_of_shards takes no more. */
const SHARDS_MAX = 1_024;

/** @throws MayflyError USAGE */
export function settingsOf(choices: SetupChoices): SetupSettings {
  const { expect = 1, retention = DEFAULT_RETENTION, ilm, indexMode = "logsdb", rules, profile } = choices;
  const mode = indexModes.find((known) => known === indexMode);
  if (mode === undefined) throw usage(`--index-mode is ${indexModes.join(", ")}, not ${JSON.stringify(indexMode)}.`);
  if (retention !== "none" && !/^[1-9][0-9]*(d|h|m)$/.test(retention))
    throw usage(`--retention ${JSON.stringify(retention)} is no time: write it like 30d or 12h, or none.`);
  if (ilm !== undefined && choices.retention !== undefined)
    throw usage("--ilm and --retention both say when documents are deleted: keep one.");
  if (rules && profile === "lifecycle")
    throw usage(
      "--rules needs the documents of profile elastic or transitions: no rule of Elastic knows the words of lifecycle. " +
        "Set documents.profile on the hosts, then: mayfly setup --rules --profile elastic.",
    );
  return {
    shards: Math.min(SHARDS_MAX, Math.max(1, Math.ceil(expect / DOCUMENTS_A_SHARD))),
    retention: retention === "none" ? undefined : retention,
    ilm,
    indexMode: mode,
    rules,
  };
}

function usage(message: string): MayflyError {
  return new MayflyError("USAGE", ExitCode.usage, message);
}
