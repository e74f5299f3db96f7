import { Encoder } from "../record/encode.ts";
import { layout } from "../record/layout.ts";
import type { ExecRecord, ExitRecord, ForkRecord, Pid, TaskRef, TaskState, Ticks } from "../record/record.ts";

/*
 * Records of processes that never were, of the shapes that are usual: what V8 has not met while it warms up, it gives up its fast code
 * for when it comes. Beneath an init that a scan found, two shells of one session (the second leads a group of its own) and their children
 * one after the other: short and long lives, with and without exec, twice exec'ed, failed, killed, from a terminal, of an unknown
 * parent or session, leading a group or a session of their own.
 */

/** Of the boot clock, in milliseconds: not whole ones, or V8 prepares for integers only. */
const FIRST_MS = 400_000.123_457;
const STEP_MS = 7.345_679;
/** Long lives end this long after the last began: beyond the hold. */
const LATER_MS = 1100;
/** From the first life of one generation to that of the next. */
const GENERATION_SECONDS = 3;
const TICKS_PER_SECOND = 100;
const PROGRAMS = 50;

/** The mount namespace of all of them: where it is the looker's own, their paths lead to their files. */
export const MADE_UP_MNT_NS = 1;

/**
 * Lives by the hundred. A generation is encoded once, which costs more than all that is done with it, and is the next one when its
 * times are moved on.
 */
export class MadeUpLives {
  /** Lives in a generation. */
  static readonly count = 100;
  readonly #generation: ArrayBuffer;

  constructor() {
    const encoder = new Encoder();
    for (let number = 0; number < MadeUpLives.count; number++) encodeLife(encoder, number);
    const end = msOf(MadeUpLives.count) + LATER_MS;
    for (let number = 0; number < MadeUpLives.count; number++)
      if (isLong(number)) encoder.exit(exitOf(number, end + number * 0.01, 0));
    this.#generation = encoder.take();
  }

  /** Those whom all others come from. Before the first generation. */
  ancestors(): ArrayBuffer {
    const encoder = new Encoder();
    encodeShells(encoder);
    return encoder.take();
  }

