import { Transition } from "../src/process/lifecycle.ts";

/** The words in which documents tell what happened. The fields are the same in all of them. */
export const profiles = ["lifecycle", "elastic", "transitions"] as const;
/** Setting `documents.profile`. */
export type Profile = (typeof profiles)[number];

/** What a document says happened. */
export interface Happening {
  /** mayfly.transitions: one keyword, the same in every profile. */
  readonly transitions: string;
  /** event.type */
  readonly type: readonly string[];
  /** event.action: one is a plain string, several are an array. */
  readonly action: string | readonly string[];
}

type Words = Pick<Happening, "type" | "action">;
interface Row {
  readonly bits: number;
  /** mayfly.transitions */
  readonly told: string;
  readonly words: Partial<Record<Profile, Words>>;
}

const { fork, exec, end, found, uidChange, gidChange, sessionChange } = Transition;

/** The table of the design, row by row. Profile `transitions` merges nothing, the others tell of no change by itself. */
const rows: readonly Row[] = [
  {
    bits: fork,
    told: "fork",
    words: {
      lifecycle: { type: ["start"], action: "process_started" },
      elastic: { type: ["start"], action: "fork" },
      transitions: { type: ["start"], action: "fork" },
    },
  },
  {
    bits: fork | exec,
    told: "fork+exec",
    words: {
      lifecycle: { type: ["start", "change"], action: "process_started" },
      elastic: { type: ["start"], action: ["fork", "exec"] },
    },
  },
  {
    bits: fork | exec | end,
    told: "fork+exec+end",
    words: {
      lifecycle: { type: ["start", "change", "end"], action: "process_ran" },
      elastic: { type: ["start", "end"], action: ["fork", "exec", "end"] },
    },
  },
  {
    bits: fork | end,
    told: "fork+end",
    words: {
      lifecycle: { type: ["start", "end"], action: "process_ran" },
      elastic: { type: ["start", "end"], action: ["fork", "end"] },
    },
  },
  {
    bits: found,
    told: "found",
    words: {
      lifecycle: { type: ["info"], action: "existing_process" },
      elastic: { type: ["info"], action: "already_running" },
      transitions: { type: ["info"], action: "already_running" },
    },
  },
  {
    bits: exec,
    told: "exec",
    words: {
      lifecycle: { type: ["change"], action: "process_changed_image" },
      elastic: { type: ["start"], action: "exec" },
      transitions: { type: ["start"], action: "exec" },
    },
  },
  {
    bits: exec | end,
    told: "exec+end",
    words: {
      lifecycle: { type: ["change", "end"], action: "process_stopped" },
      elastic: { type: ["start", "end"], action: ["exec", "end"] },
    },
  },
  {
    bits: end,
    told: "end",
    words: {
      lifecycle: { type: ["end"], action: "process_stopped" },
      elastic: { type: ["end"], action: "end" },
      transitions: { type: ["end"], action: "end" },
    },
  },
  { bits: uidChange, told: "uid_change", words: { transitions: { type: ["change"], action: "uid_change" } } },
  { bits: gidChange, told: "gid_change", words: { transitions: { type: ["change"], action: "gid_change" } } },
  {
    bits: sessionChange,
    told: "session_id_change",
    words: { transitions: { type: ["change"], action: "session_id_change" } },
  },
];

/** More than any set of transition bits. */
const sets = 1 << 7;

/**
 * What each set of transition bits is called in a profile, indexed by the bits. Holes are sets that cannot be: nothing at
 * all, a found process together with a transition, and what the profile never tells.
 */
export function happenings(profile: Profile): readonly (Happening | undefined)[] {
  const table = new Array<Happening | undefined>(sets).fill(undefined);
  for (const { bits, told, words } of rows) {
    const own = words[profile];
    if (own !== undefined) table[bits] = { transitions: told, ...own };
  }
  return table;
}
