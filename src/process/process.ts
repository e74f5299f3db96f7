import type { TaskState } from "../record/record.ts";
import type { Pending } from "./aggregation.ts";
import type { Credentials, Identity, Image, Origin, Parent, Session } from "./facts.ts";

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
  /** What happened to this image and has not left the hold yet. */
  pending: Pending | undefined = undefined;
  /** The scan that last saw it. */
  scan = 0;
  #childOrigin: Origin | undefined = undefined;

  constructor(
    identity: Identity,
    origin: Origin,
    image: Image | undefined,
    state: TaskState,
    like: Process | undefined,
    quality: number,
  ) {
    this.identity = identity;
    this.origin = origin;
    this.image = image;
    this.credentials = credentialsOf(state, like?.credentials);
    this.session = sessionOf(state, like?.session);
    this.quality = quality;
    this.followed = like?.followed ?? false;
  }

  /** Takes over what a later record says; a fact that did not change stays the same object. */
  update(state: TaskState): void {
    const credentials = credentialsOf(state, this.credentials);
    const session = sessionOf(state, this.session);
    if (credentials !== this.credentials || session !== this.session) this.#childOrigin = undefined;
    this.credentials = credentials;
    this.session = session;
  }

  exec(image: Image): void {
    this.image = image;
    this.ownImage = true;
    this.#childOrigin = undefined;
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

  #asParent(): Parent {
    return {
      identity: this.identity,
      image: this.image,
      ownImage: this.ownImage,
      credentials: this.credentials,
      session: this.session,
    };
  }
}

function credentialsOf(s: TaskState, known: Credentials | undefined): Credentials {
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
    known.capPermittedHigh === s.capPermittedHigh
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
    rendered: undefined,
  };
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
