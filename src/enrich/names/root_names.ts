import type { Pid } from "../../record/record.ts";
import type { NameAnswer, NameScope } from "./answer.ts";
import type { NamesCounters } from "./counters.ts";
import type { HostNames } from "./host_names.ts";
import { isIn } from "./root_lookup.ts";
import { type NamedIds, type RootAnswer, type RootReader, RootTimeout } from "./root_request.ts";
import type { NamesSettings } from "./settings.ts";

/** Of the processes that asked, the latest are tried. */
const ASKERS_MAX = 4;
/** After a request whose processes were gone, the next one waits this long, so that a storm of them does not become one of requests. */
const GONE_PAUSE_MS = 10;
/** A user namespace gets its id map a moment after its first process. */
const UNMAPPED_PAUSE_MS = 50;

/** The names of one mount namespace, as one user namespace sees its ids. */
class Space {
  readonly mntNs: number;
  /** 0: the host's. */
  readonly userNs: number;
  readonly users = new Map<number, string | null>();
  readonly groups = new Map<number, string | null>();
  wantedUsers = new Set<number>();
  wantedGroups = new Set<number>();
  /** Named as the host is. */
  host = false;
  stamp = "";
  /** Whether the answers stand on a look at the files that is young enough. */
  fresh = false;
  /** The turn in which its witness was seen. */
  turn = -1;
  /** The process that was read through; while it is there, no other namespace has this one's inode. */
  witness: Pid | 0 = 0;
  askers: Pid[] = [];
  asking = false;
  /** Until then no request is made, and whoever is not known has no name. */
  quietUntil = Number.NEGATIVE_INFINITY;
  used = true;
  usedTick = 0;

  constructor(mntNs: number, userNs: number) {
    this.mntNs = mntNs;
    this.userNs = userNs;
  }
}

/**
 * Names for processes of other mount namespaces: from passwd and group of their own root, never by NSS.
 *
 * The kernel gives the inode of a namespace that ended to the next one. So an answer is given only when a process that is known
 * to be inside was seen there after the records at hand were drained: once per turn of the event loop, 3 us.
 */
