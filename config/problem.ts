import { ExitCode, MayflyError } from "../src/errors.ts";
import { printable } from "../src/telemetry/printable.ts";

/** One thing wrong in a configuration file. */
export interface Problem {
  /** Dotted path of the key; "" when it is the file as a whole. */
  readonly path: string;
  /** From 1, inside the file. */
  readonly line: number;
  /** From 1, in characters. */
  readonly column: number;
  /** A sentence that names the key and says what to write. */
  readonly message: string;
}

/** Everything that is wrong with a file, sorted by position. Code `CONFIG_INVALID`, exit code 78. */
export class ConfigInvalid extends MayflyError {
  readonly file: string;
  readonly problems: readonly Problem[];

  constructor(file: string, problems: readonly Problem[]) {
    super("CONFIG_INVALID", ExitCode.config, problems.map((problem) => problemLine(file, problem)).join("\n"));
    this.file = file;
    this.problems = problems;
  }
}

/** `file:line:column`, which terminals and editors make a link of. */
export function problemPlace(file: string, problem: Problem): string {
  return `${printable(file)}:${problem.line}:${problem.column}`;
}

/** `file:line:column: message` */
export function problemLine(file: string, problem: Problem): string {
  return `${problemPlace(file, problem)}: ${problem.message}`;
}

const maxQuoted = 60;

/** A value from the file as it stands in a message: cut, and harmless to a terminal. */
export function quote(value: unknown): string {
  if (value === null || value === undefined) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a section";
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  const text = typeof value === "string" ? value : typeof value;
  return printable(JSON.stringify(text.length > maxQuoted ? `${text.slice(0, maxQuoted)}…` : text));
}
