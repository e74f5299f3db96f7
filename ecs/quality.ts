import { Quality } from "../src/process/facts.ts";
import { quotedList } from "./json.ts";

/** The word of each bit, in the order in which they are written. */
const words: Readonly<Record<keyof typeof Quality, string>> = {
  argsTruncated: "args_truncated",
  argsUnreadable: "args_unreadable",
  argsInvalidUtf8: "args_invalid_utf8",
  executableTruncated: "executable_truncated",
  cwdTruncated: "cwd_truncated",
  parentUnknown: "parent_unknown",
  forkUnseen: "fork_unseen",
  fromProcfs: "from_procfs",
  hashPending: "hash_pending",
  hashChanged: "hash_changed",
  exitLost: "exit_lost",
  clockStepped: "clock_stepped",
  redacted: "redacted",
  hashTooLarge: "hash_too_large",
  hashUnreadable: "hash_unreadable",
  envTruncated: "env_truncated",
};

const bits = Object.entries(Quality) as readonly [keyof typeof Quality, number][];

/** The words of mayfly.quality for a set of Quality bits. */
export function qualityWords(quality: number): string[] {
  return bits.filter(([, bit]) => (quality & bit) !== 0).map(([name]) => words[name]);
}

/** Text of each set met so far: of 2^16 possible ones few are met. */
const texts = new Map<number, string>();

/** `,"quality":[...]`; empty when all is well. Hot path. */
export function qualityText(quality: number): string {
  if (quality === 0) return "";
  const kept = texts.get(quality);
  if (kept !== undefined) return kept;
  const known = qualityWords(quality);
  const text = known.length === 0 ? "" : `,"quality":${quotedList(known)}`;
  texts.set(quality, text);
  return text;
}
