import type { FileIdentity, Pid, Ticks } from "../record/record.ts";
import type { Instant } from "./instant.ts";

/*
 * Facts are immutable: nobody edits one, exec makes a new Image, a changed uid a new Credentials. Whoever holds
 * a reference holds the truth of its moment. Absent is `undefined`, never "" or 0.
 *
 * `rendered` is a place for the writer of documents to keep the text it made of a fact (ecs/); it is no part of the fact. Nor are
 * `findings` and `names`: places for what was looked up about it outside the kernel (src/enrich/).
 */

/** Who a process is. Two processes are the same when pid and startTicks are. */
export interface Identity {
  readonly pid: Pid;
  readonly startTicks: Ticks;
  /** By the offset that is fixed once per boot: equal in every document. */
  readonly start: Instant;
  /** design.md, Identity: 24 characters. */
  readonly entityId: string;
  /** The pid in its own pid namespace; undefined when that is the initial one, or not known. */
  readonly vpid: number | undefined;
}

/** What runs: made by exec, inherited by fork. */
export interface Image {
  /** Path up to the process's own root; `memfd:NAME` for a memfd. */
  readonly executable: string | undefined;
  /** Basename of the executable. */
  readonly name: string | undefined;
  readonly args: readonly string[] | undefined;
  /** As the kernel counted: can be more than args.length when they were cut. */
  readonly argsCount: number | undefined;
  /** Bytes of the arguments as given, closing NULs included. Differs from what args holds only when cut. */
  readonly argsLength: number;
  /** args joined by one space. */
  readonly commandLine: string | undefined;
  /** At exec. */
  readonly workingDirectory: string | undefined;
  /** The script, when the image is its interpreter. */
  readonly scriptPath: string | undefined;
  /** `NAME=value`, of the names that are asked for only, as given to execve. undefined when none of them is there. */
  readonly env: readonly string[] | undefined;
  readonly deleted: boolean;
  readonly memfd: boolean;
  readonly file: FileIdentity | undefined;
  readonly cgroupId: number;
  readonly namespaces: Namespaces;
  /** Bits of Quality that belong to this image. */
  readonly quality: number;
  /** undefined: nothing is looked up. */
  findings: Findings | undefined;
  rendered: unknown;
  /** A second place, for the image as the one that an exec replaced. */
  renderedReplaced: unknown;
}

/** What was looked up about an image since its exec. A new object for each step; images of one executable share one. */
export interface Findings {
  /** Whether nothing is under way any more. */
  readonly settled: boolean;
  /** Whether a hash, of the executable or of the script, is under way. */
  readonly hashPending: boolean;
  readonly hash: FileHash | undefined;
  readonly scriptHash: FileHash | undefined;
  readonly package: Package | undefined;
  rendered: unknown;
}

/** Hashes of a file, or why there are none. */
export type FileHash =
  | { readonly hashes: Readonly<Record<string, string>>; readonly reason?: undefined }
  | { readonly hashes?: undefined; readonly reason: string };

/** Whose database lists the executable. */
export interface Package {
  readonly name: string;
  readonly version: string;
  /** deb, rpm, apk. */
  readonly type: string;
}

/** By inode number, as /proc/PID/ns shows them. */
export interface Namespaces {
  readonly mnt: number;
  readonly pid: number;
  readonly user: number;
  readonly net: number;
  readonly uts: number;
  readonly ipc: number;
  readonly cgroup: number;
}

/** Ids of the initial user namespace, capability sets as two 32-bit halves, and the namespaces in which the ids have names. */
export interface Credentials {
  readonly uid: number;
  readonly gid: number;
  readonly euid: number;
  readonly egid: number;
  readonly suid: number;
  readonly sgid: number;
  readonly capEffectiveLow: number;
  readonly capEffectiveHigh: number;
  readonly capPermittedLow: number;
  readonly capPermittedHigh: number;
  /** Supplementary groups, ascending; undefined where they are not known. */
  readonly groups: readonly number[] | undefined;
  /** By inode number. */
  readonly mntNs: number;
  readonly userNs: number;
  /** undefined: not looked up yet, or not at all. */
  names: CredentialNames | undefined;
  rendered: unknown;
}

