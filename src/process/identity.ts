import { createHash } from "node:crypto";
import type { Pid, Ticks } from "../record/record.ts";
import { base64Group, base64Id } from "./base64.ts";

/*
 * process.entity_id (docs/identity.md): 18 bytes, base64url, 24 characters.
 *
 *   bytes   0..7   8..11   12..17
 *           hash   pid     ticks        pid u32 and ticks u48, both big-endian
 *
 * Hot path: once per new process.
 */
export class EntityIds {
  /** The first 8 bytes of SHA-256 over machine-id, boot-id and salt; event.id carries the first 6 of them. */
  readonly hash: Uint8Array;
  readonly #first: number;
  readonly #second: number;
  /** The last two bytes of the hash, which share the third group with the highest byte of the pid. */
  readonly #seam: number;

  /**
   * @param machineId text of /etc/machine-id, without the newline; "" where the host has none
   * @param bootId text of /proc/sys/kernel/random/boot_id, without the newline
   * @param salt `identity.salt` of the config: tells machines apart that were cloned or resumed from one memory image
   */
  constructor(machineId: string, bootId: string, salt = "") {
    this.hash = hostAndBoot(machineId, bootId, salt);
    this.#first = base64Group(this.hash, 0);
    this.#second = base64Group(this.hash, 3);
    this.#seam = base64Group(this.hash, 6);
  }

  /**
   * The id of a process.
   * @param pid in the initial pid namespace, below 2^32
   * @param ticks start time in 10 ms since boot, below 2^48
   */
  of(pid: Pid, ticks: Ticks): string {
    const low = ticks % 0x100_0000;
    const high = (ticks - low) / 0x100_0000;
    return base64Id(this.#first, this.#second, this.#seam | (pid >>> 24), pid, high, low);
  }
}

/** The texts joined by newlines, which none of them contains; a salt of "" is no salt. */
function hostAndBoot(machineId: string, bootId: string, salt: string): Uint8Array {
  const texts = salt === "" ? [machineId, bootId] : [machineId, bootId, salt];
  return new Uint8Array(createHash("sha256").update(texts.join("\n"), "utf8").digest().subarray(0, 8));
}
