/** The records that arrive from a source, decoded: one class per kind, so that every object of a kind has one shape. */

declare const brand: unique symbol;
/** A process id in the initial pid namespace. */
export type Pid = number & { readonly [brand]: "Pid" };
/** A start time in ticks of 10 ms since boot, as in field 22 of /proc/PID/stat. */
export type Ticks = number & { readonly [brand]: "Ticks" };

/** enum record_kind of bpf/record.h */
export const RecordKind = {
  fork: 1,
  exec: 2,
  exit: 3,
  task: 4,
  clock: 5,
  scanned: 6,
  change: 7,
} as const;

/** enum image_flag of bpf/record.h */
export const ImageFlag = {
  deleted: 1 << 0,
  memfd: 1 << 1,
  argsTruncated: 1 << 2,
  argsUnreadable: 1 << 3,
  executableTruncated: 1 << 4,
  cwdTruncated: 1 << 5,
  script: 1 << 6,
  noCwd: 1 << 7,
  ascii: 1 << 8,
  noExecutable: 1 << 9,
  argsInvalidUtf8: 1 << 10,
  envTruncated: 1 << 11,
  /** Set by src/source/procfs.ts, never by a probe. */
  fromProcfs: 1 << 16,
} as const;

/** enum exit_flag of bpf/record.h */
export const ExitFlag = {
  usagePartial: 1 << 0,
} as const;

/** A time of CLOCK_BOOTTIME; with CLOCK_REALTIME's offset added it is a wall clock time. */
export interface Moment {
  readonly seconds: number;
  /** 0 to 999,999,999 */
  readonly nanos: number;
}

/** A process named by identity; pid 0 when there is none. */
export interface TaskRef {
  readonly pid: Pid;
  readonly startTicks: Ticks;
  readonly start: Moment;
}

/** Who and when, on every record of a process. */
export interface Subject extends TaskRef {
  readonly time: Moment;
  /** The thread that acted; on exec its pid before the exec. */
  readonly tid: number;
}

/** What can change in every process's life, read on every record. Ids are those of the initial user namespace. */
export interface TaskState {
  readonly uid: number;
  readonly gid: number;
  readonly euid: number;
  readonly egid: number;
  readonly suid: number;
  readonly sgid: number;
  /** Capability sets as two 32-bit halves. */
  readonly capEffectiveLow: number;
  readonly capEffectiveHigh: number;
  readonly capPermittedLow: number;
  readonly capPermittedHigh: number;
  readonly cgroupId: number;
  readonly session: Pid;
  readonly processGroup: Pid;
  /** Of the controlling terminal; both 0 when there is none. */
  readonly ttyMajor: number;
  readonly ttyMinor: number;
  readonly vpid: number;
  /** Namespaces by inode number. */
  readonly mntNs: number;
  readonly pidNs: number;
  readonly userNs: number;
  readonly netNs: number;
  readonly utsNs: number;
  readonly ipcNs: number;
  readonly cgroupNs: number;
}

/** Credentials or session became others without an exec: what they are after it. */
export interface ChangeRecord extends Subject {
  readonly state: TaskState;
  readonly groups: readonly number[] | undefined;
}

export interface ForkRecord extends Subject {
  readonly state: TaskState;
  readonly parent: TaskRef;
  /** Who called clone; differs from `parent` with CLONE_PARENT. The child's image is the creator's. */
  readonly creator: TaskRef;
}

/** Supplementary groups in one record at most: GROUPS_MAX of bpf/record.h. Of more the ids are not told. */
export const GROUPS_MAX = 31;

/** Of an executable, as the kernel keeps it. */
export interface FileIdentity {
  readonly inode: number;
  /** Bytes. */
  readonly size: number;
  readonly mtimeSeconds: number;
  readonly mtimeNanos: number;
  readonly ctimeSeconds: number;
  readonly ctimeNanos: number;
  /** The kernel's s_dev: major << 20 | minor. */
  readonly device: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly nlink: number;
}

/** An image: made by an exec, or met by a scan. */
export interface ExecRecord extends Subject {
  readonly state: TaskState;
  /** The parent at this moment. */
  readonly parent: TaskRef;
  /** Bits of ImageFlag. */
  readonly flags: number;
  readonly file: FileIdentity | undefined;
  /** undefined where it could not be read. */
  readonly executable: string | undefined;
  readonly workingDirectory: string | undefined;
  /** The script, as it was given to execve, where the image is its interpreter. */
  readonly asked: string | undefined;
  readonly args: readonly string[] | undefined;
  /** As the kernel counted; of a scan, as many as `args` has. */
  readonly argsCount: number;
  /** Bytes of the arguments as given, closing NULs included. */
  readonly argsLength: number;
  /** Variables that were asked for, as `NAME=value`, in their order; undefined when there is none. */
  readonly env: readonly string[] | undefined;
  /** Supplementary groups, ascending; undefined where they are not known (an older recording) or more than 31. */
  readonly groups: readonly number[] | undefined;
  /** The name that it goes by, at most 15 bytes. */
  readonly comm: string;
}

/** Something of the credentials or of the session is not as it was. */
export interface ChangeRecord extends Subject {
  readonly state: TaskState;
}

export interface ExitRecord extends Subject {
  readonly state: TaskState;
  /** As wait(2) gives it: low 7 bits signal, bit 7 core dumped, next 8 bits the code. */
  readonly status: number;
  /** Bits of ExitFlag. */
  readonly flags: number;
  readonly user: Moment;
  readonly system: Moment;
  readonly maxRssPages: number;
  readonly minorFaults: number;
  readonly majorFaults: number;
  readonly readBytes: number;
  readonly writeBytes: number;
  readonly voluntarySwitches: number;
  readonly involuntarySwitches: number;
  /** The name that it went by at the end, at most 15 bytes. */
  readonly comm: string;
}

/** Both clocks at one moment. */
export interface ClockRecord {
  /** CLOCK_BOOTTIME. */
  readonly time: Moment;
  /** CLOCK_REALTIME. */
  readonly realtime: Moment;
  /** Bytes in a page, the unit of ExitRecord.maxRssPages. */
  readonly pageSize: number;
}

/** Who takes the records, in the order they happened. */
export interface RecordHandler {
  onFork(record: ForkRecord): void;
  onExec(record: ExecRecord): void;
  onExit(record: ExitRecord): void;
  onChange(record: ChangeRecord): void;
  /** A process that a scan found. */
  onTask(record: ExecRecord): void;
  onClock(record: ClockRecord): void;
  /** The end of a scan; its time is when the scan began. */
  onScanned(record: ClockRecord): void;
}
