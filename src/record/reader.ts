import type { layout } from "./layout.ts";
import {
  type FileIdentity,
  GROUPS_MAX,
  type Moment,
  type Pid,
  type TaskRef,
  type TaskState,
  type Ticks,
} from "./record.ts";

/*
 * HOT PATH: three records a lifecycle, budget 1 us for all of them. Fields are read as 32-bit words of one Uint32Array at offsets
 * that travel with the records, so a recording of an older mayfly is read by its own layout.
 */

/** Byte offsets by field name, as src/record/layout.ts; -1 for a field that an older recording does not have. */
export type Layout = { readonly [S in keyof typeof layout]: { readonly [F in keyof (typeof layout)[S]]: number } };
type Offsets<S extends keyof Layout> = Layout[S];

const TWO_32 = 0x1_0000_0000;

export function word(words: Uint32Array, base: number, offset: number): number {
  return offset < 0 ? 0 : (words[(base + offset) >>> 2] as number);
}

/** A u64 below 2^53, exact; above it (inode numbers of some filesystems, cgroup ids never) the nearest double. */
export function long(words: Uint32Array, base: number, offset: number): number {
  if (offset < 0) return 0;
  const at = (base + offset) >>> 2;
  return (words[at + 1] as number) * TWO_32 + (words[at] as number);
}

export function moment(words: Uint32Array, base: number, offset: number): Moment {
  return { seconds: word(words, base, offset), nanos: word(words, base, offset < 0 ? offset : offset + 4) };
}

const NANOS = 1_000_000_000;

/** Whether the nanoseconds of these times are below a second, as whoever writes a time as text relies on. */
export function areMoments(words: Uint32Array, base: number, a: number, b: number, c = -1, d = -1): boolean {
  return isMoment(words, base, a) && isMoment(words, base, b) && isMoment(words, base, c) && isMoment(words, base, d);
}

function isMoment(words: Uint32Array, base: number, offset: number): boolean {
  return offset < 0 || word(words, base, offset + 4) < NANOS;
}

export function taskRef(words: Uint32Array, base: number, start: number, ticks: number, pid: number): TaskRef {
  return {
    pid: word(words, base, pid) as Pid,
    startTicks: long(words, base, ticks) as Ticks,
    start: moment(words, base, start),
  };
}

export function taskState(
  words: Uint32Array,
  base: number,
  at: Offsets<"fork" | "exec" | "exit" | "change">,
): TaskState {
  return {
    uid: word(words, base, at.stateUid),
    gid: word(words, base, at.stateGid),
    euid: word(words, base, at.stateEuid),
    egid: word(words, base, at.stateEgid),
    suid: word(words, base, at.stateSuid),
    sgid: word(words, base, at.stateSgid),
    capEffectiveLow: word(words, base, at.stateCapEffective),
    capEffectiveHigh: word(words, base + 4, at.stateCapEffective),
    capPermittedLow: word(words, base, at.stateCapPermitted),
    capPermittedHigh: word(words, base + 4, at.stateCapPermitted),
    cgroupId: long(words, base, at.stateCgroupId),
    session: word(words, base, at.stateSession) as Pid,
    processGroup: word(words, base, at.stateProcessGroup) as Pid,
    ttyMajor: word(words, base, at.stateTtyMajor),
    ttyMinor: word(words, base, at.stateTtyMinor),
    vpid: word(words, base, at.stateVpid),
    mntNs: word(words, base, at.stateMntNs),
    pidNs: word(words, base, at.statePidNs),
    userNs: word(words, base, at.stateUserNs),
    netNs: word(words, base, at.stateNetNs),
    utsNs: word(words, base, at.stateUtsNs),
    ipcNs: word(words, base, at.stateIpcNs),
    cgroupNs: word(words, base, at.stateCgroupNs),
  };
}

export function groupIds(
  words: Uint32Array,
  base: number,
  at: Offsets<"exec" | "change">,
): readonly number[] | undefined {
  if (at.groupsCount < 0 || at.groupsIds < 0) return undefined;
  const count = word(words, base, at.groupsCount);
  if (count === 0) return NO_GROUPS;
  if (count > GROUPS_MAX) return undefined;
  const ids = new Array<number>(count);
  for (let i = 0; i < count; i++) ids[i] = word(words, base + i * 4, at.groupsIds);
  return ids;
}

const NO_GROUPS: readonly number[] = Object.freeze([]);

/**
 * The name of a task. A few names stand in nearly all records, so the text of each is kept in a slot that its words choose: a hit costs
 * 10 ns, decoding 80.
 */
export function commText(words: Uint32Array, base: number, offset: number, buffer: Buffer): string {
  if (offset < 0) return "";
  const at = (base + offset) >>> 2;
  const a = words[at] as number;
  const b = words[at + 1] as number;
  const c = words[at + 2] as number;
  const d = words[at + 3] as number;
  const slot = Math.imul(a ^ Math.imul(b, 31) ^ Math.imul(c, 961) ^ d, 0x9e3779b1) >>> (32 - COMM_BITS);
  const known = slot << 2;
  if (commWords[known] === a && commWords[known + 1] === b && commWords[known + 2] === c && commWords[known + 3] === d)
    return commTexts[slot] as string;
  const bytes = buffer.subarray(base + offset, base + offset + 16);
  const nul = bytes.indexOf(0);
  const text = bytes.toString("utf8", 0, nul < 0 ? 16 : nul);
  commWords.set([a, b, c, d], known);
  commTexts[slot] = text;
  return text;
}

const COMM_BITS = 8;
const commWords = new Uint32Array(4 << COMM_BITS);
const commTexts = new Array<string>(1 << COMM_BITS).fill("");

export function fileIdentity(words: Uint32Array, base: number, at: Offsets<"exec">): FileIdentity {
  return {
    inode: long(words, base, at.fileInode),
    size: long(words, base, at.fileSize),
    mtimeSeconds: long(words, base, at.fileMtimeSeconds),
    mtimeNanos: word(words, base, at.fileMtimeNanos),
    ctimeSeconds: long(words, base, at.fileCtimeSeconds),
    ctimeNanos: word(words, base, at.fileCtimeNanos),
    device: word(words, base, at.fileDevice),
    mode: word(words, base, at.fileMode),
    uid: word(words, base, at.fileUid),
    gid: word(words, base, at.fileGid),
    nlink: word(words, base, at.fileNlink),
  };
}
