import { Clock } from "../../src/process/clock.ts";
import { EntityIds } from "../../src/process/identity.ts";
import type { Lifecycle } from "../../src/process/lifecycle.ts";
import { Tracker } from "../../src/process/tracker.ts";
import type {
  ChangeRecord,
  ClockRecord,
  ExecRecord,
  ExitRecord,
  ForkRecord,
  Moment,
  Pid,
  TaskRef,
  TaskState,
  Ticks,
} from "../../src/record/record.ts";

/** Boot clock of the world, in milliseconds, to the moment of a record. */
export function at(ms: number): Moment {
  return { seconds: Math.floor(ms / 1000), nanos: Math.round((ms % 1000) * 1e6) };
}

export function ref(pid: number, startMs: number): TaskRef {
  return { pid: pid as Pid, startTicks: Math.floor(startMs / 10) as Ticks, start: at(startMs) };
}

export const NOBODY: TaskRef = ref(0, 0);

export function state(over: Partial<TaskState> = {}): TaskState {
  return {
    uid: 0,
    gid: 0,
    euid: 0,
    egid: 0,
    suid: 0,
    sgid: 0,
    capEffectiveLow: 0,
    capEffectiveHigh: 0,
    capPermittedLow: 0,
    capPermittedHigh: 0,
    cgroupId: 1,
    session: 1 as Pid,
    processGroup: 1 as Pid,
    ttyMajor: 0,
    ttyMinor: 0,
    vpid: 1,
    mntNs: 1,
    pidNs: 2,
    userNs: 3,
    netNs: 4,
    utsNs: 5,
    ipcNs: 6,
    cgroupNs: 7,
    ...over,
  };
}

export function fork(child: TaskRef, creator: TaskRef, ms: number, over: Partial<ForkRecord> = {}): ForkRecord {
  return { ...child, time: at(ms), tid: child.pid, state: state(), parent: creator, creator, ...over };
}

export function exec(process: TaskRef, executable: string, ms: number, over: Partial<ExecRecord> = {}): ExecRecord {
  const args = [executable.slice(executable.lastIndexOf("/") + 1)];
  return {
    ...process,
    time: at(ms),
    tid: process.pid,
    state: state(),
    parent: NOBODY,
    flags: 0,
    file: undefined,
    executable,
    workingDirectory: "/",
    asked: undefined,
    args,
    argsCount: args.length,
    argsLength: args.join("\0").length + 1,
    env: undefined,
    groups: [],
    comm: args[0] ?? "",
    ...over,
  };
}

export function change(process: TaskRef, ms: number, now: Partial<TaskState>): ChangeRecord {
  return { ...process, time: at(ms), tid: process.pid, state: state(now), groups: [] };
}

export function exit(process: TaskRef, status: number, ms: number, over: Partial<ExitRecord> = {}): ExitRecord {
  return {
    ...process,
    time: at(ms),
    tid: process.pid,
    state: state(),
    status,
    flags: 0,
    user: at(1),
    system: at(2),
    maxRssPages: 10,
    minorFaults: 11,
    majorFaults: 12,
    readBytes: 13,
    writeBytes: 14,
    voluntarySwitches: 15,
    involuntarySwitches: 16,
    comm: "",
    ...over,
  };
}

export function clock(ms: number): ClockRecord {
  return {
    time: at(ms),
    realtime: { seconds: 1_700_000_000 + Math.floor(ms / 1000), nanos: at(ms).nanos },
    pageSize: 4096,
  };
}

export interface World {
  readonly tracker: Tracker;
  readonly lives: Lifecycle[];
}

/** A tracker with nothing behind it but a list. */
export function world(hold = 1000, maxPending = 65_536, maxProcesses = 100_000, merge = true): World {
  const lives: Lifecycle[] = [];
  const ids = new EntityIds("0123456789abcdef0123456789abcdef", "00000000-0000-4000-8000-000000000000");
  const tracker = new Tracker(
    { hold, maxPending, maxProcesses, tellFound: true, merge },
    new Clock({ seconds: 1_700_000_000, nanos: 0 }),
    ids,
    {
      onLife: (life) => {
        lives.push({ ...life });
      },
    },
  );
  return { tracker, lives };
}

/** Everything still held, too. */
export function finish({ tracker, lives }: World): Lifecycle[] {
  while (tracker.aggregation.flush(1000));
  return lives;
}
