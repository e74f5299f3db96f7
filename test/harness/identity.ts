import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";

/*
 * process.entity_id and event.id worked out once more, from the words of their definition and not from the collector's
 * code: stored data depends on them, so a test must notice when they change.
 */

/** A process as /proc names it. */
export interface ProcIdentity {
  readonly pid: number;
  /** Field 22 of /proc/PID/stat, ticks of 10 ms. */
  readonly startTicks: number;
}

/** A container often has no machine-id; nothing stands for it then. */
const machineId = existsSync("/etc/machine-id") ? readFileSync("/etc/machine-id", "utf8").trim() : "";
const bootId = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
let hostAndBoot = hashOf(machineId, bootId);

function hashOf(machine: string, boot: string): Buffer {
  return createHash("sha256").update(`${machine}\n${boot}`).digest();
}

/** From now on ids are those of another host: the one that a recording is of. */
export function identifyAs(host: { readonly machineId: string; readonly bootId: string }): void {
  hostAndBoot = hashOf(host.machineId, host.bootId);
}

/** 8 bytes host and boot, 4 bytes pid, 6 bytes start ticks, as base64url. */
export function entityId({ pid, startTicks }: ProcIdentity): string {
  const bytes = Buffer.alloc(18);
  hostAndBoot.copy(bytes, 0, 0, 8);
  bytes.writeUInt32BE(pid, 8);
  bytes.writeUIntBE(startTicks, 12, 6);
  return bytes.toString("base64url");
}

/** event.id taken apart. */
export interface EventIdParts {
  /** Microseconds since the epoch. */
  readonly micros: number;
  readonly sameHost: boolean;
  readonly pid: number;
  /** fork 1, exec 2, end 4. */
  readonly transitions: number;
}

/** Of a document that is not about a found process (theirs end in a hash). */
export function readEventId(id: string): EventIdParts {
  const bytes = Buffer.from(id, "base64url");
  return {
    micros: bytes.readUIntBE(0, 1) * 2 ** 48 + bytes.readUIntBE(1, 6),
    sameHost: bytes.subarray(7, 13).equals(hostAndBoot.subarray(0, 6)),
    pid: bytes.readUInt32BE(13),
    transitions: bytes.readUInt8(17),
  };
}

/** Of a process that lives now; undefined when it does not. */
export function procIdentity(pid: number): (ProcIdentity & { readonly ppid: number }) | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return undefined;
  }
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return { pid, ppid: Number(fields[1]), startTicks: Number(fields[19]) };
}

/** Entity ids of the living ancestors of `pid`, nearest first. */
export function ancestorIds(pid: number): string[] {
  const ids: string[] = [];
  for (let next = procIdentity(pid)?.ppid ?? 0; next !== 0; ) {
    const ancestor = procIdentity(next);
    if (ancestor === undefined) break;
    ids.push(entityId(ancestor));
    next = ancestor.ppid;
  }
  return ids;
}
