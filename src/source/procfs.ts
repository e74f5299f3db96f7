import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { splitTitle } from "../record/args.ts";
import { Encoder } from "../record/encode.ts";
import {
  type ExecRecord,
  GROUPS_MAX,
  ImageFlag,
  type Moment,
  type Pid,
  type TaskState,
  type Ticks,
} from "../record/record.ts";
import { readClock } from "./clock.ts";

/*
 * The scan by /proc: for kernels without the task iterator (before 5.18). htop measured 300 ms for 10,000 processes, where the
 * iterator takes 3.
 * A process may end between two reads: whatever is missing then leaves it out, for its exit is told by an event. So does a text
 * that is none of the kernel's (a file mounted over it): its process is left out, not guessed at.
 */

const TICK_NANOS = 10_000_000;
const TICKS_A_SECOND = 100;
/** PF_KTHREAD in field 9 of /proc/PID/stat. */
const PF_KTHREAD = 0x00200000;

/** Start of this process in ticks since boot, as /proc has it. */
export function readOwnStart(): number {
  return readStat("self")?.startTicks ?? 0;
}

export interface ProcScan {
  /** All processes, as one batch of task records that ends with the mark of a finished scan. */
  readonly batch: ArrayBuffer;
  /** Processes that were left out because a text was none of the kernel's. */
  readonly malformed: number;
}

export function scanProc(settings: { readonly kernelThreads: boolean; readonly argsMaxBytes: number }): ProcScan {
  const began = readClock();
  let malformed = 0;
  const encoder = new Encoder();
  const starts = new Map<number, Ticks>();
  const found: { pid: Pid; stat: Stat }[] = [];
  for (const name of readdirSync("/proc")) {
    if (!/^[0-9]+$/.test(name)) continue;
    const stat = whileAlive(() => readStat(name));
    if (stat === undefined) malformed++;
    if (stat === undefined || stat === GONE || isOver(stat)) continue;
    if (!settings.kernelThreads && (stat.flags & PF_KTHREAD) !== 0) continue;
    const pid = Number(name) as Pid;
    starts.set(pid, stat.startTicks);
    found.push({ pid, stat });
  }
  for (const { pid, stat } of found) {
    const record = whileAlive(() => readTask(pid, stat, starts, began.time, settings.argsMaxBytes));
    if (record === undefined) malformed++;
    else if (record !== GONE) encoder.task(record);
  }
  encoder.scanned(began);
  return { batch: encoder.take(), malformed };
}

const GONE: unique symbol = Symbol("the process has ended");

/** Runs a read of a process that may have ended; its end is no fault. */
function whileAlive<T>(read: () => T): T | typeof GONE {
  try {
    return read();
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT" || code === "ESRCH") return GONE;
    throw error;
  }
}

interface Stat {
  readonly comm: string;
  readonly state: string;
  readonly parent: number;
  readonly processGroup: number;
  readonly session: number;
  readonly tty: number;
  readonly flags: number;
  readonly threads: number;
  readonly startTicks: Ticks;
}

/** A leader that has exited is a zombie for as long as other threads live: the process goes on. */
function isOver({ state, threads }: Stat): boolean {
  return (state === "Z" && threads <= 1) || state === "X";
}

function readStat(pid: string): Stat | undefined {
  const text = readFileSync(`/proc/${pid}/stat`, "latin1");
  // The name in field 2 may hold blanks and parentheses; it ends with the last one.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const field = (number: number): number => Number(fields[number - 3] || Number.NaN);
  if (![4, 5, 6, 7, 9, 20, 22].every((number) => Number.isSafeInteger(field(number))) || field(22) < 0)
    return undefined;
  return {
    comm: Buffer.from(text.slice(text.indexOf("(") + 1, text.lastIndexOf(")")), "latin1").toString("utf8"),
    state: fields[0] ?? "",
    parent: field(4),
    processGroup: field(5),
    session: field(6),
    tty: field(7),
    flags: field(9),
    threads: field(20),
    startTicks: field(22) as Ticks,
  };
}

function readTask(
  pid: Pid,
  stat: Stat,
  starts: Map<number, Ticks>,
  time: Moment,
  argsMax: number,
): ExecRecord | undefined {
  const status = readStatus(pid);
  const state = readState(pid, stat, status);
  if (state === undefined) return undefined;
  const root = readLink(`/proc/${pid}/root`) ?? "/";
  const executable = readExecutable(pid, root);
  const args = readArgs(pid, argsMax);
  const folder = readLink(`/proc/${pid}/cwd`)?.replace(/ \(deleted\)$/, "");
  const workingDirectory = folder === undefined ? undefined : belowRoot(folder, root);
  const parentTicks = starts.get(stat.parent) ?? (0 as Ticks);
  return {
    pid,
    startTicks: stat.startTicks,
    start: momentOf(stat.startTicks),
    time,
    tid: pid,
    state,
    parent: { pid: stat.parent as Pid, startTicks: parentTicks, start: momentOf(parentTicks) },
    flags:
      ImageFlag.fromProcfs | executable.flags | args.flags | (workingDirectory === undefined ? ImageFlag.noCwd : 0),
    file: undefined,
    executable: executable.path,
    workingDirectory,
    asked: undefined,
    args: args.list,
    argsCount: args.list?.length ?? 0,
    argsLength: args.length,
    env: undefined,
    groups: groupsIn(status),
    comm: stat.comm,
  };
}