  /** The next generation: the same processes, later. */
  next(): ArrayBuffer {
    const at = layout.fork;
    const words = new Uint32Array(this.#generation);
    const add = (place: number, much: number): void => {
      words[place >>> 2] = (words[place >>> 2] ?? 0) + much;
    };
    for (let base = 0; base < this.#generation.byteLength; base += words[(base + at.headerSize) >>> 2] ?? 8) {
      add(base + at.headerTimeSeconds, GENERATION_SECONDS);
      add(base + at.headerStartSeconds, GENERATION_SECONDS);
      add(base + at.headerStartTicks, GENERATION_SECONDS * TICKS_PER_SECOND);
    }
    return this.#generation.slice(0);
  }
}

function encodeLife(encoder: Encoder, number: number): void {
  const ms = msOf(number);
  encoder.fork(forkOf(number, ms));
  const tool = number % PROGRAMS;
  const args = ["tool", "-o", `file${number}`];
  if (number % 8 !== 7) encoder.exec(execOf(child(number), ms + 0.2, tool, args, stateOf(number, true)));
  if (number % 16 === 9) encoder.exec(execOf(child(number), ms + 0.4, PROGRAMS, ["env"], stateOf(number, true)));
  if (!isLong(number)) encoder.exit(exitOf(number, ms + 0.9, [0, 0, 0, 256, 9, 139][number % 6] ?? 0));
}

const NOBODY = refAt(0, 0);
const INIT = refAt(1, 20.5);
const SHELL = refAt(2, FIRST_MS);
const SECOND_SHELL = refAt(3, FIRST_MS);
/** Nobody has met it. */
const UNKNOWN = refAt(1999, 1234.5);
const FIRST_CHILD = 4;

function encodeShells(encoder: Encoder): void {
  const time = at(FIRST_MS);
  encoder.task({ ...execOf(INIT, FIRST_MS, 0, ["init"], stateIn(1, 1, 0)), parent: NOBODY });
  encoder.scanned({ time, realtime: { seconds: time.seconds + 1_700_000_000, nanos: time.nanos }, pageSize: 4096 });
  for (const [shell, group] of [
    [SHELL, SHELL.pid],
    [SECOND_SHELL, SECOND_SHELL.pid],
  ] as const) {
    const state = stateIn(SHELL.pid, group, 0);
    encoder.fork({ ...shell, time, tid: shell.pid, state: stateIn(1, 1, 0), parent: INIT, creator: INIT });
    encoder.exec(execOf(shell, FIRST_MS, PROGRAMS + 1, ["sh", "-c", "make"], state));
  }
}

function isLong(number: number): boolean {
  return number % 16 === 3;
}

function msOf(number: number): number {
  return FIRST_MS + (number + 1) * STEP_MS;
}

function child(number: number): TaskRef {
  return refAt(FIRST_CHILD + number, msOf(number) - 0.05);
}

function refAt(pid: number, ms: number): TaskRef {
  return { pid: pid as Pid, startTicks: Math.floor(ms / 10) as Ticks, start: at(ms) };
}

function at(ms: number): TaskRef["start"] {
  const seconds = Math.floor(ms / 1000);
  return { seconds, nanos: Math.floor((ms - seconds * 1000) * 1_000_000) };
}

/** @param own from its exec on some lead a group, or a session */
function stateOf(number: number, own: boolean): TaskState {
  const { pid } = child(number);
  const group = number % 2 === 0 ? SHELL.pid : SECOND_SHELL.pid;
  const uid = number % 8 === 1 ? 1000 : 0;
  if (own && number % 16 === 5) return stateIn(pid, pid, uid);
  if (number % 32 === 28) return stateIn(UNKNOWN.pid, UNKNOWN.pid, uid);
  return { ...stateIn(SHELL.pid, own && number % 4 === 2 ? pid : group, uid), ttyMajor: number % 8 === 0 ? 136 : 0 };
}

function stateIn(session: number, processGroup: number, uid: number): TaskState {
  const low = uid === 0 ? ~0 >>> 0 : 0;
  const high = uid === 0 ? 511 : 0;
  const namespaces = { mntNs: MADE_UP_MNT_NS, pidNs: 2, userNs: 3, netNs: 4, utsNs: 5, ipcNs: 6, cgroupNs: 7 };
  return {
    ...{ uid, gid: uid, euid: uid, egid: uid, suid: uid, sgid: uid },
    ...{ capEffectiveLow: low, capEffectiveHigh: high, capPermittedLow: low, capPermittedHigh: high },
    ...{ session: session as Pid, processGroup: processGroup as Pid, ttyMajor: 0, ttyMinor: 1, vpid: 2, cgroupId: 1 },
    ...namespaces,
  };
}

function forkOf(number: number, ms: number): ForkRecord {
  const known = number % 2 === 0 ? SHELL : SECOND_SHELL;
  const parent = number % 32 === 5 ? UNKNOWN : known;
  const process = child(number);
  return { ...process, time: at(ms), tid: process.pid, state: stateOf(number, false), parent, creator: parent };
}

function execOf(process: TaskRef, ms: number, file: number, args: readonly string[], state: TaskState): ExecRecord {
  const times = { mtimeSeconds: 1_700_000_000, mtimeNanos: 123, ctimeSeconds: 1_700_000_000, ctimeNanos: 456 };
  return {
    ...process,
    ...{ time: at(ms), tid: process.pid, state, parent: NOBODY, flags: 0 },
    file: { inode: 5000 + file, size: 123_456, ...times, device: 2 ** 20, mode: 0o100755, uid: 0, gid: 0, nlink: 1 },
    ...{ executable: `/usr/bin/tool${file}`, workingDirectory: "/root", asked: undefined },
    ...{ args, argsCount: args.length, argsLength: args.join("\0").length + 1 },
    env: file % 8 === 1 ? ["SSH_CONNECTION=192.0.2.1 50000 192.0.2.2 22"] : undefined,
    groups: [state.gid],
    comm: `tool${file}`,
  };
}

function exitOf(number: number, ms: number, status: number): ExitRecord {
  const process = child(number);
  return {
    ...process,
    ...{ time: at(ms), tid: process.pid, state: stateOf(number, number % 8 !== 7), status, flags: 0 },
    ...{ user: { seconds: 0, nanos: 400_000 }, system: { seconds: 0, nanos: 300_000 } },
    ...{ maxRssPages: 300, minorFaults: 40, majorFaults: 0, readBytes: 0, writeBytes: 0 },
    ...{ voluntarySwitches: 1, involuntarySwitches: 1, comm: `tool${number % PROGRAMS}` },
  };
}
