import { agentOn } from "../../ecs/agent.ts";
import type { WriterOptions } from "../../ecs/document.ts";
import type { Host } from "../../src/enrich/host.ts";
import type {
  CredentialNames,
  Credentials,
  Findings,
  Identity,
  Image,
  Leader,
  Leaders,
  Origin,
  Parent,
  Session,
} from "../../src/process/facts.ts";
import { EntityIds } from "../../src/process/identity.ts";
import { Instant } from "../../src/process/instant.ts";
import { type Exit, type Lifecycle, Transition, type Usage } from "../../src/process/lifecycle.ts";
import type { Pid, Ticks } from "../../src/record/record.ts";

/* Lives to write documents of. Every function gives a plain example and takes what shall be different. */

export const host: Host = {
  id: "0123456789abcdef0123456789abcdef",
  machineId: "0123456789abcdef0123456789abcdef",
  bootId: "5a9f0c4e-8a51-4b8f-9a53-0d0c6f1c2b3a",
  name: "build-7",
  hostname: "Build-7",
  architecture: "x86_64",
  ip: ["192.0.2.7", "2001:db8::7", "fe80::200:5eff:fe00:5323"],
  mac: ["00-00-5E-00-53-23"],
  os: {
    type: "linux",
    platform: "debian",
    family: "debian",
    name: "Debian GNU/Linux",
    version: "12 (bookworm)",
    full: "Debian GNU/Linux 12 (bookworm)",
    kernel: "6.1.0-28-amd64",
  },
  warning: undefined,
};

export const entityIds = new EntityIds(host.machineId ?? "", host.bootId);
export const agent = agentOn(host, "0.1.0", "9b2f7c1e-3d54-4a86-8f10-6e7d8c9b0a1f");

/** 2026-11-21T09:42:02Z, the second in which all examples begin. */
export const second = 1_795_254_122;

export function options(changed: Partial<WriterOptions> = {}): WriterOptions {
  return {
    profile: "lifecycle",
    host,
    hostFields: "full",
    agent,
    hash: entityIds.hash,
    now: () => new Instant(second + 1, 250_000_000),
    ...changed,
  };
}

export function identity(pid: number, ticks = 1_234_567, start = new Instant(second, 120_000_789)): Identity {
  return {
    pid: pid as Pid,
    startTicks: ticks as Ticks,
    start,
    entityId: entityIds.of(pid as Pid, ticks as Ticks),
    vpid: undefined,
  };
}

/** The facts that follow from the arguments follow from those given. */
export function image(changed: Partial<Image> = {}): Image {
  const args = "args" in changed ? changed.args : ["grep", "-rn", "TODO", "src"];
  return {
    executable: "/usr/bin/grep",
    name: "grep",
    args,
    argsCount: args?.length,
    argsLength: args === undefined ? 0 : args.reduce((bytes, arg) => bytes + Buffer.byteLength(arg) + 1, 0),
    commandLine: args?.join(" "),
    workingDirectory: "/home/ada/project",
    scriptPath: undefined,
    env: undefined,
    deleted: false,
    memfd: false,
    file: undefined,
    cgroupId: 4711,
    namespaces: { mnt: 4026531841, pid: 4026531836, user: 4026531837, net: 4026531840, uts: 1, ipc: 2, cgroup: 3 },
    quality: 0,
    findings: findings(),
    rendered: undefined,
    renderedReplaced: undefined,
    ...changed,
  };
}

/** Everything that can be looked up about an image. */
export function findings(changed: Partial<Findings> = {}): Findings {
  return {
    settled: true,
    hashPending: false,
    hash: { hashes: { sha256: "4e4d7ad8b1a5e3f2a0b49c7d5fb0e1c2a3948576e1f20d3c4b5a69788796a5b4" } },
    scriptHash: undefined,
    package: { name: "grep", version: "3.8-5", type: "deb" },
    rendered: undefined,
    ...changed,
  };
}

export function names(changed: Partial<CredentialNames> = {}): CredentialNames {
  return {
    ...{ user: "ada", group: "ada", realUser: "ada", realGroup: "ada", savedUser: "ada", savedGroup: "ada" },
    ...{ groups: ["adm", undefined], checked: 0 },
    ...changed,
  };
}

export function credentials(changed: Partial<Credentials> = {}): Credentials {
  return {
    uid: 1000,
    gid: 1000,
    euid: 1000,
    egid: 1000,
    suid: 1000,
    sgid: 1000,
    capEffectiveLow: 0,
    capEffectiveHigh: 0,
    capPermittedLow: 0,
    capPermittedHigh: 0,
    groups: [4, 27],
    mntNs: 4026531832,
    userNs: 4026531837,
    names: names(),
    rendered: undefined,
    ...changed,
  };
}

