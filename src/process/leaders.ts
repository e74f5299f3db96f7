import type { Pid } from "../record/record.ts";
import { type Entry, entryTypeOf, INIT, isOfKernel, isSettled, sshSource } from "./entry.ts";
import type { EntryType, Identity } from "./facts.ts";
import { Leadership } from "./leadership.ts";
import type { Process } from "./process.ts";
import type { ProcessTable } from "./table.ts";

/** Dead leaders kept for members that come late, as in `true | cat`: a shell puts the second into the group of the dead first. */
const DEAD_REMEMBERED = 256;
/** Leaders kept of whom only the pid is known: each had ended, or was not met yet, when a member was met. */
const UNKNOWN_REMEMBERED = 4096;

/**
 * HOT PATH: who leads whom, by identity, found when a process enters a session or group.
 *
 * Guarantee relied on: the kernel gives a pid to nobody while it names a session or a group that has members (struct pid
 * stays attached, kernel/pid.c). So whoever has the pid in the table, or had it last, is the leader.
 */
export class LeaderBook {
  readonly #table: ProcessTable;
  readonly #dead = new Map<Pid, Leadership>();
  readonly #unknown = new Map<Pid, Leadership>();

  constructor(table: ProcessTable) {
    this.#table = table;
  }

  /** A process was forked: its pid names no session or group from before. */
  forked(process: Process, creator: Process | undefined, parent: Process | undefined): void {
    const { pid } = process.identity;
    if (this.#dead.size > 0) this.#dead.delete(pid);
    if (this.#unknown.size > 0) this.#unknown.delete(pid);
    this.#enter(process, creator);
    process.entry = this.#entryOf(process, parent ?? creator);
  }

  /** A process was met that is older than its first record: whom members know by its pid only is this one. */
  met(process: Process, parent: Process | undefined): void {
    const { pid } = process.identity;
    this.#dead.delete(pid);
    const awaited = this.#unknown.get(pid);
    if (awaited !== undefined) {
      this.#unknown.delete(pid);
      process.lead(awaited);
    }
    this.#enter(process, undefined);
    process.entry = this.#entryOf(process, parent);
  }

  /** Another session or group than before. */
  moved(process: Process): void {
    this.#enter(process, process);
    this.reconsider(process);
  }

  /** Whether the process begins an entry is to be asked again: another image, session or terminal. */
  reconsider(process: Process): void {
    const { entry } = process;
    if (entry !== undefined && entry.leadership.name.identity === process.identity && isSettled(entry.type)) return;
    const type = entryTypeOf(process);
    if (type !== undefined) process.entry = beginning(process, type);
    else if (entry === undefined) process.entry = this.#inherited(process, this.#parentOf(process));
  }

  ended(process: Process): void {
    const leadership = process.endLeadership();
    if (leadership === undefined) return;
    remember(this.#dead, leadership, DEAD_REMEMBERED);
  }

  /** @param like whoever was in the same session and group, if the numbers are the same */
  #enter(process: Process, like: Process | undefined): void {
    const { session, processGroup } = process.session;
    process.sessionLeader = this.#leaderOf(process, session, like?.sessionLeader);
    process.groupLeader =
      session === processGroup ? process.sessionLeader : this.#leaderOf(process, processGroup, like?.groupLeader);
  }

  #leaderOf(process: Process, pid: Pid, known: Leadership | undefined): Leadership | undefined {
    if (known !== undefined && known.pid === pid && known.lives) return known;
    if (pid === process.identity.pid) return process.leadership();
    // Kernel threads have none.
    if (pid === 0) return undefined;
    const holder = this.#table.holder(pid);
    if (holder !== undefined) return holder.leadership();
    if (known !== undefined && known.pid === pid) return known;
    return this.#dead.get(pid) ?? this.#unknownLeader(pid);
  }

  #unknownLeader(pid: Pid): Leadership {
    const known = this.#unknown.get(pid);
    if (known !== undefined) return known;
    const leadership = new Leadership(pid, undefined);
    remember(this.#unknown, leadership, UNKNOWN_REMEMBERED);
    return leadership;
  }

  #entryOf(process: Process, parent: Process | undefined): Entry | undefined {
    const type = entryTypeOf(process);
    return type === undefined ? this.#inherited(process, parent) : beginning(process, type);
  }

  /** The entry of an init that no scan gave: it is known from its children who it is, and pid 1 is init always. */
  #ofInit(identity: Identity): Entry {
    const leadership = this.#unknownLeader(identity.pid);
    leadership.identify(identity);
    return { leadership, type: "init", sourceIp: undefined };
  }

  #parentOf({ origin: { parent } }: Process): Process | undefined {
    return parent && this.#table.get(parent.identity.pid, parent.identity.startTicks);
  }

  #inherited(process: Process, parent: Process | undefined): Entry | undefined {
    if (parent?.entry !== undefined) return parent.entry;
    const { session, processGroup } = process.session;
    const inherited = this.#table.holder(session)?.entry ?? this.#table.holder(processGroup)?.entry;
    if (inherited !== undefined) return inherited;
    if (isOfKernel(process)) return beginning(process, "kthread");
    const made = process.origin.parent?.identity;
    if (made?.pid === INIT) return this.#ofInit(made);
    return session === process.identity.pid ? beginning(process, "unknown") : undefined;
  }
}

function beginning(process: Process, type: EntryType): Entry {
  const sourceIp = type === "sshd" ? sshSource(process.image) : undefined;
  return { leadership: process.leadership(), type, sourceIp };
}

/** The oldest one makes room. */
function remember(map: Map<Pid, Leadership>, leadership: Leadership, most: number): void {
  if (map.size >= most) {
    const oldest = map.keys().next();
    if (oldest.done !== true) map.delete(oldest.value);
  }
  map.set(leadership.pid, leadership);
}
