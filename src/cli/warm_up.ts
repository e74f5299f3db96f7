import { closeSync, openSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { DocumentWriter } from "../../ecs/document.ts";
import { ConsoleOutput } from "../output/console.ts";
import { Clock } from "../process/clock.ts";
import type { EntityIds } from "../process/identity.ts";
import { Tracker } from "../process/tracker.ts";
import { Decoder } from "../record/decode.ts";
import { Encoder } from "../record/encode.ts";
import { layout } from "../record/layout.ts";
import type { ExecRecord, ExitRecord, ForkRecord, Pid, TaskRef, TaskState, Ticks } from "../record/record.ts";
import type { Log } from "../telemetry/log.ts";
import { DocumentSink } from "./sink.ts";

/*
 * V8 runs new code slowly for its first 10,000 lives or so (27 us of CPU each, 9 later; 170 ms in all). A storm right after the
 * start would meet the slow code just when it should be fast. So made-up lives are sent down the same line first, in the
 * quiet moments after the start, into a writer of their own: nothing of them is counted, kept or written.
 */

const LIVES = 5000;
const LIVES_A_TURN = 50;
/** Between two turns of about 1 ms each, so that what really happens is not held up. */
const TURN_EVERY_MS = 4;

/**
 * @param writer one that is thrown away: its sequence is used up
 * @param merge as the writer's profile wants it (AggregationSettings)
 */
export function warmUp(writer: DocumentWriter, ids: EntityIds, log: Log, merge: boolean): { cancel(): void } {
  const fd = openSync("/dev/null", "w");
  const nowhere = new ConsoleOutput({}, fd);
  const tracker = new Tracker(
    { hold: 1000, maxPending: 1024, maxProcesses: 1024, tellFound: false, merge },
    new Clock({ seconds: 1_700_000_000, nanos: 654_321_987 }),
    ids,
    new DocumentSink(writer, [nowhere], log),
  );
  const decoder = new Decoder(layout, tracker);
  const encoder = new Encoder();
  let made = 0;
  let ended = false;
  const cancel = (): void => {
    if (ended) return;
    ended = true;
    clearInterval(timer);
    void nowhere.close().then(() => closeSync(fd));
  };
  const timer = setInterval(() => {
    for (let i = 0; i < LIVES_A_TURN; i++) encodeLife(encoder, made++);
    decoder.decode(encoder.take());
    if (made < LIVES) return;
    cancel();
    collectGarbage();
  }, TURN_EVERY_MS);
  timer.unref();
  return { cancel };
}

/**
 * One full collection, 18 ms: what the start and the made-up lives left behind is 35 MiB, which V8 would keep until the heap
 * has doubled. There is no other way to ask for it than the function that --expose-gc gives to new contexts.
 */
function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  setFlagsFromString("--compact-on-every-full-gc");
  const collect = runInNewContext("gc") as () => void;

  collect();
  setFlagsFromString("--no-compact-on-every-full-gc");
  setFlagsFromString("--no-expose-gc");
}

/**
 * Keeps the space for new objects at the 8 MiB that the start has made of it: V8 would double it twice under load (60 MiB of
 * memory that it seldom gives back) and gain nothing measurable.
 */
export function keepYoungGeneration(): void {
  setFlagsFromString("--semi-space-growth-factor=1");
}

/** Of the boot clock, in milliseconds: not whole ones, or V8 prepares for integers only. */
const FIRST_MS = 400_000.123_457;
const STEP_MS = 2.345_679;
/** A long life ends this many lives later: beyond the hold. */
const LONG = 700;

/**
 * A shell, and its children one after the other, of the shapes that are usual: short and long lives, with and without exec,
 * twice exec'ed, failed, killed, from a terminal, of an unknown parent.
 */
