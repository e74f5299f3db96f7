import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { dirname } from "node:path";
import { ExitCode, MayflyError } from "../../errors.ts";
import { firstOf } from "./segments.ts";

/** Arguments may hold secrets, so documents are readable by their owner only. */
export const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;
const PARENT_MODE = 0o750;

/**
 * Makes the spool's folder and those above it, if they are missing.
 * @throws MayflyError CANNOT_WRITE
 */
export function makeSpoolFolder(path: string): void {
  try {
    makeFolder(dirname(path), PARENT_MODE);
    makeFolder(path, FOLDER_MODE);
    readdirSync(path);
  } catch (cause) {
    throw unusable(path, cause);
  }
}

/** Numbers of the segments' first documents, rising. */
export function listSegments(path: string): number[] {
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => firstOf(entry.name))
    .filter((first) => first !== undefined)
    .sort((a, b) => a - b);
}

export function unusable(path: string, cause: unknown): MayflyError {
  return new MayflyError(
    "CANNOT_WRITE",
    ExitCode.cannotWrite,
    `The spool folder ${path} cannot be used: ${reasonOf(cause)}. Mend that, or set spool.path to another folder.`,
    { cause },
  );
}

/** What a user can do something about, in words. */
export function reasonOf(error: unknown): string {
  const code = codeOf(error);
  switch (code) {
    case "ENOSPC":
      return "the disk is full; free some space there";
    case "EDQUOT":
      return "the disk quota is used up";
    case "EROFS":
      return "the file system is read-only";
    case "EIO":
      return "the device reports an input/output error; look into the kernel log (dmesg)";
    case "EACCES":
    case "EPERM":
      return "no permission";
    case "ENOTDIR":
      return "a part of the path is no folder";
    default:
      return error instanceof Error ? error.message : String(error);
  }
}

export function codeOf(error: unknown): string {
  return (error instanceof Error && (error as NodeJS.ErrnoException).code) || "UNKNOWN";
}

/** Not mkdirSync's `recursive`: Node 20 never comes back from it where a folder cannot hold any (/proc/x). */
function makeFolder(path: string, mode: number): void {
  if (existsSync(path)) return;
  makeFolder(dirname(path), PARENT_MODE);
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw error;
  }
}
