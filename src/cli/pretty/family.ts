import { Quality } from "../../process/facts.ts";
import type { Instant } from "../../process/instant.ts";
import type { Exit, Lifecycle } from "../../process/lifecycle.ts";
import { Transition } from "../../process/lifecycle.ts";
import { commandSpans } from "./command.ts";
import type { Ending } from "./ending.ts";
import { endingOf } from "./ending.ts";
import type { Span } from "./span.ts";
import type { Style } from "./style.ts";

/** What is kept of a process: texts and numbers only, so that neither arguments nor facts stay in memory. */
export interface Member {
  readonly entityId: string;
  readonly parentId: string | undefined;
  readonly pid: number;
  readonly start: Instant;
  /** Basename of what ran last: what siblings are counted by. */
  name: string;
  /** Names of what ran before it, oldest first. */
  readonly earlier: string[];
  /** The last arguments, each closed by a NUL as in /proc/PID/cmdline, cut at COMMAND_CHARACTERS. One string: arrays of them take twice the memory. */
  args: string | undefined;
  /** True when args is not all that the process was given. */
  isCut: boolean;
  /** False while only a fork was seen: the command is then still the parent's. */
  ownImage: boolean;
  /** undefined while it runs. */
  ending: Ending | undefined;
  seconds: number;
  userSeconds: number;
  systemSeconds: number;
  maxRssBytes: number;
  readonly children: Member[];
}

/** Wider than most terminals; a build of 100,000 processes then keeps some 50 MB. */
const COMMAND_CHARACTERS = 320;
/** A chain of execs longer than this loses its oldest names. */
const MAX_EARLIER = 8;
/** File names are at most 255 bytes; a column shows fewer. */
const NAME_CHARACTERS = 64;

/**
 * The processes of one command, each merged of its lifecycles: its start, later execs and its end come as documents of
 * their own. At most `maxMembers` are kept; of the others only what Totals holds.
 */
export class Family {
  readonly #members = new Map<string, Member>();
  readonly #maxMembers: number;
  readonly totals: Totals = new Totals();

  constructor(maxMembers: number) {
    this.#maxMembers = maxMembers;
  }

  /** In order of arrival. */
  get members(): Iterable<Member> {
    return this.#members.values();
  }

  add(life: Lifecycle): void {
    const known = this.#members.get(life.identity.entityId);
    if (known !== undefined) {
      if ((life.transitions & Transition.exec) !== 0) changeImage(known, life);
      if (life.exit !== undefined) end(known, life.exit);
      this.totals.add(life, false);
      return;
    }
    if (this.#members.size < this.#maxMembers) {
      const member = newMember(life);
      this.#members.set(member.entityId, member);
      this.totals.add(life, true);
    } else {
      this.totals.addUnkept(life);
    }
  }

  /** Links children to parents and returns those whose parent is not among the members; all in order of start. */
  roots(): Member[] {
    const roots: Member[] = [];
    for (const member of this.#members.values()) member.children.length = 0;
    for (const member of this.#members.values()) {
      const parent = member.parentId === undefined ? undefined : this.#members.get(member.parentId);
      (parent?.children ?? roots).push(member);
    }
    roots.sort(byStart);
    for (const member of this.#members.values()) member.children.sort(byStart);
    return roots;
  }

  /** Those that started no other process. */
  leaves(): Member[] {
    const parents = new Set<string | undefined>();
    for (const member of this.#members.values()) parents.add(member.parentId);
    return [...this.#members.values()].filter((member) => !parents.has(member.entityId));
  }
}

/** The command line that ran last, for a line of text. */
export function commandOf(member: Member, style: Style): Span[] {
  const quality = member.isCut ? Quality.argsTruncated : 0;
  const facts = { args: member.args?.split("\0"), name: member.name, executable: undefined, quality };
  return commandSpans(facts, style, Number.POSITIVE_INFINITY);
}

function newMember(life: Lifecycle): Member {
  const member: Member = {
    entityId: life.identity.entityId,
    parentId: life.origin.parent?.identity.entityId,
    pid: life.identity.pid,
    start: life.identity.start,
    name: "",
    earlier: [],
    args: undefined,
    isCut: false,
    ownImage: life.ownImage,
    ending: undefined,
    seconds: 0,
    userSeconds: 0,
    systemSeconds: 0,
    maxRssBytes: 0,
    children: [],
  };
  takeImage(member, life);
  if (life.exit !== undefined) end(member, life.exit);
  return member;
}

function changeImage(member: Member, life: Lifecycle): void {
  if (member.ownImage) {
    member.earlier.push(member.name);
    if (member.earlier.length > MAX_EARLIER) member.earlier.shift();
  }
  member.ownImage = true;
  takeImage(member, life);
}

function takeImage(member: Member, { image }: Lifecycle): void {
  member.name = copyOf(image?.name ?? "unknown", NAME_CHARACTERS);
  member.args = undefined;
  member.isCut = false;
  if (image?.args === undefined || image.args.length === 0) return;
  const args = beginningOf(image.args);
  member.args = copyOf(args, COMMAND_CHARACTERS);
  member.isCut = args.length > COMMAND_CHARACTERS || (image.quality & Quality.argsTruncated) !== 0;
}

/** No more arguments than COMMAND_CHARACTERS can need are joined. */
function beginningOf(args: readonly string[]): string {
  return args.slice(0, COMMAND_CHARACTERS + 1).join("\0");
}

/** Through a buffer, because a slice of a string keeps the whole of it in memory. */
function copyOf(text: string, length: number): string {
  return Buffer.from(text.slice(0, length), "utf8").toString("utf8");
}

/** What is counted of all processes, kept or not. */
export class Totals {
  processes = 0;
  failures = 0;
  userSeconds = 0;
  systemSeconds = 0;
  /** Processes that are not among the members, and how many of their lives ended in failure. */
  unkept = 0;
  unkeptFailures = 0;

  add(life: Lifecycle, isNew: boolean): void {
    if (isNew) this.processes++;
    const { exit } = life;
    if (exit === undefined) return;
    if (endingOf(exit).failed) this.failures++;
    this.userSeconds += userSecondsOf(exit);
    this.systemSeconds += systemSecondsOf(exit);
  }

  /** Without its identity a process is told from its later documents only by its fork: one fork, one process. */
  addUnkept(life: Lifecycle): void {
    const isNew = (life.transitions & (Transition.fork | Transition.found)) !== 0;
    if (isNew) this.unkept++;
    if (life.exit !== undefined && endingOf(life.exit).failed) this.unkeptFailures++;
    this.add(life, isNew);
  }
}

function end(member: Member, exit: Exit): void {
  member.ending = endingOf(exit);
  member.seconds = exit.durationSeconds + exit.durationNanos / 1e9;
  member.userSeconds = userSecondsOf(exit);
  member.systemSeconds = systemSecondsOf(exit);
  member.maxRssBytes = exit.usage?.maxRssBytes ?? 0;
}

function userSecondsOf({ usage }: Exit): number {
  return usage === undefined ? 0 : usage.userSeconds + usage.userNanos / 1e9;
}

function systemSecondsOf({ usage }: Exit): number {
  return usage === undefined ? 0 : usage.systemSeconds + usage.systemNanos / 1e9;
}

/** By start, then pid: two starts can fall into the same nanosecond only in made-up data. */
function byStart(a: Member, b: Member): number {
  return a.start.seconds - b.start.seconds || a.start.nanos - b.start.nanos || a.pid - b.pid;
}