function encodeLife(encoder: Encoder, number: number): void {
  const shell = refAt(2, FIRST_MS);
  const ms = FIRST_MS + (number + 1) * STEP_MS;
  if (number === 0) encoder.exec(execOf(shell, FIRST_MS, "/bin/sh", ["sh", "-c", "make"]));
  if (number >= LONG && isLong(number - LONG)) encoder.exit(exitOf(childOf(number - LONG), ms, 0));
  const child = childOf(number);
  const parent = number % 32 === 5 ? refAt(1999, 1234.5) : shell;
  encoder.fork(forkOf(child, parent, ms, number % 4 === 0));
  if (number % 8 !== 7)
    encoder.exec(execOf(child, ms + 0.2, `/usr/bin/tool${number % 50}`, ["tool", "-o", `file${number}`]));
  if (number % 16 === 9) encoder.exec(execOf(child, ms + 0.4, "/usr/bin/env", ["env"]));
  if (!isLong(number)) encoder.exit(exitOf(child, ms + 0.9, [0, 0, 0, 256, 9, 139][number % 6] ?? 0));
}

function isLong(number: number): boolean {
  return number % 16 === 3;
}

function childOf(number: number): TaskRef {
  return refAt(3 + (number % 1000), FIRST_MS + (number + 1) * STEP_MS - 0.05);
}

function refAt(pid: number, ms: number): TaskRef {
  const seconds = Math.floor(ms / 1000);
  const start = { seconds, nanos: Math.floor((ms - seconds * 1000) * 1_000_000) };
  return { pid: pid as Pid, startTicks: Math.floor(ms / 10) as Ticks, start };
}

function stateOf(isTerminal: boolean): TaskState {
  const [ttyMajor, ttyMinor] = isTerminal ? [136, 1] : [0, 0];
  const ids = { uid: 0, gid: 0, euid: 0, egid: 0, suid: 0, sgid: 0 };
  const capabilities = {
    capEffectiveLow: ~0 >>> 0,
    capEffectiveHigh: 511,
    capPermittedLow: ~0 >>> 0,
    capPermittedHigh: 511,
  };
  const namespaces = { mntNs: 1, pidNs: 2, userNs: 3, netNs: 4, utsNs: 5, ipcNs: 6, cgroupNs: 7 };
  const group = { session: 2 as Pid, processGroup: 2 as Pid, ttyMajor, ttyMinor, vpid: 2, cgroupId: 1 };
  return { ...ids, ...capabilities, ...group, ...namespaces };
}

const NO_GROUPS: readonly number[] = [];

function forkOf(child: TaskRef, parent: TaskRef, ms: number, isTerminal: boolean): ForkRecord {
  return { ...child, time: refAt(0, ms).start, tid: child.pid, state: stateOf(isTerminal), parent, creator: parent };
}

function execOf(process: TaskRef, ms: number, executable: string, args: readonly string[]): ExecRecord {
  return {
    ...process,
    time: refAt(0, ms).start,
    tid: process.pid,
    state: stateOf(false),
    parent: refAt(0, 0),
    flags: 0,
    file: {
      inode: 1,
      size: 1,
      mtimeSeconds: 1,
      mtimeNanos: 1,
      ctimeSeconds: 1,
      ctimeNanos: 1,
      device: 1,
      mode: 0o100755,
      uid: 0,
      gid: 0,
      nlink: 1,
    },
    executable,
    workingDirectory: "/root",
    asked: undefined,
    args,
    argsCount: args.length,
    argsLength: args.join("\0").length + 1,
    env: undefined,
    groups: NO_GROUPS,
    comm: "true",
  };
}

function exitOf(process: TaskRef, ms: number, status: number): ExitRecord {
  return {
    ...process,
    time: refAt(0, ms).start,
    tid: process.pid,
    state: stateOf(false),
    status,
    flags: 0,
    user: { seconds: 0, nanos: 400_000 },
    system: { seconds: 0, nanos: 300_000 },
    maxRssPages: 300,
    minorFaults: 40,
    majorFaults: 0,
    readBytes: 0,
    writeBytes: 0,
    voluntarySwitches: 1,
    involuntarySwitches: 1,
    comm: "true",
  };
}
