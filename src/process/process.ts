import type { TaskState } from "../record/record.ts";
import type { Pending } from "./aggregation.ts";
import type { Entry } from "./entry.ts";
import type { Credentials, Identity, Image, Leader, Leaders, Origin, Parent, Session } from "./facts.ts";
import { Leadership } from "./leadership.ts";

/** How many ancestors a process remembers (design.md, Identity). */
const ANCESTRY_MAX = 20;

/** A living process: an identity plus references to the facts of this moment. The only thing in the table that changes. */
export class Process {
  readonly identity: Identity;
  readonly origin: Origin;
  image: Image | undefined;
  credentials: Credentials;
  session: Session;
  /** Bits of Quality that stay with this life: parent_unknown, fork_unseen. */
  readonly quality: number;
  /** Whether the image is its own, by an exec or as a scan met it, and not inherited at the fork. */
  ownImage = false;
  /** Inherited at fork; set by Tracker.follow() for `run -- COMMAND`. */
  followed: boolean;
  /** The name it goes by, since an exec, a scan or its end told it: at its fork it has its creator's, which that may have changed. */
  comm: string | undefined = undefined;
  /** What happened to this image and has not left the hold yet. */
  pending: Pending | undefined = undefined;
  /** The scan that last saw it. */
  scan = 0;
  /** Set by LeaderBook, as the two below; undefined without a session, as kernel threads are. */
  sessionLeader: Leadership | undefined = undefined;
  groupLeader: Leadership | undefined = undefined;
  entry: Entry | undefined = undefined;
  #childOrigin: Origin | undefined = undefined;
  #leadership: Leadership | undefined = undefined;
  #leaders: Leaders | undefined;

  constructor(
    identity: Identity,
    origin: Origin,
    image: Image | undefined,
    state: TaskState,
    like: Process | undefined,
    quality: number,
    groups?: readonly number[],
  ) {
    this.identity = identity;
    this.origin = origin;
    this.image = image;
    this.credentials = credentialsOf(state, like?.credentials, groups, state);
    this.session = sessionOf(state, like?.session);
    this.quality = quality;
    this.followed = like?.followed ?? false;
    // Mostly the same leaders, and then the same object, whose text was made already.
    this.#leaders = like?.leaders();
  }

  /**
   * Takes over what a later record says; a fact that did not change stays the same object. Whether the session is another.
   * The namespaces in which the ids have names are those of the exec: a container's runtime enters the container's, and is itself still
   * what it was.
   * @param groups undefined where the record does not tell them: they are as they were
   */
  update(state: TaskState, groups?: readonly number[]): boolean {
    return this.#update(state, credentialsOf(state, this.credentials, groups, this.credentials));
  }

  /** The same, with a new image: its namespaces are those of this moment. */
  exec(image: Image, state: TaskState, groups: readonly number[] | undefined): boolean {
    const hasMoved = this.#update(state, credentialsOf(state, this.credentials, groups, state));
    this.image = image;
    this.ownImage = true;
    this.#changed();
    return hasMoved;
  }

