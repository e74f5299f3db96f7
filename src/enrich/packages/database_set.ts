import { ALIAS_PLACES, type Alias, namesOf, readAliases } from "./aliases.ts";
import { APK_STAMPS, readApk } from "./apk.ts";
import type { PackageCounters } from "./counters.ts";
import { DPKG_STAMPS, readDpkg } from "./dpkg.ts";
import { Owners } from "./owners.ts";
import type { Package } from "./package.ts";
import type { PathHash } from "./path_hash.ts";
import type { RootVisit } from "./root_visit.ts";
import { RPM_STAMPS, readRpm } from "./rpm.ts";

const STAMPED = [...DPKG_STAMPS, ...RPM_STAMPS, ...APK_STAMPS];
/** A file changed as shortly before it was read as this may change again within the same tick of its time stamps. */
const TICK_MS = 50;

/** What the databases of a root were when they were looked at. */
export interface DatabaseState {
  /** Equal texts: the databases have not changed. */
  readonly databases: string;
  /** Equal texts: the links of `readAliases` have not changed. */
  readonly links: string;
  /** Whether a change right after would show. */
  readonly settled: boolean;
}

/** @param nowMs wall clock */
export async function databaseState(visit: RootVisit, nowMs: number): Promise<DatabaseState> {
  let settled = true;
  const stampsOf = async (paths: readonly string[]): Promise<string> => {
    let stamps = "";
    for (const path of paths) {
      const stamp = await visit.stamp(path);
      stamps += `${stamp?.text ?? ""} `;
      if (stamp !== undefined && Math.abs(nowMs - stamp.changedMs) < TICK_MS) settled = false;
    }
    return stamps;
  };
  return { databases: await stampsOf(STAMPED), links: await stampsOf(ALIAS_PLACES), settled };
}

/** All package databases of one root as they were at one moment. */
export class DatabaseSet {
  readonly #owners: Owners;
  readonly #aliases: readonly Alias[];

  private constructor(owners: Owners, aliases: readonly Alias[]) {
    this.#owners = owners;
    this.#aliases = aliases;
  }

  /** Reads them. What makes no sense or meets a bound is counted and left out. */
  static async read(visit: RootVisit, hash: PathHash, counters: PackageCounters): Promise<DatabaseSet> {
    const owners = new Owners(hash);
    await readDpkg(visit, owners, hash, counters);
    await readRpm(visit, owners, counters);
    await readApk(visit, owners, counters);
    if (owners.full) counters.oversized++;
    return new DatabaseSet(owners, await readAliases(visit));
  }

  /** The same databases with the links as they are now. */
  async relinked(visit: RootVisit): Promise<DatabaseSet> {
    return new DatabaseSet(this.#owners, await readAliases(visit));
  }

  /** Bytes of memory, about. */
  get bytes(): number {
    return this.#owners.bytes;
  }

  /** Paths that are known. */
  get paths(): number {
    return this.#owners.paths;
  }

  owner(path: string): Package | "ambiguous" | undefined {
    return this.#owners.owner(namesOf(path, this.#aliases));
  }
}
