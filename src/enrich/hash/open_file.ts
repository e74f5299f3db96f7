import type { BigIntStats } from "node:fs";
import { constants } from "node:fs";
import { type FileHandle, open, statfs } from "node:fs/promises";
import type { FileIdentity } from "../../record/record.ts";
import { hasIdentity, isAnonymous, kernelDevice } from "./file_identity.ts";
import type { NoHashReason } from "./hashes.ts";

/*
 * How the helper opens what anyone may have put there. First with O_PATH, which finds the file and does nothing to it: no driver
 * hears of it, no writer of a fifo wakes up. What is found is judged; only a regular file that is the right one is then opened to
 * read, through the descriptor that was judged, so that nothing can come in between.
 */

/** Not among Node's constants; the same number on every architecture that we run on. */
const O_PATH = 0o10000000;
const { O_RDONLY, O_NONBLOCK, O_NOCTTY, O_NOFOLLOW, O_DIRECTORY, O_NOATIME } = constants;
const CLOEXEC = 0o2000000;
const READ = O_RDONLY | O_NONBLOCK | O_NOCTTY | CLOEXEC;

/** statfs(2), f_type. */
const OVERLAYFS = 0x794c7630;
const BTRFS = 0x9123683e;
const PROC = 0x9fa0;

/** Finds a file without touching it. A symbolic link is found itself, not what it leads to. */
export function find(path: string): Promise<FileHandle> {
  return open(path, O_PATH | O_NOFOLLOW | CLOEXEC);
}

/** Finds what a link of /proc leads to: /proc/PID/exe. */
export function findBehind(path: string): Promise<FileHandle> {
  return open(path, O_PATH | CLOEXEC);
}

/** As `findBehind`, of a directory: /proc/PID/root. */
export function findDirectory(path: string): Promise<FileHandle> {
  return open(path, O_PATH | O_DIRECTORY | CLOEXEC);
}

/** A path to what is open. */
export function throughDescriptor(found: FileHandle): string {
  return `/proc/self/fd/${found.fd}`;
}

/** Opens to read what was found. Leaves the time of last access alone where it may: looking must not wipe traces. */
export async function openToRead(found: FileHandle): Promise<FileHandle> {
  try {
    return await open(throughDescriptor(found), READ | O_NOATIME);
  } catch (error) {
    if (codeOf(error) !== "EPERM") throw error;
    return open(throughDescriptor(found), READ);
  }
}

/** Whether what was found is the file that the kernel executed, as it was then. */
export async function isExecuted(found: FileHandle, stat: BigIntStats, file: FileIdentity): Promise<boolean> {
  if (!stat.isFile() || !hasIdentity(stat, file)) return false;
  if (kernelDevice(stat.dev) === file.device) return true;
  if (!isAnonymous(file.device)) return false;
  const { type } = await statfs(throughDescriptor(found));
  return type === OVERLAYFS || type === BTRFS;
}

export async function isInProc(found: FileHandle): Promise<boolean> {
  return (await statfs(throughDescriptor(found))).type === PROC;
}

/** Why an open, a stat or a read failed. */
export function reasonOf(error: unknown): NoHashReason {
  switch (codeOf(error)) {
    case "ENOENT":
    case "ESRCH":
    case "ENOTDIR":
      return "gone";
    default:
      return "unreadable";
  }
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
