import type { Names } from "./names.ts";

/** The default replacement: no white space, no quote, no escape in JSON, and its length says nothing of the secret's. */
export const REDACTED = "[redacted]";

/** From and to, in UTF-16 units. */
export type Span = readonly [start: number, end: number];

/** What is looked for in a text. Both take time linear in its length, whatever the text is. */
export interface Pattern {
  /** What is to be hidden: of each match the groups that took part, or all of it where none did. Never empty. */
  find(text: string): readonly Span[];
  test(text: string): boolean;
}

/** A program that a rule is for. */
export interface ProgramCondition {
  /** Name of the file, without folders. */
  readonly name: string;
  /** Words that must follow behind it, not necessarily at once: `login` in `docker --debug login`. */
  readonly following: readonly Names[];
}

/**
 * Where a secret stands, and what of it is hidden. `option`, `attached`, `variable` and `last` choose values among the words of
 * a command; where a rule has none of them, it looks at every argument as a whole.
 */
export interface Rule {
  /** For counters. */
  readonly name: string;
  /** One of them must stand before the value; empty: whatever runs. */
  readonly programs: readonly ProgramCondition[];
  /** Options whose value it is: behind `=`, or the next word. */
  readonly option: Names | undefined;
  /** Programs whose words are not looked at, though they follow: `ssh` in `sshpass -p X ssh -p 22`. */
  readonly until: Names | undefined;
  /** Whether `option` may stand without value: then a next word with a leading `-` is none. */
  readonly optional: boolean;
  /** What a value follows without a space: `-p` in `-pVALUE`. */
  readonly attached: readonly string[];
  /** Names whose value it is in `NAME=value`. */
  readonly variable: Names | undefined;
  /** The last word of the command that is no option. */
  readonly last: boolean;
  /** What of the value is hidden; undefined: all of it. */
  readonly pattern: Pattern | undefined;
  /** What stays although it would be hidden. */
  readonly except: Pattern | undefined;
  readonly replace: string;
  /**
   * Of each group one literal must stand in the command line for the rule to have anything to hide (Telltales). Empty: it is
   * tried on every command line.
   */
  readonly telltales: readonly (readonly string[])[];
}

/** Whether a rule chooses among words; others look at whole arguments. */
export function looksAtWords({ option, attached, variable, last }: Rule): boolean {
  return option !== undefined || attached.length > 0 || variable !== undefined || last;
}