/** Names of the ids of Credentials; undefined where there is none. */
export interface CredentialNames {
  readonly user: string | undefined;
  readonly group: string | undefined;
  readonly realUser: string | undefined;
  readonly realGroup: string | undefined;
  readonly savedUser: string | undefined;
  readonly savedGroup: string | undefined;
  /** As Credentials.groups. */
  readonly groups: readonly (string | undefined)[];
  /** Round of looking up in which this was found to be so; the looker's own count. */
  checked: number;
}

export interface Session {
  readonly session: Pid;
  readonly processGroup: Pid;
  /** Of the controlling terminal; both 0 when there is none. */
  readonly ttyMajor: number;
  readonly ttyMinor: number;
}

/** The parent as it was when it forked this process. */
export interface Parent {
  readonly identity: Identity;
  /** undefined when mayfly never learnt it (quality parent_unknown) or it is a kernel thread. */
  readonly image: Image | undefined;
  /** Whether the parent exec'ed the image itself: only then is the image's working directory the parent's. */
  readonly ownImage: boolean;
  readonly credentials: Credentials | undefined;
  readonly session: Session | undefined;
  readonly groupLeader: LeaderName | undefined;
  readonly sessionLeader: LeaderName | undefined;
}

/** Whom a session or a group is named after. */
export interface LeaderName {
  readonly pid: Pid;
  /** undefined when it ended before mayfly came: of such a leader only the pid is certain. */
  readonly identity: Identity | undefined;
}

/** The leader of a session, a group or an entry as it was at one moment: of a dead one, the last. */
export interface Leader extends LeaderName {
  readonly image: Image | undefined;
  /** As in Parent. */
  readonly ownImage: boolean;
  readonly credentials: Credentials | undefined;
  readonly session: Session | undefined;
  /** Who made the leader. Names only: facts would link to ancestors. */
  readonly parent: { readonly identity: Identity; readonly sessionLeader: LeaderName | undefined } | undefined;
  rendered: unknown;
  /** A second place, for its parent: only an entry leader's is told. */
  renderedParent: unknown;
}

/** How a session was entered: the words of process.entry_leader.entry_meta.type. */
export type EntryType = "init" | "sshd" | "ssm" | "container" | "terminal" | "console" | "kthread" | "unknown";

/** Where a process belongs. Shared by all processes that have the same leaders at the same moment. */
export interface Leaders {
  readonly session: Leader | undefined;
  readonly group: Leader | undefined;
  /** The process with which somebody or something came into the system. */
  readonly entry: Leader | undefined;
  readonly entryType: EntryType | undefined;
  /** From where an entry by ssh came. */
  readonly sourceIp: string | undefined;
  rendered: unknown;
}

/** Who made a process. */
export interface Origin {
  readonly parent: Parent | undefined;
  /** Entity ids, nearest first, at most 20. A plain list: a link would keep dead ancestors in memory. */
  readonly ancestry: readonly string[];
  rendered: unknown;
}

/** Bits of mayfly.quality; the words are in design.md and ecs/quality.ts. */
export const Quality = {
  argsTruncated: 1 << 0,
  argsUnreadable: 1 << 1,
  argsInvalidUtf8: 1 << 2,
  executableTruncated: 1 << 3,
  cwdTruncated: 1 << 4,
  parentUnknown: 1 << 5,
  forkUnseen: 1 << 6,
  fromProcfs: 1 << 7,
  hashPending: 1 << 8,
  hashChanged: 1 << 9,
  exitLost: 1 << 10,
  clockStepped: 1 << 11,
  redacted: 1 << 12,
  hashTooLarge: 1 << 13,
  hashUnreadable: 1 << 14,
  envTruncated: 1 << 15,
} as const;
