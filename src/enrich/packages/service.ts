import { stat } from "node:fs/promises";
import type { FileIdentity } from "../../record/record.ts";
import { hasIdentity } from "../hash/file_identity.ts";
import type { Package } from "./package.ts";
import { PackageDatabases } from "./package_databases.ts";

/** What PackageDesk asks. */
export interface PackageBody {
  /** Roots below which the path may lie, the likelier first: "/" or /proc/PID/root. */
  readonly roots: readonly string[];
  /** Mount namespace of the process. */
  readonly rootKey: number;
  /** As the process sees it. */
  readonly path: string;
  /** What the kernel executes. */
  readonly file: FileIdentity;
}

/** Roots whose packages are kept: a database of 105,000 paths takes 3 MiB. */
const ROOTS = 8;
const BYTES_MAX = 256 * 1024 * 1024;

let databases: PackageDatabases | undefined;

/**
 * In the helper process: the package that an executable belongs to; null for none. Only of the root below which the path leads to the
 * very file that runs: a process under another root (chroot) has a path that means something else on the host.
 */
export async function packageOf({ roots, rootKey, path, file }: PackageBody): Promise<Package | null> {
  databases ??= new PackageDatabases({ maxRoots: ROOTS, maxBytes: BYTES_MAX, now: Date.now });
  for (const root of roots)
    if (await leadsTo(root === "/" ? path : `${root}${path}`, file))
      return (await databases.lookup(root, rootKey, path)) ?? null;
  return null;
}

async function leadsTo(path: string, file: FileIdentity): Promise<boolean> {
  try {
    return hasIdentity(await stat(path, { bigint: true }), file);
  } catch {
    // Gone, or not for us: then nothing is said of it.
    return false;
  }
}
