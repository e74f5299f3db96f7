import { stat } from "node:fs/promises";
import { noPackageCounts, type PackageCounters } from "./counters.ts";
import { DatabaseSet, type DatabaseState, databaseState } from "./database_set.ts";
import type { Package } from "./package.ts";
import { PathHash } from "./path_hash.ts";
import { RootVisit } from "./root_visit.ts";

/** How old an answer may be, where looking for a change takes less than 50 ms (2 ms here). */
const CHECK_MS = 1000;
/** Whoever changes a large database all the time, or makes its path long, gets a twentieth of a core, not all of it. */
const REST_FACTOR = 20;
/** Of all indexes together: ten Debians. */
const MAX_INDEX_BYTES = 64 << 20;
const OF_PROCESS = /^\/proc\/(\d+)\/root$/;

export interface PackageSettings {
  /** Roots whose indexes are kept; the one asked for longest ago makes room. */
  readonly maxRoots: number;
  /** All that is read of the databases of one root at a time. */
  readonly maxBytes: number;
  /** Milliseconds since the epoch, by the wall clock. */
  readonly now: () => number;
}

/** What is known of one root. */
interface Root {
  /** Undefined before the first reading, and while the databases are known to have changed since. */
  set: DatabaseSet | undefined;
  state: DatabaseState | undefined;
  checkedAt: number;
  /** Milliseconds from then to the next check. */
  pause: number;
  readAt: number;
  /** Milliseconds from then to the next reading. */
  rest: number;
  /** The check that runs: whoever asks meanwhile waits for the same one. */
  check: Promise<void> | undefined;
}

/**
 * Tells which package an executable belongs to, from the databases of dpkg, rpm (SQLite and ndb) and apk in the root of
 * the process. They are read at the first lookup, kept as an index in memory, looked at for changes at most once a
 * second, and read again when they have changed. Only whole paths count. There is no answer where no database names
 * the path, where packages disagree, or where something was left out; `counters` tells the last two.
 *
 * Measured on a Debian with 790 packages and 105,000 files: the first lookup of a cold process takes 0.35 s (0.5 s of
 * CPU, a third of it in a warm one), the index 3.1 MiB, a lookup in it 2 us, through /proc/PID/root 80 us, most of it
 * two stat(2) on other threads; looking for changes 3 ms.
 */
export class PackageDatabases {
  readonly counters: PackageCounters = noPackageCounts();
  readonly #settings: PackageSettings;
  readonly #hash = new PathHash();
  /** By identity, the one asked for longest ago first. */
  readonly #roots = new Map<string, Root>();
  /** The one root that nobody changes: asked for once, which saves two thirds of a lookup. */
  #ownRoot: Promise<string> | undefined;

  constructor(settings: PackageSettings) {
    this.#settings = settings;
  }

  /** Bytes of all indexes. */
  get bytes(): number {
    let bytes = 0;
    for (const { set } of this.#roots.values()) bytes += set?.bytes ?? 0;
    return bytes;
  }

  /**
   * Never throws. Waits while the databases of this root are looked at or read.
   * @param root "/" or "/proc/PID/root"
   * @param rootKey inode of the mount namespace of that root. It is compared with /proc/PID/ns/mnt, so that a pid that
   *   was given again answers nothing, and is half of the key of the cache; the other half is the root directory
   *   itself, because processes of one mount namespace may have different roots (chroot).
   * @param path absolute, as the process sees it, and without symlinks: what the kernel calls the executable
   */
  async lookup(root: string, rootKey: number, path: string): Promise<Package | undefined> {
    this.counters.lookups++;
    if (!path.startsWith("/")) return undefined;
    try {
      const identity = root === "/" ? await (this.#ownRoot ??= identify(root, rootKey)) : await identify(root, rootKey);
      const known = this.#rootOf(`${rootKey} ${identity}`);
      if (known.check !== undefined || this.#isDue(known)) {
        known.check ??= this.#check(known, root, identity);
        await known.check;
      }
      return this.#answer(known, path);
    } catch {
      this.counters.unreachable++;
      return undefined;
    }
  }

  #answer(root: Root, path: string): Package | undefined {
    if (root.set === undefined) {
      if (this.#rests(root)) this.counters.postponed++;
      return undefined;
    }
    const owner = root.set.owner(path);
    if (owner === "ambiguous") {
      this.counters.ambiguous++;
      return undefined;
    }
    if (owner !== undefined) this.counters.found++;
    return owner;
  }

  #rootOf(key: string): Root {
    const known = this.#roots.get(key) ?? {
      set: undefined,
      state: undefined,
      checkedAt: Number.NEGATIVE_INFINITY,
      pause: CHECK_MS,
      readAt: 0,
      rest: 0,
      check: undefined,
    };
    this.#roots.delete(key);
    this.#roots.set(key, known);
    this.#evict();
    return known;
  }

  /** The root asked for last always stays. */
  #evict(): void {
    for (const key of this.#roots.keys()) {
      if (this.#roots.size === 1) return;
      if (this.#roots.size <= this.#settings.maxRoots && this.bytes <= MAX_INDEX_BYTES) return;
      this.#roots.delete(key);
      this.counters.evicted++;
    }
  }

  /** A clock that was set back makes it due too. */
  #isDue(root: Root): boolean {
    const age = this.#settings.now() - root.checkedAt;
    return age < 0 || age >= root.pause;
  }

  #rests(root: Root): boolean {
    const age = this.#settings.now() - root.readAt;
    return age >= 0 && age < root.rest;
  }

  /** Looks whether the databases have changed, and reads them if so. */
  async #check(root: Root, path: string, identity: string): Promise<void> {
    let visit: RootVisit | undefined;
    try {
      visit = await RootVisit.open(path, this.#settings.maxBytes, this.counters);
      if (visit.identity !== identity) throw new Error("another root by now");
      await this.#refresh(root, visit);
      root.checkedAt = this.#settings.now();
    } finally {
      root.check = undefined;
      await visit?.close();
    }
  }

  async #refresh(root: Root, visit: RootVisit): Promise<void> {
    const { now } = this.#settings;
    const startedAt = now();
    const state = await databaseState(visit, startedAt);
    root.pause = Math.max(CHECK_MS, REST_FACTOR * (now() - startedAt));
    if (root.set !== undefined && root.state?.settled && root.state.databases === state.databases) {
      if (root.state.links !== state.links) root.set = await root.set.relinked(visit);
      root.state = state;
      return;
    }
    root.set = undefined;
    if (this.#rests(root)) return;
    this.counters.reads++;
    const set = await DatabaseSet.read(visit, this.#hash, this.counters);
    root.readAt = now();
    root.rest = REST_FACTOR * (root.readAt - startedAt);
    if ((await databaseState(visit, startedAt)).databases !== state.databases) {
      this.counters.changed++;
      return;
    }
    root.state = state;
    root.set = set;
    this.#evict();
  }
}

/**
 * Device and inode of a root directory.
 * @throws when there is none, or when it is that of another mount namespace
 */
async function identify(root: string, rootKey: number): Promise<string> {
  const pid = OF_PROCESS.exec(root)?.[1];
  const [{ dev, ino }, namespace] = await Promise.all([
    stat(root, { bigint: true }),
    pid === undefined ? undefined : stat(`/proc/${pid}/ns/mnt`),
  ]);
  if (namespace !== undefined && namespace.ino !== rootKey) throw new Error("another process by now");
  return `${dev}:${ino}`;
}
