import type { Pid } from "../../record/record.ts";
import type { NameAnswer, NameScope } from "./answer.ts";
import type { NamesCounters } from "./counters.ts";
import type { HostNames } from "./host_names.ts";
import { isSeenIn } from "./membership.ts";
import { type RootAnswer, type RootReader, RootTimeout } from "./root_request.ts";
import type { NamesSettings } from "./settings.ts";
import { type Ids, Space } from "./space.ts";

/** After a request whose processes were gone, the next one waits this long, so that a storm of them does not become one of requests. */
const GONE_PAUSE_MS = 10;
/** A user namespace gets its id map a moment after its first process. */
const UNMAPPED_PAUSE_MS = 50;

/**
 * Names for processes of other mount namespaces: from passwd and group of their own root, never by NSS.
 *
 * The kernel gives the inode of a namespace that ended to the next one. So an answer is given only when a process that is known
 * to be inside was seen there after the records at hand were drained: once per turn of the event loop, 4 us.
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
      const answer = space.users.answers.get(id);
      if (answer !== undefined) return answer;
    }
    return this.#miss(space, space.users, id, scope.pid);
  }

  group(id: number, scope: NameScope): NameAnswer {
    const space = this.#spaces.get(scope.mntNs)?.get(scope.userNs) ?? this.#make(scope);
    if (this.#stands(space)) {
      if (space.host) return this.#groups.of(id);
      const answer = space.groups.answers.get(id);
      if (answer !== undefined) return answer;
    }
    return this.#miss(space, space.groups, id, scope.pid);
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
      space.lose();
      return false;
    }
    space.turn = this.#turn;
    queueMicrotask(this.#endTurn);
    return true;
  }

  /** Whether the witness is in its namespaces now. Another process with its pid in one with the same inode would deceive it. */
  #isThere(space: Space): boolean {
    return isSeenIn(`${this.#settings.proc}/${space.witness}`, space);
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

  #miss(space: Space, ids: Ids, id: number, pid: Pid): NameAnswer {
    const { maxIds, maxWaiting } = this.#settings.roots;
    const tooMany = ids.wanted >= maxIds || (!space.asking && this.#asking >= maxWaiting);
    if (tooMany || this.#settings.now() < space.quietUntil) {
      this.#counters.rootRefused++;
      return null;
    }
    ids.want(id);
    space.asker(pid);
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
    let again = false;
    try {
      const answer = await this.#reader.ask(space.takeRequest());
      if (answer.outcome === "read") this.#read(space, answer);
      else if (answer.outcome === "denied") this.#failed(space);
      else again = this.#gone(space);
    } catch (error) {
      if (this.#closed) return;
      this.#failed(space, error instanceof RootTimeout);
    }
    this.#asking--;
    space.endRequest(again);
    this.#settings.onAnswer();
    if (!space.hasAskers) return;
    if (again) setTimeout(() => this.#request(space), GONE_PAUSE_MS).unref();
    else this.#request(space);
  }

  #read(space: Space, answer: RootAnswer & { readonly outcome: "read" }): void {
    this.#counters.rootFilesRefused += answer.refused;
    if (answer.stamp !== space.stamp) {
      space.users.answers.clear();
      space.groups.answers.clear();
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
    space.witness = answer.pid;
    space.fresh = true;
    for (const [, name] of [...answer.users, ...answer.groups]) if (name === null) this.#counters.unknown++;
    const { maxIds } = this.#settings.roots;
    this.#counters.evicted += space.users.keep(answer.users, maxIds) + space.groups.keep(answer.groups, maxIds);
  }

  /** Returns true: what was asked for is still wanted, the next asker brings another process. */
  #gone(space: Space): true {
    this.#counters.rootGone++;
    space.lose();
    return true;
  }

  #failed(space: Space, timedOut = false): void {
    if (timedOut) this.#counters.rootTimeouts++;
    else this.#counters.rootFailures++;
    space.lose();
    space.quietUntil = this.#settings.now() + this.#settings.roots.giveUpMs;
  }
}