function momentOf(ticks: Ticks): Moment {
  return { seconds: Math.floor(ticks / TICKS_A_SECOND), nanos: (ticks % TICKS_A_SECOND) * TICK_NANOS };
}

/** The link's text ends with " (deleted)" for a file without a name; a memfd is shown as "/memfd:NAME (deleted)". */
function readExecutable(pid: Pid, root: string): { path: string | undefined; flags: number } {
  const link = readLink(`/proc/${pid}/exe`);
  if (link === undefined) return { path: undefined, flags: ImageFlag.noExecutable };
  const deleted = link.endsWith(" (deleted)");
  const path = deleted ? link.slice(0, -" (deleted)".length) : link;
  if (deleted && path.startsWith("/memfd:")) return { path: path.slice(1), flags: ImageFlag.memfd };
  return { path: belowRoot(path, root), flags: deleted ? ImageFlag.deleted : 0 };
}

/** Links below /proc tell paths as the reader sees them; what is wanted is the path up to the process's own root (chroot). */
function belowRoot(path: string, root: string): string {
  if (root === "/" || (path !== root && !path.startsWith(`${root}/`))) return path;
  return path.slice(root.length) || "/";
}

function readLink(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT" || code === "EACCES" || code === "EPERM") return undefined;
    throw error;
  }
}

function readArgs(pid: Pid, max: number): { list: string[] | undefined; length: number; flags: number } {
  const bytes = readFileSync(`/proc/${pid}/cmdline`);
  const kept = bytes.subarray(0, max);
  const text = kept.toString("utf8");
  const flags =
    (bytes.length > max ? ImageFlag.argsTruncated : 0) | (text.includes("\ufffd") ? ImageFlag.argsInvalidUtf8 : 0);
  return { list: splitTitle(text), length: bytes.length, flags };
}

type Status = ReadonlyMap<string, string>;

/** The lines of /proc/PID/status by their names. */
function readStatus(pid: Pid): Status {
  const status = new Map<string, string>();
  for (const line of readFileSync(`/proc/${pid}/status`, "latin1").split("\n")) {
    const colon = line.indexOf(":");
    if (colon > 0) status.set(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  return status;
}

/** As many as a record of the probes can have. */
function groupsIn(status: Status): readonly number[] | undefined {
  const ids = status
    .get("Groups")
    ?.split(" ")
    .filter((id) => id !== "");
  return ids === undefined || ids.length > GROUPS_MAX || !ids.every((id) => /^\d{1,10}$/.test(id))
    ? undefined
    : ids.map(Number);
}

function readState(pid: Pid, stat: Stat, status: Status): TaskState | undefined {
  const ids = (name: string): string[] => /^(\d+)\t(\d+)\t(\d+)\t\d+$/.exec(status.get(name) ?? "")?.slice(1) ?? [];
  const set = (name: string): string | undefined => /^[0-9a-f]{1,16}$/.exec(status.get(name) ?? "")?.[0];
  const [uid, euid, suid, gid, egid, sgid] = [...ids("Uid"), ...ids("Gid")].map(Number);
  const [effective, permitted] = [set("CapEff"), set("CapPrm")];
  if (uid === undefined || euid === undefined || suid === undefined) return undefined;
  if (gid === undefined || egid === undefined || sgid === undefined) return undefined;
  if (effective === undefined || permitted === undefined) return undefined;
  const low = (digits: string): number => Number.parseInt(digits.slice(-8), 16);
  const high = (digits: string): number => Number.parseInt(digits.slice(0, -8) || "0", 16);
  const namespace = (name: string): number =>
    Number(/\[(\d+)\]/.exec(readLink(`/proc/${pid}/ns/${name}`) ?? "")?.[1] ?? 0);
  return {
    uid,
    gid,
    euid,
    egid,
    suid,
    sgid,
    capEffectiveLow: low(effective),
    capEffectiveHigh: high(effective),
    capPermittedLow: low(permitted),
    capPermittedHigh: high(permitted),
    cgroupId: 0,
    session: stat.session as Pid,
    processGroup: stat.processGroup as Pid,
    // tty_nr holds the minor's low 8 bits, then 12 bits of major, then the rest of the minor (new_encode_dev).
    ttyMajor: (stat.tty >>> 8) & 0xfff,
    ttyMinor: (stat.tty & 0xff) | ((stat.tty >>> 12) & 0xfff00),
    vpid: Number((status.get("NSpid") ?? String(pid)).split("\t").at(-1)),
    mntNs: namespace("mnt"),
    pidNs: namespace("pid"),
    userNs: namespace("user"),
    netNs: namespace("net"),
    utsNs: namespace("uts"),
    ipcNs: namespace("ipc"),
    cgroupNs: namespace("cgroup"),
  };
}
