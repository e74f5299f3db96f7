import type { Credentials, Identity, Image, Leaders, Origin, Session } from "./facts.ts";
import type { Instant } from "./instant.ts";

/** Bits of what happened. They stand in event.id: never renumber. */
export const Transition = {
  fork: 1 << 0,
  exec: 1 << 1,
  end: 1 << 2,
  found: 1 << 3,
  uidChange: 1 << 4,
  gidChange: 1 << 5,
  sessionChange: 1 << 6,
} as const;

/** How a process ended. */
export interface Exit {
  /** Of an end that was only noticed, when it was noticed. */
  readonly time: Instant;
  /** As wait(2) gives it: low 7 bits signal, bit 7 core dumped, next 8 bits the code. undefined when the end was not
   * seen, only noticed (quality exit_lost). */
  readonly status: number | undefined;
  /** undefined when status is, and when a part of it is not known (more dead threads than the probe looks at). */
  readonly usage: Usage | undefined;
  /** From process start to end, by the boot clock. */
  readonly durationSeconds: number;
  readonly durationNanos: number;
}

/** rusage of the whole process, threads that ended before included. */
export interface Usage {
  readonly userSeconds: number;
  readonly userNanos: number;
  readonly systemSeconds: number;
  readonly systemNanos: number;
  readonly maxRssBytes: number;
  readonly minorFaults: number;
  readonly majorFaults: number;
  readonly readBytes: number;
  readonly writeBytes: number;
  readonly voluntarySwitches: number;
  readonly involuntarySwitches: number;
}

/**
 * What happened to one process image from its first transition until it left the hold: one document.
 * It holds the facts of its own moment. Built by process/aggregation.ts, read by ecs/ and cli/, changed by nobody else.
 */
export interface Lifecycle {
  readonly identity: Identity;
  readonly origin: Origin;
  readonly image: Image | undefined;
  /** What ran before the exec that is told here; undefined without one, or when that is not known. */
  readonly replaced: Image | undefined;
  readonly leaders: Leaders;
  readonly credentials: Credentials;
  /** The name that it went by at the last record that tells it, at most 15 bytes of UTF-8; undefined when none did. */
  readonly comm: string | undefined;
  readonly session: Session;
  /** Bits of Transition. */
  readonly transitions: number;
  /** Of the first transition; of the scan for a found process. */
  readonly time: Instant;
  /** The same by the boot clock, in milliseconds. */
  readonly since: number;
  /** Present exactly when transitions has `end`. */
  readonly exit: Exit | undefined;
  /** Whether the image is the process's own, and not inherited at the fork: only then its working directory is, too. */
  readonly ownImage: boolean;
  /** Bits of Quality: those of the image and those of this life. */
  readonly quality: number;
  /** Belongs to the tree of Tracker.follow(). */
  readonly followed: boolean;
}
