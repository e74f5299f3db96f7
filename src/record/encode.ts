import { layout } from "./layout.ts";
import {
  type ChangeRecord,
  type ClockRecord,
  type ExecRecord,
  type ExitRecord,
  type ForkRecord,
  ImageFlag,
  type Moment,
  RecordKind,
  type Subject,
  type TaskRef,
  type TaskState,
} from "./record.ts";

const TWO_32 = 0x1_0000_0000;
const NO_WORD = 0xffff_ffff;

/** Each closed by NUL, as the kernel lays them out. */
function closed(texts: readonly string[] | undefined): Buffer {
  return Buffer.from(texts?.map((text) => `${text}\0`).join("") ?? "");
}

/** Typed records -> bytes, the way back from Decoder: for what is read from /proc, and for tests. Not on the hot path. */
export class Encoder {
  #view = new DataView(new ArrayBuffer(64 * 1024));
  #size = 0;
  #base = 0;

  /** What was encoded so far, as one batch; starts anew. */
  take(): ArrayBuffer {
    const bytes = this.#view.buffer.slice(0, this.#size);
    this.#size = 0;
    return bytes;
  }

  fork(record: ForkRecord): void {
    const at = layout.fork;
    this.#begin(RecordKind.fork, at.size);
    this.#subject(at, record);
    this.#state(at, record.state);
    this.#ref(at.parentStartSeconds, at.parentStartTicks, at.parentPid, record.parent);
    this.#ref(at.creatorStartSeconds, at.creatorStartTicks, at.creatorPid, record.creator);
  }

  exec(record: ExecRecord): void {
    this.#image(RecordKind.exec, record);
  }

  task(record: ExecRecord): void {
    this.#image(RecordKind.task, record);
  }

  exit(record: ExitRecord): void {
    const at = layout.exit;
    this.#begin(RecordKind.exit, at.size);
    this.#subject(at, record);
    this.#state(at, record.state);
    this.#moment(at.usageUserSeconds, record.user);
    this.#moment(at.usageSystemSeconds, record.system);
    this.#long(at.usageMaxRssPages, record.maxRssPages);
    this.#long(at.usageMinorFaults, record.minorFaults);
    this.#long(at.usageMajorFaults, record.majorFaults);
    this.#long(at.usageReadBytes, record.readBytes);
    this.#long(at.usageWriteBytes, record.writeBytes);
    this.#long(at.usageVoluntarySwitches, record.voluntarySwitches);
    this.#long(at.usageInvoluntarySwitches, record.involuntarySwitches);
    this.#comm(at.commText, record.comm);
    this.#word(at.status, record.status);
    this.#word(at.flags, record.flags);
  }

  change(record: ChangeRecord): void {
    const at = layout.change;
    this.#begin(RecordKind.change, at.size);
    this.#subject(at, record);
    this.#state(at, record.state);
    this.#groups(at, record.groups);
  }

  clock(record: ClockRecord): void {
    this.#clock(RecordKind.clock, record);
  }

  scanned(record: ClockRecord): void {
    this.#clock(RecordKind.scanned, record);
  }

