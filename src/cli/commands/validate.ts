import { defaultFile, findFile, load } from "../../../config/load.ts";
import { ConfigInvalid, problemPlace } from "../../../config/problem.ts";
import type { Environment } from "../../../config/substitute.ts";
import { ExitCode, MayflyError } from "../../errors.ts";
import { printable } from "../../telemetry/printable.ts";

/** Where text goes: process.stdout, process.stderr. */
export interface TextStream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
}

export interface ValidateArgs {
  /** As given by the user; undefined for the default file. */
  readonly file: string | undefined;
  readonly stdout: TextStream;
  readonly stderr: TextStream;
  /** Fills `${NAME}` in the file. process.env when not given. */
  readonly env?: Environment;
  /** Looked for without `file`; /etc/mayfly/mayfly.yml when not given. */
  readonly fallback?: string;
}

/**
 * Checks a configuration file and tells all its problems, on standard error as `file:line:column: message`.
 * 0 when mayfly would run with it (also when there is none: the defaults hold), otherwise 78.
 */
export async function validate(args: ValidateArgs): Promise<ExitCode> {
  const { stdout, stderr, env = process.env, fallback = defaultFile } = args;
  const file = findFile(args.file, fallback);
  try {
    load(file, env);
  } catch (error) {
    if (!(error instanceof MayflyError)) throw error;
    const colour = stderr.isTTY === true && (env["NO_COLOR"] ?? "") === "";
    stderr.write(error instanceof ConfigInvalid ? problemReport(error, colour) : `${error.message}\n`);
    return error.exitCode;
  }
  stdout.write(
    file === undefined
      ? `no configuration file (looked for ${printable(fallback)}): the defaults hold\n`
      : `${printable(file)}: valid\n`,
  );
  return ExitCode.ok;
}

function problemReport({ file, problems }: ConfigInvalid, colour: boolean): string {
  const paint = (code: number, text: string): string => (colour ? `\u001b[${code}m${text}\u001b[0m` : text);
  const lines = problems.map((problem) => `${paint(1, `${problemPlace(file, problem)}:`)} ${problem.message}`);
  const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
  return `${lines.join("\n")}\n${paint(31, `${printable(file)}: ${count}`)}\n`;
}
