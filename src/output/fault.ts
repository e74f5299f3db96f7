import { ExitCode, MayflyError } from "../errors.ts";

/** What to do about the faults of write(2) that a user can mend. */
const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: "the disk is full; free some space or write to another disk",
  EDQUOT: "the disk quota is used up; raise it or write elsewhere",
  EFBIG: "the file has reached the largest size allowed (ulimit -f, or the file system's limit); rotate it",
  EIO: "the device reports an input/output error; look into the kernel log (dmesg)",
};

/** What was achieved before the fault, for the sentence. */
export interface Achieved {
  readonly bytes: number;
  readonly lines: number;
  /** Lines that were handed over and lost with the fault. */
  readonly lostLines: number;
}

/** The fault that ends an output: code CANNOT_WRITE, exit code 73. */
export function cannotWrite(name: string, cause: NodeJS.ErrnoException, achieved: Achieved): MayflyError {
  const reason = REASONS[cause.code ?? ""] ?? `the system says ${cause.code ?? cause.message}`;
  const { bytes, lines, lostLines } = achieved;
  return new MayflyError(
    "CANNOT_WRITE",
    ExitCode.cannotWrite,
    `Cannot write to ${name}: ${reason}. ` +
      `Written: ${count(lines, "line")} (${count(bytes, "byte")}). Not written: ${count(lostLines, "line")} that waited, and all after them.`,
    { cause },
  );
}

/** The fault of a destination that cannot be opened: code CANNOT_WRITE, exit code 73. */
export function cannotOpen(name: string, reason: string, cause?: unknown): MayflyError {
  return new MayflyError("CANNOT_WRITE", ExitCode.cannotWrite, `Cannot write to ${name}: ${reason}.`, { cause });
}

/** Errors that mean that nobody reads any more. A socket says ECONNRESET where a pipe says EPIPE. */
export function isReaderGone(error: NodeJS.ErrnoException): boolean {
  return error.code === "EPIPE" || error.code === "ECONNRESET";
}

/** Errors after which the same write may succeed later. */
export function isTemporary(error: NodeJS.ErrnoException): boolean {
  return error.code === "EAGAIN" || error.code === "EINTR";
}

function count(n: number, noun: string): string {
  return `${n.toLocaleString("en-US")} ${noun}${n === 1 ? "" : "s"}`;
}