  #clock(kind: number, record: ClockRecord): void {
    const at = layout.clock;
    this.#begin(kind, at.size);
    this.#moment(at.headerTimeSeconds, record.time);
    this.#moment(at.realtimeSeconds, record.realtime);
    this.#word(at.pageSize, record.pageSize);
  }

  #image(kind: number, record: ExecRecord): void {
    const at = layout.exec;
    const strings = [
      Buffer.from(record.asked ?? ""),
      Buffer.from(record.executable ?? ""),
      Buffer.from(record.workingDirectory ?? ""),
      closed(record.args),
      closed(record.env),
    ] as const;
    const bytes = Buffer.concat(strings);
    const ascii = bytes.every((byte) => byte < 0x80) ? ImageFlag.ascii : 0;
    this.#begin(kind, at.size + bytes.length);
    this.#subject(at, record);
    this.#state(at, record.state);
    this.#ref(at.parentStartSeconds, at.parentStartTicks, at.parentPid, record.parent);
    this.#file(record);
    this.#word(at.flags, (record.flags & ~ImageFlag.ascii) | ascii);
    this.#word(at.argc, record.argsCount);
    this.#word(at.argsLength, record.argsLength);
    this.#word(at.askedSize, strings[0].length);
    this.#word(at.executableSize, strings[1].length);
    this.#word(at.cwdSize, strings[2].length);
    this.#word(at.argsSize, strings[3].length);
    this.#word(at.envSize, strings[4].length);
    this.#groups(at, record.groups);
    this.#comm(at.commText, record.comm);
    new Uint8Array(this.#view.buffer, this.#base + at.size, bytes.length).set(bytes);
  }

  #file({ file }: ExecRecord): void {
    if (file === undefined) return;
    const at = layout.exec;
    this.#long(at.fileInode, file.inode);
    this.#long(at.fileSize, file.size);
    this.#long(at.fileMtimeSeconds, file.mtimeSeconds);
    this.#word(at.fileMtimeNanos, file.mtimeNanos);
    this.#long(at.fileCtimeSeconds, file.ctimeSeconds);
    this.#word(at.fileCtimeNanos, file.ctimeNanos);
    this.#word(at.fileDevice, file.device);
    this.#word(at.fileMode, file.mode);
    this.#word(at.fileUid, file.uid);
    this.#word(at.fileGid, file.gid);
    this.#word(at.fileNlink, file.nlink);
  }

  /** Groups that are not known are written as too many. */
  #groups(at: (typeof layout)["exec" | "change"], groups: readonly number[] | undefined): void {
    this.#word(at.groupsCount, groups?.length ?? NO_WORD);
    for (const [index, id] of (groups ?? []).entries()) this.#word(at.groupsIds + index * 4, id);
  }

  #comm(offset: number, comm: string): void {
    new Uint8Array(this.#view.buffer, this.#base + offset, 15).set(Buffer.from(comm).subarray(0, 15));
  }

  #subject(at: (typeof layout)["fork" | "exec" | "exit" | "change"], record: Subject): void {
    this.#moment(at.headerTimeSeconds, record.time);
    this.#ref(at.headerStartSeconds, at.headerStartTicks, at.headerPid, record);
    this.#word(at.headerTid, record.tid);
  }

  #state(at: (typeof layout)["fork" | "exec" | "exit" | "change"], state: TaskState): void {
    this.#word(at.stateCapEffective, state.capEffectiveLow);
    this.#word(at.stateCapEffective + 4, state.capEffectiveHigh);
    this.#word(at.stateCapPermitted, state.capPermittedLow);
    this.#word(at.stateCapPermitted + 4, state.capPermittedHigh);
    this.#long(at.stateCgroupId, state.cgroupId);
    this.#word(at.stateUid, state.uid);
    this.#word(at.stateGid, state.gid);
    this.#word(at.stateEuid, state.euid);
    this.#word(at.stateEgid, state.egid);
    this.#word(at.stateSuid, state.suid);
    this.#word(at.stateSgid, state.sgid);
    this.#word(at.stateSession, state.session);
    this.#word(at.stateProcessGroup, state.processGroup);
    this.#word(at.stateTtyMajor, state.ttyMajor);
    this.#word(at.stateTtyMinor, state.ttyMinor);
    this.#word(at.stateVpid, state.vpid);
    this.#word(at.stateMntNs, state.mntNs);
    this.#word(at.statePidNs, state.pidNs);
    this.#word(at.stateUserNs, state.userNs);
    this.#word(at.stateNetNs, state.netNs);
    this.#word(at.stateUtsNs, state.utsNs);
    this.#word(at.stateIpcNs, state.ipcNs);
    this.#word(at.stateCgroupNs, state.cgroupNs);
  }

  #ref(start: number, ticks: number, pid: number, ref: TaskRef): void {
    this.#moment(start, ref.start);
    this.#long(ticks, ref.startTicks);
    this.#word(pid, ref.pid);
  }

  #begin(kind: number, bytes: number): void {
    const size = (bytes + 7) & ~7;
    if (this.#size + size > this.#view.byteLength) {
      const larger = new ArrayBuffer(Math.max(this.#view.byteLength * 2, this.#size + size));
      new Uint8Array(larger).set(new Uint8Array(this.#view.buffer, 0, this.#size));
      this.#view = new DataView(larger);
    }
    this.#base = this.#size;
    this.#size += size;
    new Uint8Array(this.#view.buffer, this.#base, size).fill(0);
    this.#word(layout.fork.headerSize, size);
    this.#word(layout.fork.headerKind, kind);
  }

  #moment(offset: number, moment: Moment): void {
    this.#word(offset, moment.seconds);
    this.#word(offset + 4, moment.nanos);
  }

  #word(offset: number, value: number): void {
    this.#view.setUint32(this.#base + offset, value, true);
  }

  #long(offset: number, value: number): void {
    this.#word(offset, value % TWO_32);
    this.#word(offset + 4, Math.floor(value / TWO_32));
  }
}
