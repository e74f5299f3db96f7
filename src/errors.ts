/** Exit codes of the command line (design.md, Config; the numbers are those of sysexits.h). */
export const ExitCode = {
  ok: 0,
  usage: 64,
  internal: 70,
  cannotWrite: 73,
  permission: 77,
  config: 78,
} as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/**
 * A fault that ends a command. `code` is stable and may be matched by programs; `message` is a sentence that says
 * what is wrong and what to do about it, and is shown as it is, without a stack.
 */
export class MayflyError extends Error {
  override readonly name = "MayflyError";
  /** Upper case with underscores: `NO_PERMISSION`. */
  readonly code: string;
  readonly exitCode: ExitCode;

  constructor(code: string, exitCode: ExitCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.exitCode = exitCode;
  }
}
