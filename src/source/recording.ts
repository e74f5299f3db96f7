import { closeSync, fstatSync, fsyncSync, openSync, readSync, writeSync } from "node:fs";
import { crc32 } from "node:zlib";
import { ExitCode, MayflyError } from "../errors.ts";
import { layout } from "../record/layout.ts";
import type { Layout } from "../record/reader.ts";
import { GROUPS_MAX } from "../record/record.ts";
import { NO_LOSSES, type OnBatch, type Source, type SourceLosses } from "./source.ts";

/*
 * A recording: the batches as they came, so that anyone can reproduce a problem without a kernel.
 *
 *   "MAYFLY\n" 0x01                         8 bytes, the format's version in the last
 *   u32 length, JSON (RecordingHeader)      padded with blanks to a multiple of 8 bytes with its length
 *   u32 length, u32 CRC-32, batch           again and again
 *
 * All little-endian. It holds command lines and paths of everybody on the host: mode 0600.
 */

/** Size and kind, which stand first in every record of any layout. */
/** Bytes of the fields that are arrays (bpf/record.h). */
const ARRAYS: Readonly<Record<string, number>> = { groupsIds: GROUPS_MAX * 4, commText: 16 };
const RECORD_HEAD = 8;
const MAGIC = Buffer.from("MAYFLY\n\x01", "latin1");
/** A wall clock's start of a boot lies within these: seconds of 1970 to 2106. */
const EPOCH_MAX_SECONDS = 2 ** 32;
const NANOS = 1_000_000_000;
/** A batch is at most what the addon hands over at once (native/batches.h), a header far smaller. */
const PART_MAX = 64 * 1024 * 1024;

/** What is needed to read the records and to make the same documents as on the recorded host. */
export interface RecordingHeader {
  readonly layout: Layout;
  /** Version of mayfly that wrote it. */
  readonly version: string;
  readonly machineId: string;
  readonly bootId: string;
  readonly kernel: string;
  /** The offset boot clock -> wall clock that process.start was made with. */
  readonly bootOffset: { readonly seconds: number; readonly nanos: number };
}

export class RecordingWriter {
  readonly #path: string;
  readonly #fd: number;
  #bytes = 0;

  /** @throws MayflyError CANNOT_WRITE */
  constructor(path: string, header: RecordingHeader) {
    this.#path = path;
    this.#fd = this.#guard(() => openSync(path, "w", 0o600));
    const json = Buffer.from(JSON.stringify(header));
    const padded = Buffer.alloc(json.length + padding(4 + json.length), " ");
    json.copy(padded);
    this.#write(Buffer.concat([MAGIC, u32(padded.length), padded]));
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** @throws MayflyError CANNOT_WRITE */
  batch(bytes: ArrayBuffer): void {
    const batch = Buffer.from(bytes);
    this.#write(Buffer.concat([u32(batch.length), u32(crc32(batch)), batch]));
  }

  close(): void {
    this.#guard(() => {
      if (fstatSync(this.#fd).isFile()) fsyncSync(this.#fd);
      closeSync(this.#fd);
    });
  }

  #write(bytes: Buffer): void {
    this.#guard(() => {
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#fd, bytes, at);
    });
    this.#bytes += bytes.length;
  }

  #guard<T>(write: () => T): T {
    try {
      return write();
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new MayflyError(
        "CANNOT_WRITE",
        ExitCode.cannotWrite,
        `The recording ${this.#path} cannot be written (${reason}): ${this.#bytes} bytes are in it, what came after is not.`,
        { cause },
      );
    }
  }
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function padding(length: number): number {
  return (8 - (length % 8)) % 8;
}

/** A recording that is read again. Damage ends it: what stands before the damage is delivered, then the fault is thrown. */
export class RecordingSource implements Source {
  readonly header: RecordingHeader;
  readonly layout: Layout;
  readonly #path: string;
  readonly #fd: number;
  readonly #size: number;
  readonly #onProgress: (read: number, size: number) => void;
  #at: number;
  #stopped = false;

