import { Transition } from "../src/process/lifecycle.ts";

/** The words in which documents tell what happened. The fields are the same in all of them. */
export const profiles = ["lifecycle", "elastic"] as const;
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
interface Row extends Record<Profile, Words> {
  readonly bits: number;
  readonly transitions: string;
}

const { fork, exec, end, found } = Transition;

/** The table of the design, row by row. */
const rows: readonly Row[] = [
  {
    bits: fork,
    transitions: "fork",
    lifecycle: { type: ["start"], action: "process_started" },
    elastic: { type: ["start"], action: "fork" },
  },
  {
    bits: fork | exec,
    transitions: "fork+exec",
    lifecycle: { type: ["start", "change"], action: "process_started" },
    elastic: { type: ["start"], action: ["fork", "exec"] },
  },
  {
    bits: fork | exec | end,
    transitions: "fork+exec+end",
    lifecycle: { type: ["start", "change", "end"], action: "process_ran" },
    elastic: { type: ["start", "end"], action: ["fork", "exec", "end"] },
  },
  {
    bits: fork | end,
    transitions: "fork+end",
    lifecycle: { type: ["start", "end"], action: "process_ran" },
    elastic: { type: ["start", "end"], action: ["fork", "end"] },
  },
  {
    bits: found,
    transitions: "found",
    lifecycle: { type: ["info"], action: "existing_process" },
    elastic: { type: ["info"], action: "already_running" },
  },
  {
    bits: exec,
    transitions: "exec",
    lifecycle: { type: ["change"], action: "process_changed_image" },
    elastic: { type: ["start"], action: "exec" },
  },
  {
    bits: exec | end,
    transitions: "exec+end",
    lifecycle: { type: ["change", "end"], action: "process_stopped" },
    elastic: { type: ["start", "end"], action: ["exec", "end"] },
  },
  {
    bits: end,
    transitions: "end",
    lifecycle: { type: ["end"], action: "process_stopped" },
    elastic: { type: ["end"], action: "end" },
  },
];

/**
 * What each set of transition bits is called in a profile, indexed by the bits. Holes are sets that cannot be: nothing at
 * all, and a found process together with a transition.
 */
export function happenings(profile: Profile): readonly (Happening | undefined)[] {
  const table = new Array<Happening | undefined>(16).fill(undefined);
  for (const row of rows) table[row.bits] = { transitions: row.transitions, ...row[profile] };
  return table;
}
