import { readdirSync, readlinkSync } from "node:fs";
import type { HashBody } from "./body.ts";

/** Processes of one namespace that are kept: their roots may differ. */
const KEPT = 3;
/** Not looking again sooner costs a hash here and there, looking each time would cost a core; a look takes 6 us a process. */
const SHORTEST_PAUSE_MS = 250;
/** Of the time since the last look, at most this part is spent on looking. */
const SHARE = 1 / 20;

/**
 * Roots below which a process's paths may be looked for, as prefixes of a path: of the mount namespace that it was in. It may have had
 * another root in there all the same: what is found has to prove itself.
 */
export function rootsOf({ mntNs, ownMntNs }: Pick<HashBody, "mntNs" | "ownMntNs">): readonly string[] {
  return ownMntNs ? [""] : neighbours.of(mntNs).map((pid) => `/proc/${pid}/root`);
}

/**
 * Who else lives in a mount namespace: below the root of such a process a path means what it meant to one that has ended.
 * /proc blocks on no file system, so it is read synchronously.
 */
class Neighbours {
  #processes = new Map<number, number[]>();
  #nextLook = 0;

  /** Up to three processes that are in the namespace now. */
  of(mntNs: number): readonly number[] {
    const known = this.#alive(mntNs);
    if (known.length > 0 || performance.now() < this.#nextLook) return known;
    this.#look();
    return this.#processes.get(mntNs) ?? [];
  }

  #alive(mntNs: number): readonly number[] {
    return (this.#processes.get(mntNs) ?? []).filter((pid) => mountNamespace(pid) === mntNs);
  }

  /** Oldest first, as /proc lists them: the first process of a container outlives the others. */
  #look(): void {
    const began = performance.now();
    this.#processes = new Map();
    for (const name of readdirSync("/proc")) {
      const pid = Number(name);
      if (!Number.isInteger(pid)) continue;
      const mntNs = mountNamespace(pid);
      if (mntNs === undefined) continue;
      const processes = this.#processes.get(mntNs);
      if (processes === undefined) this.#processes.set(mntNs, [pid]);
      else if (processes.length < KEPT) processes.push(pid);
    }
    const ended = performance.now();
    this.#nextLook = ended + Math.max(SHORTEST_PAUSE_MS, (ended - began) / SHARE);
  }
}

const neighbours = new Neighbours();

/** Inode number of a process's mount namespace; undefined when there is no such process. */
function mountNamespace(pid: number): number | undefined {
  try {
    return Number(readlinkSync(`/proc/${pid}/ns/mnt`).slice("mnt:[".length, -1));
  } catch {
    return undefined;
  }
}
