import { closeSync, constants, ftruncateSync, openSync, readFileSync, writeSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { ExitCode, MayflyError } from "../../errors.ts";
import { FILE_MODE, unusable } from "./folder.ts";

/** The content is for whoever is refused; what locks is the kernel, and it unlocks when the process ends. */
interface Holder {
  readonly pid: number;
  readonly host: string;
  /** ISO time. */
  readonly since: string;
}

/**
 * One mayfly a spool. Returns the descriptor that holds the lock; closing it gives the lock back.
 * @throws MayflyError SPOOL_LOCKED, CANNOT_WRITE
 */
export function takeLock(folder: string, lock: (fd: number) => boolean, now: number): number {
  const path = join(folder, "lock");
  let fd: number | undefined;
  let mine: boolean;
  try {
    fd = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, FILE_MODE);
    mine = lock(fd);
  } catch (cause) {
    if (fd !== undefined) closeSync(fd);
    throw unusable(folder, cause);
  }
  if (!mine) {
    closeSync(fd);
    throw locked(folder, path);
  }
  sign(fd, { pid: process.pid, host: hostname(), since: new Date(now).toISOString() });
  return fd;
}

export function giveLockBack(fd: number): void {
  closeSync(fd);
}

/** On a full disk the lock holds all the same; only the name of its holder is then missing. */
function sign(fd: number, holder: Holder): void {
  try {
    ftruncateSync(fd);
    writeSync(fd, `${JSON.stringify(holder)}\n`, 0);
  } catch {
    return;
  }
}

function locked(folder: string, path: string): MayflyError {
  const holder = readHolder(path);
  const who =
    holder === undefined ? "another mayfly" : `process ${holder.pid} on ${holder.host}, since ${holder.since}`;
  return new MayflyError(
    "SPOOL_LOCKED",
    ExitCode.cannotWrite,
    `The spool ${folder} is in use by ${who}. Stop that one, or set spool.path to another folder.`,
  );
}

function readHolder(path: string): Holder | undefined {
  try {
    const holder = JSON.parse(readFileSync(path, "utf8")) as Partial<Record<keyof Holder, unknown>> | null;
    const { pid, host, since } = holder ?? {};
    return typeof pid === "number" && typeof host === "string" && typeof since === "string"
      ? { pid, host, since }
      : undefined;
  } catch {
    return undefined;
  }
}