  #update(state: TaskState, credentials: Credentials): boolean {
    const session = sessionOf(state, this.session);
    const hasMoved = session !== this.session;
    if (!hasMoved && credentials === this.credentials) return false;
    this.credentials = credentials;
    this.session = session;
    this.#changed();
    return hasMoved;
  }

  /** As leader of others. */
  leadership(): Leadership {
    return (this.#leadership ??= new Leadership(this.identity.pid, this));
  }

  /** Takes a leadership over that was nobody's yet, or another's in whose place this process stands. */
  lead(leadership: Leadership): void {
    leadership.belongsTo(this);
    this.#leadership = leadership;
  }

  /** The process has ended. Returns what its members keep of it; undefined if it never led. */
  endLeadership(): Leadership | undefined {
    this.#leadership?.end();
    return this.#leadership;
  }

  /** Where it belongs at this moment. The same object as long as no leader changes. */
  leaders(): Leaders {
    const session = this.sessionLeader?.facts();
    const group = this.groupLeader?.facts();
    const entry = this.entry?.leadership.facts();
    const entryType = this.entry?.type;
    const known = this.#leaders;
    if (
      known !== undefined &&
      known.session === session &&
      known.group === group &&
      known.entry === entry &&
      known.entryType === entryType
    )
      return known;
    const sourceIp = this.entry?.sourceIp;
    return (this.#leaders = { session, group, entry, entryType, sourceIp, rendered: undefined });
  }

  /** Of this moment. */
  asLeader(): Leader {
    const { parent } = this.origin;
    return {
      pid: this.identity.pid,
      identity: this.identity,
      image: this.image,
      ownImage: this.ownImage,
      credentials: this.credentials,
      session: this.session,
      parent: parent && { identity: parent.identity, sessionLeader: parent.sessionLeader },
      rendered: undefined,
      renderedParent: undefined,
    };
  }

  /** Whether it started before that many milliseconds of the boot clock; start ticks are 10 ms and rounded down. */
  startedBefore(boot: number): boolean {
    return (this.identity.startTicks + 1) * 10 < boot;
  }

  /** What a child of this moment remembers of this process. Made once for all children between two changes. */
  childOrigin(): Origin {
    return (this.#childOrigin ??= {
      parent: this.#asParent(),
      ancestry: [this.identity.entityId, ...this.origin.ancestry.slice(0, ANCESTRY_MAX - 1)],
      rendered: undefined,
    });
  }

  #changed(): void {
    this.#childOrigin = undefined;
    this.#leadership?.changed();
  }

  #asParent(): Parent {
    return {
      identity: this.identity,
      image: this.image,
      ownImage: this.ownImage,
      credentials: this.credentials,
      session: this.session,
      groupLeader: this.groupLeader?.name,
      sessionLeader: this.sessionLeader?.name,
    };
  }
}

/** @param within whose namespaces the ids have their names in */
function credentialsOf(
  s: TaskState,
  known: Credentials | undefined,
  told: readonly number[] | undefined,
  within: { readonly mntNs: number; readonly userNs: number },
): Credentials {
  const groups = told ?? known?.groups;
  if (
    known !== undefined &&
    known.uid === s.uid &&
    known.gid === s.gid &&
    known.euid === s.euid &&
    known.egid === s.egid &&
    known.suid === s.suid &&
    known.sgid === s.sgid &&
    known.capEffectiveLow === s.capEffectiveLow &&
    known.capEffectiveHigh === s.capEffectiveHigh &&
    known.capPermittedLow === s.capPermittedLow &&
    known.capPermittedHigh === s.capPermittedHigh &&
    known.mntNs === within.mntNs &&
    known.userNs === within.userNs &&
    areSame(known.groups, groups)
  )
    return known;
  return {
    uid: s.uid,
    gid: s.gid,
    euid: s.euid,
    egid: s.egid,
    suid: s.suid,
    sgid: s.sgid,
    capEffectiveLow: s.capEffectiveLow,
    capEffectiveHigh: s.capEffectiveHigh,
    capPermittedLow: s.capPermittedLow,
    capPermittedHigh: s.capPermittedHigh,
    groups,
    mntNs: within.mntNs,
    userNs: within.userNs,
    names: undefined,
    rendered: undefined,
  };
}

function areSame(a: readonly number[] | undefined, b: readonly number[] | undefined): boolean {
  if (a === b) return true;
  if (a === undefined || b === undefined || a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

function sessionOf(s: TaskState, known: Session | undefined): Session {
  if (
    known !== undefined &&
    known.session === s.session &&
    known.processGroup === s.processGroup &&
    known.ttyMajor === s.ttyMajor &&
    known.ttyMinor === s.ttyMinor
  )
    return known;
  return { session: s.session, processGroup: s.processGroup, ttyMajor: s.ttyMajor, ttyMinor: s.ttyMinor };
}
