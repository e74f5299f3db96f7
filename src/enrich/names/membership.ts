import { readlinkSync } from "node:fs";

/** The namespaces that a process is looked for in, by inode; user namespace 0: any. */
export interface Namespaces {
  readonly mntNs: number;
  readonly userNs: number;
}

/**
 * Whether a process is in these namespaces now; false when it has ended. 3 us each; asks no filesystem but proc.
 * @param process its folder in /proc
 * @throws the kernel's error when the process is closed to us (ptrace(2), access mode checking)
 */
export function isIn(process: string, { mntNs, userNs }: Namespaces): boolean {
  try {
    if (readlinkSync(`${process}/ns/mnt`) !== `mnt:[${mntNs}]`) return false;
    return userNs === 0 || readlinkSync(`${process}/ns/user`) === `user:[${userNs}]`;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT" || code === "ESRCH") return false;
    throw error;
  }
}

/** The same; false also when the process is closed to us. */
export function isSeenIn(process: string, namespaces: Namespaces): boolean {
  try {
    return isIn(process, namespaces);
  } catch {
    return false;
  }
}
