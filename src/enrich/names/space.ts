import type { Pid } from "../../record/record.ts";
import type { NamedIds, RootRequest } from "./root_request.ts";

/** Of the processes that asked, the latest are tried. */
const ASKERS_MAX = 4;

/** The ids of users, or of groups, of one namespace. */
export class Ids {
  readonly answers = new Map<number, string | null>();
  /** To be asked for with the next request. */
  #wanted = new Set<number>();
  /** Asked for by the request under way. */
  #asked = new Set<number>();

  get wanted(): number {
    return this.#wanted.size;
  }

  want(id: number): void {
    if (!this.#asked.has(id)) this.#wanted.add(id);
  }

  /** What a request asks for. */
  take(): { readonly known: readonly number[]; readonly ids: readonly number[] } {
    this.#asked = this.#wanted;
    this.#wanted = new Set();
    return { known: [...this.answers.keys()].filter((id) => !this.#asked.has(id)), ids: [...this.#asked] };
  }

  /** The request has ended; `again` when what it asked for is still wanted. */
  end(again: boolean): void {
    if (again) for (const id of this.#asked) this.#wanted.add(id);
    this.#asked.clear();
  }

  /** Returns how many had to be forgotten because there are more than `max`. */
  keep(named: NamedIds, max: number): number {
    for (const [id, name] of named) this.answers.set(id, name);
    const excess = Math.max(0, this.answers.size - max);
    let left = excess;
    for (const id of this.answers.keys()) {
      if (left-- === 0) break;
      this.answers.delete(id);
    }
    return excess;
  }
}

/** The names of one mount namespace, as one user namespace sees its ids. */
export class Space {
  readonly mntNs: number;
  /** 0: the host's. */
  readonly userNs: number;
  readonly users = new Ids();
  readonly groups = new Ids();
  /** Named as the host is. */
  host = false;
  stamp = "";
  /** Whether the answers stand on a look at the files that is young enough. */
  fresh = false;
  /** The turn of the event loop in which its witness was seen last. */
  turn = -1;
  /** The process that was read through; while it is inside, no other namespace has this one's inode. 0: there is none. */
  witness = 0;
  /** Whether a request is under way. */
  asking = false;
  /** Until then no request is made, and whoever is not known has no name. */
  quietUntil = Number.NEGATIVE_INFINITY;
  used = true;
  usedTick = 0;
  #askers: Pid[] = [];

  constructor(mntNs: number, userNs: number) {
    this.mntNs = mntNs;
    this.userNs = userNs;
  }

  get hasAskers(): boolean {
    return this.#askers.length > 0;
  }

  get wantsNothing(): boolean {
    return this.users.wanted + this.groups.wanted === 0;
  }

  /** Notes a process through which can be read. */
  asker(pid: Pid): void {
    if (this.#askers.includes(pid)) return;
    this.#askers.unshift(pid);
    this.#askers.length = Math.min(this.#askers.length, ASKERS_MAX);
  }

  takeRequest(): RootRequest {
    const [users, groups, askers] = [this.users.take(), this.groups.take(), this.#askers];
    this.#askers = [];
    return {
      pids: this.witness === 0 ? askers : [this.witness, ...askers],
      mntNs: this.mntNs,
      userNs: this.userNs,
      stamp: this.stamp,
      knownUsers: users.known,
      knownGroups: groups.known,
      users: users.ids,
      groups: groups.ids,
    };
  }

  /** The request has ended; `again` when what it asked for is still wanted. */
  endRequest(again: boolean): void {
    this.asking = false;
    this.users.end(again);
    this.groups.end(again);
    if (this.wantsNothing) this.#askers = [];
  }

  /** Nothing is to be answered before the next look at its files. */
  lose(): void {
    this.fresh = false;
    this.witness = 0;
  }
}