export const allCapabilities = {
  capEffectiveLow: 0xffffffff,
  capEffectiveHigh: 0x1ff,
  capPermittedLow: 0xffffffff,
  capPermittedHigh: 0x1ff,
};

export const root = { uid: 0, gid: 0, euid: 0, egid: 0, suid: 0, sgid: 0, ...allCapabilities };

export function session(changed: Partial<Session> = {}): Session {
  return { session: 900 as Pid, processGroup: 4242 as Pid, ttyMajor: 136, ttyMinor: 3, ...changed };
}

const shell = identity(900, 1_200_000, new Instant(second - 345, 670_000_789));

export function parent(changed: Partial<Parent> = {}): Parent {
  return {
    identity: shell,
    image: image({ executable: "/usr/bin/bash", name: "bash", args: ["bash", "-l"], workingDirectory: "/home/ada" }),
    ownImage: true,
    credentials: credentials(),
    session: session(),
    groupLeader: { pid: 900 as Pid, identity: shell },
    sessionLeader: { pid: 900 as Pid, identity: shell },
    ...changed,
  };
}

/** By default the login shell that is the parent of the examples. */
export function leader(changed: Partial<Leader> = {}): Leader {
  const { identity: of, image: ran, ownImage, credentials: as, session: within } = parent();
  const made = { identity: identity(899, 1_199_000), sessionLeader: { pid: 850 as Pid, identity: undefined } };
  const facts = { ownImage, credentials: as, session: within, parent: made };
  return {
    pid: of.pid,
    identity: of,
    image: ran,
    ...facts,
    rendered: undefined,
    renderedParent: undefined,
    ...changed,
  };
}

export function leaders(changed: Partial<Leaders> = {}): Leaders {
  const login = leader();
  return {
    ...{ session: login, group: leader(), entry: login },
    ...{ entryType: "sshd", sourceIp: "192.0.2.44", rendered: undefined },
    ...changed,
  };
}

export function origin(changed: Partial<Origin> = {}): Origin {
  return {
    parent: parent(),
    ancestry: [900, 899, 1].map((pid) => identity(pid, 1_200_000).entityId),
    rendered: undefined,
    ...changed,
  };
}

export function usage(changed: Partial<Usage> = {}): Usage {
  return {
    userSeconds: 0,
    userNanos: 1_204_511,
    systemSeconds: 0,
    systemNanos: 803_007,
    maxRssBytes: 2_220_032,
    minorFaults: 112,
    majorFaults: 0,
    readBytes: 0,
    writeBytes: 4096,
    voluntarySwitches: 3,
    involuntarySwitches: 1,
    ...changed,
  };
}

/** An exit with a wait status: `3 << 8` for `exit 3`, 11 for SIGSEGV, 11 | 0x80 with a core. */
export function exit(status = 0, changed: Partial<Exit> = {}): Exit {
  return {
    time: new Instant(second, 124_500_790),
    status,
    usage: usage(),
    durationSeconds: 0,
    durationNanos: 4_500_001,
    ...changed,
  };
}

/** A life with these transitions; it has an exit when they say so, and its own image when it was seen to exec. */
export function life(transitions: number, changed: Partial<Lifecycle> = {}): Lifecycle {
  const ended = (transitions & Transition.end) !== 0;
  const inherited = (transitions & (Transition.fork | Transition.exec)) === Transition.fork;
  const ran = changed.image ?? (inherited ? parent().image : image());
  return {
    identity: identity(4242),
    origin: origin(),
    image: ran,
    replaced: (transitions & Transition.exec) === 0 ? undefined : parent().image,
    leaders: leaders(),
    credentials: credentials(),
    session: session(),
    comm: "image" in changed ? changed.image?.name : ran?.name,
    transitions,
    time: new Instant(second, 120_001_234),
    since: 0,
    exit: ended ? exit() : undefined,
    ownImage: !inherited,
    quality: ran?.quality ?? 0,
    followed: false,
    ...changed,
  };
}

const { fork, exec, end, found, uidChange, gidChange, sessionChange } = Transition;

/** The rows of the design's table, by the words of mayfly.transitions. */
export const rows: Readonly<Record<string, number>> = {
  fork,
  "fork+exec": fork | exec,
  "fork+exec+end": fork | exec | end,
  "fork+end": fork | end,
  found,
  exec,
  "exec+end": exec | end,
  end,
};

/** The rows of profile `transitions`. */
export const singles: Readonly<Record<string, number>> = {
  ...{ fork, exec, end, found },
  ...{ uid_change: uidChange, gid_change: gidChange, session_id_change: sessionChange },
};
