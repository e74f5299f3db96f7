/** The records that arrive from a source, decoded: one class per kind, so that every object has one shape. */

declare const brand: unique symbol;
/** A process id in the initial pid namespace. */
export type Pid = number & { readonly [brand]: "Pid" };
/** A start time in ticks of 10 ms since boot, as in field 22 of /proc/PID/stat. */
export type Ticks = number & { readonly [brand]: "Ticks" };

export const RecordKind = {
  fork: 1,
  exec: 2,
  exit: 3,
  task: 4,
  clock: 5,
  scanned: 6,
} as const;
export type RecordKind = (typeof RecordKind)[keyof typeof RecordKind];

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
} as const;

/** A process named by identity; pid 0 when there is none. */
export interface TaskRef {
  readonly pid: Pid;
  readonly startTicks: Ticks;
  readonly startSeconds: number;
  readonly startNanos: number;
}

/** What can change in every process's life, read on every record. */
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
  readonly ttyMajor: number;
  readonly ttyMinor: number;
  readonly vpid: number;
  readonly mntNs: number;
  readonly pidNs: number;
  readonly userNs: number;
  readonly netNs: number;
  readonly utsNs: number;
  readonly ipcNs: number;
  readonly cgroupNs: number;
}
