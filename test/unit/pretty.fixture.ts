import type { Terminal } from "../../src/cli/pretty/style.ts";
import { Style } from "../../src/cli/pretty/style.ts";
import type { Identity, Image, Parent } from "../../src/process/facts.ts";
import { Instant } from "../../src/process/instant.ts";
import type { Exit, Lifecycle } from "../../src/process/lifecycle.ts";
import { Transition } from "../../src/process/lifecycle.ts";
import type { Pid, Ticks } from "../../src/record/record.ts";

/** 09:42:02 UTC. */
export const MORNING = 1_795_254_122;

export interface LifeOptions {
  readonly pid?: number;
  readonly parent?: Lifecycle;
  readonly args?: readonly string[];
  readonly executable?: string;
  /** Default: fork, exec, end. */
  readonly transitions?: number;
  /** As wait(2) gives it; default 0. null: the end was not seen. */
  readonly status?: number | null;
  readonly startMs?: number;
  readonly ms?: number;
  readonly userMs?: number;
  readonly systemMs?: number;
  readonly rss?: number;
  readonly uid?: number;
}

export const WHOLE = Transition.fork | Transition.exec | Transition.end;

let nextPid = 1000;

export function life(options: LifeOptions = {}): Lifecycle {
  const transitions = options.transitions ?? WHOLE;
  const identity = identityOf(options.pid ?? nextPid++, options.startMs ?? 0);
  const args = options.args ?? ["/bin/true"];
  const ends = (transitions & Transition.end) !== 0;
  return {
    identity,
    since: 0,
    origin: {
      parent: options.parent === undefined ? undefined : parentOf(options.parent),
      ancestry: [],
      rendered: undefined,
    },
    image: imageOf(options.executable ?? args[0] ?? "/bin/true", args),
    replaced: undefined,
    leaders: {
      ...{ session: undefined, group: undefined, entry: undefined, entryType: undefined, sourceIp: undefined },
      rendered: undefined,
    },
    credentials: {
      uid: options.uid ?? 0,
      gid: 0,
      euid: options.uid ?? 0,
      egid: 0,
      suid: 0,
      sgid: 0,
      capEffectiveLow: 0,
      capEffectiveHigh: 0,
      capPermittedLow: 0,
      capPermittedHigh: 0,
      groups: [],
      mntNs: 1,
      userNs: 1,
      names: undefined,
      rendered: undefined,
    },
    comm: undefined,
    session: { session: 1 as Pid, processGroup: 1 as Pid, ttyMajor: 0, ttyMinor: 0 },
    transitions,
    time: identity.start,
    exit: ends ? exitOf(options, identity) : undefined,
    ownImage: (transitions & Transition.exec) !== 0,
    quality: 0,
    followed: false,
  };
}

/** A terminal of 80 columns with UTF-8 and without colour, unless told otherwise. */
export function styleOf(
  columns: number | undefined = 80,
  env: Terminal["env"] = { LANG: "C.UTF-8", NO_COLOR: "1" },
): Style {
  return new Style({ env, isTTY: true, columns: () => columns, rows: () => 24 });
}

function identityOf(pid: number, startMs: number): Identity {
  const start = new Instant(MORNING + Math.floor(startMs / 1000), (startMs % 1000) * 1e6);
  return {
    pid: pid as Pid,
    startTicks: Math.floor(startMs / 10) as Ticks,
    start,
    entityId: `${pid}@${startMs}`,
    vpid: undefined,
  };
}

function parentOf({ identity, image, credentials, session }: Lifecycle): Parent {
  return { identity, image, ownImage: true, credentials, session, groupLeader: undefined, sessionLeader: undefined };
}

function imageOf(executable: string, args: readonly string[]): Image {
  return {
    executable,
    name: executable.slice(executable.lastIndexOf("/") + 1),
    args,
    argsCount: args.length,
    argsLength: 0,
    commandLine: args.join(" "),
    workingDirectory: "/",
    scriptPath: undefined,
    env: undefined,
    deleted: false,
    memfd: false,
    file: undefined,
    cgroupId: 1,
    namespaces: { mnt: 1, pid: 1, user: 1, net: 1, uts: 1, ipc: 1, cgroup: 1 },
    quality: 0,
    findings: undefined,
    rendered: undefined,
    renderedReplaced: undefined,
  };
}

function exitOf(options: LifeOptions, { start }: Identity): Exit {
  const ms = options.ms ?? 1;
  const usage = {
    userSeconds: Math.floor((options.userMs ?? 0) / 1000),
    userNanos: ((options.userMs ?? 0) % 1000) * 1e6,
    systemSeconds: Math.floor((options.systemMs ?? 0) / 1000),
    systemNanos: ((options.systemMs ?? 0) % 1000) * 1e6,
    maxRssBytes: options.rss ?? 0,
    minorFaults: 0,
    majorFaults: 0,
    readBytes: 0,
    writeBytes: 0,
    voluntarySwitches: 0,
    involuntarySwitches: 0,
  };
  return {
    time: start,
    status: options.status === null ? undefined : (options.status ?? 0),
    usage: options.status === null ? undefined : usage,
    durationSeconds: Math.floor(ms / 1000),
    durationNanos: (ms % 1000) * 1e6,
  };
}
