import { splitArgs, splitTitle } from "./args.ts";
import {
  areMoments,
  commText,
  fileIdentity,
  groupIds,
  type Layout,
  long,
  moment,
  taskRef,
  taskState,
  word,
} from "./reader.ts";
import {
  type ClockRecord,
  type ExecRecord,
  type ExitRecord,
  type ForkRecord,
  ImageFlag,
  type Pid,
  type RecordHandler,
  RecordKind,
  type Ticks,
} from "./record.ts";

/** The one clock record in `bytes`. */
export function decodeClock(bytes: ArrayBuffer, layout: Layout): ClockRecord {
  return clockRecord(new Uint32Array(bytes), 0, layout);
}

function clockRecord(words: Uint32Array, base: number, layout: Layout): ClockRecord {
  const at = layout.clock;
  return {
    time: moment(words, base, at.headerTimeSeconds),
    realtime: moment(words, base, at.realtimeSeconds),
    pageSize: word(words, base, at.pageSize),
  };
}

/*
 * HOT PATH: bytes -> typed records, budget 1 us a lifecycle without strings, 2 us with them (test/bench/decode.ts).
 *
 * A batch is a run of records, each a multiple of 8 bytes. Bytes that are no record end the batch: without a trustworthy
 * size there is no finding the next one. That is counted, and cannot happen but with a damaged recording.
 */
export class Decoder {
  readonly #layout: Layout;
  readonly #handler: RecordHandler;
  #failures = 0;
  #records = 0;

  constructor(layout: Layout, handler: RecordHandler) {
    this.#layout = layout;
    this.#handler = handler;
  }

  /** Batches that broke off because their bytes are no records. */
  get failures(): number {
    return this.#failures;
  }

  get records(): number {
    return this.#records;
  }

  /**
   * Decodes records from the byte `from` on, until `most` bytes are read or the batch ends.
   * @param bytes is only read during the call
   * @returns where to go on
   */
  decode(bytes: ArrayBuffer, from = 0, most: number = bytes.byteLength): number {
    const words = new Uint32Array(bytes, 0, bytes.byteLength >>> 2);
    const buffer = Buffer.from(bytes);
    const end = bytes.byteLength;
    let at = from;
    while (at < end && at - from < most) {
      const size = end - at >= 8 ? word(words, at, 0) : 0;
      if (size < 8 || size > end - at || (size & 7) !== 0 || !this.#record(words, buffer, at, size)) {
        this.#failures++;
        return end;
      }
      this.#records++;
      at += size;
    }
    return at;
  }

  /** Returns false when the record is too short for its kind, of no kind, or holds a time that is none. */
  #record(words: Uint32Array, buffer: Buffer, base: number, size: number): boolean {
    switch (word(words, base, 4)) {
      case RecordKind.fork:
        return this.#forked(words, base, size);
      case RecordKind.exec:
        return this.#withImage(words, buffer, base, size, false);
      case RecordKind.task:
        return this.#withImage(words, buffer, base, size, true);
      case RecordKind.exit:
        return this.#exited(words, buffer, base, size);
      case RecordKind.change:
        return this.#changed(words, base, size);
      case RecordKind.clock:
        if (!this.#isClock(words, base, size)) return false;
        this.#handler.onClock(clockRecord(words, base, this.#layout));
        return true;
      case RecordKind.scanned:
        if (!this.#isClock(words, base, size)) return false;
        this.#handler.onScanned(clockRecord(words, base, this.#layout));
        return true;
      default:
        return false;
    }
  }

  #isClock(words: Uint32Array, base: number, size: number): boolean {
    const at = this.#layout.clock;
    return size >= at.size && areMoments(words, base, at.headerTimeSeconds, at.realtimeSeconds);
  }