export class RootNames {
  readonly #settings: NamesSettings;
  readonly #counters: NamesCounters;
  readonly #users: HostNames;
  readonly #groups: HostNames;
  readonly #reader: RootReader;
  /** By mount, then by user namespace. */
  readonly #spaces = new Map<number, Map<number, Space>>();
  #count = 0;
  /** Requests under way. */
  #asking = 0;
  #ticks = 0;
  #turn = 0;
  #closed = false;
  readonly #endTurn = (): void => {
    this.#turn++;
  };

  constructor(
    settings: NamesSettings,
    counters: NamesCounters,
    host: { readonly users: HostNames; readonly groups: HostNames },
    reader: RootReader,
  ) {
    this.#settings = settings;
    this.#counters = counters;
    this.#users = host.users;
    this.#groups = host.groups;
    this.#reader = reader;
  }

  user(id: number, scope: NameScope): NameAnswer {
    const space = this.#spaces.get(scope.mntNs)?.get(scope.userNs) ?? this.#make(scope);
    if (this.#stands(space)) {
      if (space.host) return this.#users.of(id);
      const answer = space.users.get(id);
      if (answer !== undefined) return answer;
    }
    return this.#miss(space, space.wantedUsers, id, scope.pid);
  }

  group(id: number, scope: NameScope): NameAnswer {
    const space = this.#spaces.get(scope.mntNs)?.get(scope.userNs) ?? this.#make(scope);
    if (this.#stands(space)) {
      if (space.host) return this.#groups.of(id);
      const answer = space.groups.get(id);
      if (answer !== undefined) return answer;
    }
    return this.#miss(space, space.wantedGroups, id, scope.pid);
  }

  /** Called every `checkMs`: namespaces in use are looked at again, the others before their next answer. */
  tick(): void {
    this.#ticks++;
    for (const spaces of this.#spaces.values())
      for (const space of spaces.values()) {
        if (!space.used) space.fresh = false;
        else if (space.witness !== 0 && this.#settings.now() >= space.quietUntil) this.#request(space);
        space.used = false;
      }
  }

  close(): void {
    this.#closed = true;
    this.#reader.close();
  }

  #stands(space: Space): boolean {
    space.used = true;
    space.usedTick = this.#ticks;
    if (!space.fresh) return false;
    if (space.turn === this.#turn) return true;
    if (!this.#isThere(space)) {
      space.fresh = false;
      space.witness = 0;
      return false;
    }
    space.turn = this.#turn;
    queueMicrotask(this.#endTurn);
    return true;
  }

  /** Whether the witness is in its namespaces now. Another process with its pid in one with the same inode would deceive it. */
  #isThere({ witness, mntNs, userNs }: Space): boolean {
    const process = `${this.#settings.proc}/${witness}`;
    try {
      return isIn(process, "mnt", mntNs) && (userNs === 0 || isIn(process, "user", userNs));
    } catch {
      return false; // closed to us since it changed its user: as good as gone
    }
  }

  #make(scope: NameScope): Space {
    if (this.#count >= this.#settings.roots.max) this.#evict();
    const spaces = this.#spaces.get(scope.mntNs) ?? new Map<number, Space>();
    this.#spaces.set(scope.mntNs, spaces);
    const space = new Space(scope.mntNs, scope.userNs === this.#settings.host.userNs ? 0 : scope.userNs);
    spaces.set(scope.userNs, space);
    this.#count++;
    return space;
  }

  #evict(): void {
    let oldest: { spaces: Map<number, Space>; key: number; mntNs: number; tick: number } | undefined;
    for (const [mntNs, spaces] of this.#spaces)
      for (const [key, { usedTick: tick }] of spaces)
        if (oldest === undefined || tick < oldest.tick) oldest = { spaces, key, mntNs, tick };
    if (oldest === undefined) return;
    oldest.spaces.delete(oldest.key);
    if (oldest.spaces.size === 0) this.#spaces.delete(oldest.mntNs);
    this.#count--;
    this.#counters.evicted++;
  }

  #miss(space: Space, wanted: Set<number>, id: number, pid: Pid): NameAnswer {
    const { maxIds, maxWaiting } = this.#settings.roots;
    const tooMany = wanted.size >= maxIds || (!space.asking && this.#asking >= maxWaiting);
    if (tooMany || this.#settings.now() < space.quietUntil) {
      this.#counters.rootRefused++;
      return null;
    }
    wanted.add(id);
    if (!space.askers.includes(pid)) {
      space.askers.unshift(pid);
      space.askers.length = Math.min(space.askers.length, ASKERS_MAX);
    }
    this.#request(space);
    return undefined;
  }

  #request(space: Space): void {
    if (!space.asking && !this.#closed) void this.#ask(space);
  }

  async #ask(space: Space): Promise<void> {
    space.asking = true;
    this.#asking++;
    this.#counters.rootRequests++;
    const { mntNs, userNs, stamp, witness } = space;
    const [users, groups, askers] = [space.wantedUsers, space.wantedGroups, space.askers];
    space.wantedUsers = new Set();
    space.wantedGroups = new Set();
    space.askers = [];
    const request = {
      pids: witness === 0 ? askers : [witness, ...askers],
      mntNs,
      userNs,
      stamp,
      knownUsers: [...space.users.keys()].filter((id) => !users.has(id)),
      knownGroups: [...space.groups.keys()].filter((id) => !groups.has(id)),
      users: [...users],
      groups: [...groups],
    };
    try {
      const answer = await this.#reader.ask(request);
      if (answer.outcome === "gone") this.#gone(space, users, groups);
      else if (answer.outcome === "denied") this.#failed(space);
      else this.#read(space, answer);
    } catch (error) {
      if (this.#closed) return;
      this.#failed(space, error instanceof RootTimeout);
    }
    this.#asking--;
    space.asking = false;
    this.#settings.onAnswer();
    if (space.askers.length > 0) this.#soon(space);
  }

  #read(space: Space, answer: RootAnswer & { readonly outcome: "read" }): void {
    this.#counters.rootFilesRefused += answer.refused;
    if (answer.stamp !== space.stamp) {
      space.users.clear();
      space.groups.clear();
    }
    // Without a map no id has a name: that is so at this moment, and not kept.
    if (answer.unmapped) {
      space.fresh = false;
      space.stamp = "";
      space.quietUntil = this.#settings.now() + UNMAPPED_PAUSE_MS;
      return;
    }
    space.host = answer.host;
    space.stamp = answer.stamp;
    space.witness = answer.pid as Pid;
    space.fresh = true;
    this.#keep(space.users, answer.users);
    this.#keep(space.groups, answer.groups);
  }

  #keep(answers: Map<number, string | null>, named: NamedIds): void {
    for (const [id, name] of named) {
      if (name === null) this.#counters.unknown++;
      answers.set(id, name);
    }
    for (const id of answers.keys()) {
      if (answers.size <= this.#settings.roots.maxIds) break;
      this.#counters.evicted++;
      answers.delete(id);
    }
  }

  /** What was wanted is still: the next asker brings another process. */
  #gone(space: Space, users: ReadonlySet<number>, groups: ReadonlySet<number>): void {
    this.#counters.rootGone++;
    space.fresh = false;
    space.witness = 0;
    for (const id of users) space.wantedUsers.add(id);
    for (const id of groups) space.wantedGroups.add(id);
  }

  #failed(space: Space, timedOut = false): void {
    if (timedOut) this.#counters.rootTimeouts++;
    else this.#counters.rootFailures++;
    space.fresh = false;
    space.witness = 0;
    space.quietUntil = this.#settings.now() + this.#settings.roots.giveUpMs;
  }

  #soon(space: Space): void {
    if (space.witness !== 0) this.#request(space);
    else setTimeout(() => this.#request(space), GONE_PAUSE_MS).unref();
  }
}
