import type { FileIdentity, Pid, Ticks } from "../../record/record.ts";

/** The hash algorithms that can be asked for; names as in ECS process.hash.*. */
export const hashTypes = ["md5", "sha1", "sha256", "sha512"] as const;
export type HashType = (typeof hashTypes)[number];
/** Lower-case hexadecimal. */
export type Hashes = Readonly<Partial<Record<HashType, string>>>;

/**
 * Why there is no hash.
 * - `too_large`: more than the bytes that are allowed
 * - `unreadable`: it is there and cannot be opened or read
 * - `changed`: what is found is not what ran, or it changed while it was read
 * - `not_regular`: what is found is a directory, device, fifo or socket
 * - `gone`: the process has ended and nothing else leads to the file
 * - `timeout`: its file system is slow or hangs
 * - `overload`: too many files wait
 * - `failed`: mayfly's own fault; no helper process
 */
export const noHashReasons = [
  "too_large",
  "unreadable",
  "changed",
  "not_regular",
  "gone",
  "timeout",
  "overload",
  "failed",
] as const;
export type NoHashReason = (typeof noHashReasons)[number];

export type HashResult =
  | { readonly kind: "hashed"; readonly hashes: Hashes }
  | { readonly kind: "none"; readonly reason: NoHashReason };

/** What an exec record says of the file that the kernel executes. */
export interface ExecutedFile {
  readonly pid: Pid;
  /** Up to the process's own root. */
  readonly path: string | undefined;
  readonly memfd: boolean;
  readonly deleted: boolean;
  readonly mntNs: number;
  readonly file: FileIdentity;
}

/** What an exec record says of the script whose interpreter it made the image: no file identity, the kernel has let go of it. */
export interface ExecutedScript {
  readonly pid: Pid;
  readonly startTicks: Ticks;
  /** Absolute, below the process's own root. */
  readonly path: string;
  readonly mntNs: number;
  /** When the exec happened: milliseconds since the epoch, with fractions. */
  readonly execMs: number;
  readonly interpreterPath: string | undefined;
  readonly interpreter: FileIdentity;
}
