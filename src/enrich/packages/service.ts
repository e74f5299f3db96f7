import type { FileHandle } from "node:fs/promises";
import type { FileIdentity } from "../../record/record.ts";
import { rootsOf } from "../hash/neighbours.ts";
import { find, isExecuted } from "../hash/open_file.ts";
import type { Course } from "../helper/protocol.ts";
import type { Package } from "./package.ts";
import { PackageDatabases } from "./package_databases.ts";

/** What PackageDesk asks. */
export interface PackageBody {
  readonly pid: number;
  readonly mntNs: number;
  /** Whether that is mayfly's own mount namespace. */
  readonly ownMntNs: boolean;
  /** Absolute, as the process sees it. */
  readonly path: string;
  /** What the kernel executes. */
  readonly file: FileIdentity;
}

/** null: no database lists it. `gone`: nothing leads to the file any more. */
export type PackageAnswer = Package | "gone" | null;

/** Roots whose packages are kept: a database of 105,000 paths takes 3 MiB. */
const ROOTS = 8;
const BYTES_MAX = 256 * 1024 * 1024;

let databases: PackageDatabases | undefined;

/**
 * In the helper process: the package that an executable belongs to. Only by the databases of the root below which the path leads to the
 * very file that runs: a process under another root (chroot) has a path that means something else on the host.
 */
export async function packageOf(body: PackageBody, course: Course): Promise<PackageAnswer> {
  databases ??= new PackageDatabases({ maxRoots: ROOTS, maxBytes: BYTES_MAX, now: Date.now });
  for (const root of roots(body))
    if (await leadsTo(`${root}${body.path}`, body.file)) {
      course.reached();
      return (await databases.lookup(root === "" ? "/" : root, body.mntNs, body.path)) ?? null;
    }
  return "gone";
}

/** As prefixes of a path, the likelier first; others than the own one of the process are looked for only when it is their turn. */
function* roots(body: PackageBody): Iterable<string> {
  if (body.ownMntNs) yield "";
  yield `/proc/${body.pid}/root`;
  if (!body.ownMntNs) yield* rootsOf(body);
}

async function leadsTo(path: string, file: FileIdentity): Promise<boolean> {
  let found: FileHandle | undefined;
  try {
    found = await find(path);
    return await isExecuted(found, await found.stat({ bigint: true }), file);
  } catch {
    // Gone, or not for us: then nothing is said of it.
    return false;
  } finally {
    await found?.close();
  }
}