  /**
   * @param onProgress called after every batch with bytes read and bytes in the file
   * @throws MayflyError RECORDING_UNREADABLE, RECORDING_DAMAGED
   */
  constructor(path: string, onProgress: (read: number, size: number) => void = () => undefined) {
    this.#path = path;
    this.#onProgress = onProgress;
    this.#fd = readable(() => openSync(path, "r"));
    this.#size = fstatSync(this.#fd).size;
    try {
      ({ header: this.header, at: this.#at } = this.#opening());
      this.layout = this.#completeLayout(this.header.layout);
    } catch (fault) {
      closeSync(this.#fd);
      throw fault;
    }
  }

  /** The header, and where the first batch stands. */
  #opening(): { header: RecordingHeader; at: number } {
    const magic = this.#read(0, MAGIC.length);
    if (!magic.subarray(0, 7).equals(MAGIC.subarray(0, 7)))
      throw this.#damaged("it does not begin as a recording of mayfly does", 0);
    if (magic[7] !== MAGIC[7])
      throw this.#damaged(`its format is version ${magic[7]}, this mayfly reads version ${MAGIC[7]}`, 7);
    const length = this.#length(MAGIC.length);
    return { header: this.#header(this.#read(MAGIC.length + 4, length)), at: MAGIC.length + 4 + length };
  }

  async start(onBatch: OnBatch): Promise<void> {
    try {
      while (this.#at < this.#size && !this.#stopped) {
        const length = this.#length(this.#at);
        const checksum = this.#read(this.#at + 4, 4).readUInt32LE();
        const bytes = this.#read(this.#at + 8, length);
        if (crc32(bytes) !== checksum) throw this.#damaged("the checksum of a part does not match its bytes", this.#at);
        this.#at += 8 + length;
        await onBatch(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + length) as ArrayBuffer);
        this.#onProgress(this.#at, this.#size);
        // Gives signals, timers and outputs their turn between batches.
        await new Promise(setImmediate);
      }
    } finally {
      closeSync(this.#fd);
    }
  }

  rescan(): void {
    // What a recording lost was healed, or not, when it was made: the scans are records in it.
  }

  stop(): void {
    this.#stopped = true;
  }

  losses(): SourceLosses {
    return NO_LOSSES;
  }

  #length(at: number): number {
    const length = this.#read(at, 4).readUInt32LE();
    if (length > PART_MAX) throw this.#damaged(`a part claims ${length} bytes`, at);
    return length;
  }

  #read(at: number, length: number): Buffer {
    // Before memory is taken for what a damaged length claims.
    if (at + length > this.#size) throw this.#damaged("it ends in the middle of a part", this.#size);
    const bytes = Buffer.alloc(length);
    let got = 0;
    while (got < length) {
      const n = readable(() => readSync(this.#fd, bytes, got, length - got, at + got));
      if (n === 0) throw this.#damaged("it ends in the middle of a part", this.#size);
      got += n;
    }
    return bytes;
  }

  #header(json: Buffer): RecordingHeader {
    try {
      const header = JSON.parse(json.toString("utf8")) as RecordingHeader;
      const complete =
        typeof header.layout === "object" &&
        header.layout !== null &&
        typeof header.machineId === "string" &&
        typeof header.bootId === "string" &&
        isCount(header.bootOffset.seconds, EPOCH_MAX_SECONDS) &&
        isCount(header.bootOffset.nanos, NANOS);
      if (complete) return header;
    } catch (cause) {
      throw this.#damaged("its header is no JSON", MAGIC.length, cause);
    }
    throw this.#damaged("its header lacks the layout, the ids or the clock", MAGIC.length);
  }

  /**
   * An older recording lacks fields of today: they are read as 0. A newer one has more: nobody asks for them. Every field
   * lies within its record, so that what is read is that record's.
   */
  #completeLayout(recorded: Layout): Layout {
    const complete = (kind: keyof Layout): Record<string, number> => {
      const from: Record<string, number> | undefined = recorded[kind];
      // Of this kind it can have no record: none is long enough.
      if (from === undefined && kind === "change")
        return Object.fromEntries(Object.keys(layout[kind]).map((name) => [name, name === "size" ? PART_MAX : -1]));
      const size = from?.["size"];
      if (!isCount(size, PART_MAX) || size < RECORD_HEAD || size % 8 !== 0)
        throw this.#damaged(`its layout has no size of a ${kind} record`, MAGIC.length);
      const offset = ([name, today]: [string, number]): [string, number] => {
        const at = name === "size" ? size : (from?.[name] ?? -1);
        // Fields of 64 bits lie at a multiple of 8; today's tell which may be such.
        const width = ARRAYS[name] ?? (today % 8 === 0 ? 8 : 4);
        if (name === "size" || at === -1 || (isCount(at, size - width + 1) && at % 4 === 0)) return [name, at];
        throw this.#damaged(`its layout puts ${kind}.${name} outside the record`, MAGIC.length);
      };
      return Object.fromEntries(Object.entries(layout[kind]).map(offset));
    };
    return {
      fork: complete("fork"),
      exec: complete("exec"),
      exit: complete("exit"),
      change: complete("change"),
      clock: complete("clock"),
    } as Layout;
  }

  #damaged(what: string, at: number, cause?: unknown): MayflyError {
    return new MayflyError(
      "RECORDING_DAMAGED",
      ExitCode.usage,
      `${this.#path} is no whole recording: ${what} (at byte ${at} of ${this.#size}). What stands before that was replayed.`,
      { cause },
    );
  }
}

function isCount(value: unknown, end: number): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) < end;
}

/** @throws MayflyError RECORDING_UNREADABLE */
function readable<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const sentence = `The recording cannot be opened or read: ${reason}`;
    throw new MayflyError("RECORDING_UNREADABLE", ExitCode.usage, sentence, { cause });
  }
}
