import type { Package } from "./package.ts";
import { PackageDatabases } from "./package_databases.ts";

/** What PackageDesk asks. */
export interface PackageBody {
  readonly root: string;
  readonly rootKey: number;
  readonly path: string;
}

/** Roots whose packages are kept: a database of 105,000 paths takes 3 MiB. */
const ROOTS = 8;
const BYTES_MAX = 256 * 1024 * 1024;

let databases: PackageDatabases | undefined;

/** In the helper process: the package that an executable belongs to; null for none. */
export async function packageOf({ root, rootKey, path }: PackageBody): Promise<Package | null> {
  databases ??= new PackageDatabases({ maxRoots: ROOTS, maxBytes: BYTES_MAX, now: Date.now });
  return (await databases.lookup(root, rootKey, path)) ?? null;
}