  #forked(words: Uint32Array, base: number, size: number): boolean {
    const at = this.#layout.fork;
    if (size < at.size) return false;
    const { headerTimeSeconds: time, headerStartSeconds: start } = at;
    if (!areMoments(words, base, time, start, at.parentStartSeconds, at.creatorStartSeconds)) return false;
    this.#handler.onFork(this.#fork(words, base));
    return true;
  }

  #changed(words: Uint32Array, base: number, size: number): boolean {
    const at = this.#layout.change;
    if (size < at.size || !areMoments(words, base, at.headerTimeSeconds, at.headerStartSeconds)) return false;
    this.#handler.onChange({
      pid: word(words, base, at.headerPid) as Pid,
      startTicks: long(words, base, at.headerStartTicks) as Ticks,
      start: moment(words, base, at.headerStartSeconds),
      time: moment(words, base, at.headerTimeSeconds),
      tid: word(words, base, at.headerTid),
      state: taskState(words, base, at),
      groups: groupIds(words, base, at),
    });
    return true;
  }

  #exited(words: Uint32Array, buffer: Buffer, base: number, size: number): boolean {
    const at = this.#layout.exit;
    if (size < at.size) return false;
    const {
      headerTimeSeconds: time,
      headerStartSeconds: start,
      usageUserSeconds: user,
      usageSystemSeconds: system,
    } = at;
    if (!areMoments(words, base, time, start, user, system)) return false;
    this.#handler.onExit(this.#exit(words, buffer, base));
    return true;
  }

  #fork(words: Uint32Array, base: number): ForkRecord {
    const at = this.#layout.fork;
    return {
      pid: word(words, base, at.headerPid) as Pid,
      startTicks: long(words, base, at.headerStartTicks) as Ticks,
      start: moment(words, base, at.headerStartSeconds),
      time: moment(words, base, at.headerTimeSeconds),
      tid: word(words, base, at.headerTid),
      state: taskState(words, base, at),
      parent: taskRef(words, base, at.parentStartSeconds, at.parentStartTicks, at.parentPid),
      creator: taskRef(words, base, at.creatorStartSeconds, at.creatorStartTicks, at.creatorPid),
    };
  }

  #withImage(words: Uint32Array, buffer: Buffer, base: number, size: number, scanned: boolean): boolean {
    const at = this.#layout.exec;
    if (size < at.size) return false;
    if (!areMoments(words, base, at.headerTimeSeconds, at.headerStartSeconds, at.parentStartSeconds)) return false;
    const strings =
      word(words, base, at.askedSize) +
      word(words, base, at.executableSize) +
      word(words, base, at.cwdSize) +
      word(words, base, at.argsSize) +
      word(words, base, at.envSize);
    if (at.size + strings > size) return false;
    const record = this.#exec(words, buffer, base, scanned);
    if (scanned) this.#handler.onTask(record);
    else this.#handler.onExec(record);
    return true;
  }

  #exec(words: Uint32Array, buffer: Buffer, base: number, scanned: boolean): ExecRecord {
    const at = this.#layout.exec;
    const flags = word(words, base, at.flags);
    const text = new Strings(buffer, base + at.size, (flags & ImageFlag.ascii) !== 0);
    const asked = text.take(word(words, base, at.askedSize));
    const executable = text.take(word(words, base, at.executableSize));
    const workingDirectory = text.take(word(words, base, at.cwdSize));
    const argsText = text.take(word(words, base, at.argsSize));
    const env = text.take(word(words, base, at.envSize));
    const readable = (flags & (ImageFlag.argsUnreadable | ImageFlag.noExecutable)) === 0;
    const args = readable ? (scanned ? splitTitle(argsText) : splitArgs(argsText)) : undefined;
    const noExecutable = (flags & ImageFlag.noExecutable) !== 0;
    return {
      pid: word(words, base, at.headerPid) as Pid,
      startTicks: long(words, base, at.headerStartTicks) as Ticks,
      start: moment(words, base, at.headerStartSeconds),
      time: moment(words, base, at.headerTimeSeconds),
      tid: word(words, base, at.headerTid),
      state: taskState(words, base, at),
      parent: taskRef(words, base, at.parentStartSeconds, at.parentStartTicks, at.parentPid),
      flags,
      file: noExecutable ? undefined : fileIdentity(words, base, at),
      executable: noExecutable ? undefined : executable,
      workingDirectory: (flags & ImageFlag.noCwd) === 0 ? workingDirectory : undefined,
      asked: (flags & ImageFlag.script) === 0 ? undefined : asked,
      args,
      argsCount: scanned ? (args?.length ?? 0) : word(words, base, at.argc),
      argsLength: word(words, base, at.argsLength),
      env: env === "" ? undefined : splitArgs(env),
      groups: groupIds(words, base, at),
      comm: commText(words, base, at.commText, buffer),
    };
  }

  #exit(words: Uint32Array, buffer: Buffer, base: number): ExitRecord {
    const at = this.#layout.exit;
    return {
      pid: word(words, base, at.headerPid) as Pid,
      startTicks: long(words, base, at.headerStartTicks) as Ticks,
      start: moment(words, base, at.headerStartSeconds),
      time: moment(words, base, at.headerTimeSeconds),
      tid: word(words, base, at.headerTid),
      state: taskState(words, base, at),
      status: word(words, base, at.status),
      flags: word(words, base, at.flags),
      user: moment(words, base, at.usageUserSeconds),
      system: moment(words, base, at.usageSystemSeconds),
      maxRssPages: long(words, base, at.usageMaxRssPages),
      minorFaults: long(words, base, at.usageMinorFaults),
      majorFaults: long(words, base, at.usageMajorFaults),
      readBytes: long(words, base, at.usageReadBytes),
      writeBytes: long(words, base, at.usageWriteBytes),
      voluntarySwitches: long(words, base, at.usageVoluntarySwitches),
      involuntarySwitches: long(words, base, at.usageInvoluntarySwitches),
      comm: commText(words, base, at.commText, buffer),
    };
  }
}

/**
 * The strings behind an image, taken one after the other. Where all are ASCII (nearly always) bytes are characters. Else each is
 * decoded by itself and bytes that are no UTF-8 become U+FFFD.
 */
class Strings {
  readonly #buffer: Buffer;
  readonly #ascii: boolean;
  #at: number;

  constructor(buffer: Buffer, at: number, ascii: boolean) {
    this.#buffer = buffer;
    this.#at = at;
    this.#ascii = ascii;
  }

  take(size: number): string {
    if (size === 0) return "";
    const from = this.#at;
    this.#at += size;
    return this.#buffer.toString(this.#ascii ? "latin1" : "utf8", from, this.#at);
  }
}
