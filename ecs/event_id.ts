import { createHash } from "node:crypto";
import { base64Group, base64Id } from "../src/process/base64.ts";
import type { Credentials } from "../src/process/facts.ts";
import type { Instant } from "../src/process/instant.ts";
import { type Lifecycle, Transition } from "../src/process/lifecycle.ts";

/*
 * event.id, also the bulk _id (docs/identity.md): 18 bytes, base64url, 24 characters.
 *
 *   bytes   0..6                     7..12            13..16      17
 *           microseconds since epoch host-and-boot    pid         transition bits
 *           of the first transition  hash
 *   found:  ... of process.start     hash             5 bytes of a hash over what runs
 *
 * Hot path: once a document, without hashing and without a Buffer.
 */
export class EventIds {
  /** The hash in the groups it falls in: its first two bytes, the next three, its sixth. */
  readonly #start: number;
  readonly #middle: number;
  readonly #end: number;

  /** @param hash the host-and-boot hash of entity ids (EntityIds.hash); its first 6 bytes are used */
  constructor(hash: Uint8Array) {
    this.#start = base64Group(hash, 0) >>> 8;
    this.#middle = base64Group(hash, 2);
    this.#end = base64Group(hash, 5) & 0xff_0000;
  }

  of(life: Lifecycle): string {
    if ((life.transitions & Transition.found) !== 0) return this.#ofFound(life);
    return this.make(life.time, life.identity.pid, life.transitions);
  }

  /** @param word 32 bits, the pid in a process's document  @param byte 8 bits, the transitions */
  make(time: Instant, word: number, byte: number): string {
    // Exact: below 2^53 until the year 2255.
    const micros = time.seconds * 1_000_000 + Math.trunc(time.nanos / 1000);
    const low = micros % 0x1_0000_0000;
    const high = (micros - low) / 0x1_0000_0000;
    return base64Id(
      high,
      low >>> 8,
      ((low & 0xff) << 16) | this.#start,
      this.#middle,
      this.#end | (word >>> 16),
      ((word & 0xffff) << 8) | byte,
    );
  }

  /** A process that execs while mayfly is down is a new document, an unchanged one is not. */
  #ofFound(life: Lifecycle): string {
    const digest = createHash("sha256").update(whatRuns(life), "utf8").digest();
    return this.make(life.identity.start, digest.readUInt32BE(0), digest.readUInt8(4));
  }
}

/**
 * The text that is hashed for a found process: a JSON array of pid, executable, arguments (redacted, as they are everywhere;
 * other rules make another document of the same process), the six ids and the two capability sets. Only what a scan by the kernel and one of /proc see alike, and what stays the same as long as the
 * process neither execs nor changes its credentials: not the working directory, not whether the file was deleted meanwhile.
 */
function whatRuns({ identity, image, credentials }: Lifecycle): string {
  return JSON.stringify([
    identity.pid,
    image?.executable ?? null,
    image?.args ?? null,
    idsOf(credentials),
    [credentials.capEffectiveHigh >>> 0, credentials.capEffectiveLow >>> 0],
    [credentials.capPermittedHigh >>> 0, credentials.capPermittedLow >>> 0],
  ]);
}

function idsOf({ uid, gid, euid, egid, suid, sgid }: Credentials): readonly number[] {
  return [uid, gid, euid, egid, suid, sgid];
}
