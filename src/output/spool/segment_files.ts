import { close, constants, fsync, ftruncate, open } from "node:fs";
import { promisify } from "node:util";
import { FILE_MODE } from "./folder.ts";
import type { Frame } from "./frame.ts";
import type { SpoolSystem } from "./options.ts";
import type { Segment, Segments } from "./segments.ts";
import { emptySegment } from "./segments.ts";

const openFile = promisify(open);
const closeFile = promisify(close);
const truncateFile = promisify(ftruncate);
const syncFile = promisify(fsync);

/** A segment of this run and its descriptor. */
interface OpenFile {
  readonly segment: Segment;
  readonly fd: number;
  /** Something was written that is not on the medium yet. */
  dirty: boolean;
}

export interface SegmentFilesOptions {
  readonly folder: string;
  readonly segments: Segments;
  /** Size at which the next segment is begun. */
  readonly segmentBytes: number;
  /** What is written counts only when it is on the medium. */
  readonly strict: boolean;
  readonly system: SpoolSystem;
}

/**
 * Writes frames behind one another into the segment files of this run. One append at a time, the caller sees to it; a
 * sync may run beside it.
 */
export class SegmentFiles {
  readonly #options: SegmentFilesOptions;
  /** The one that is written to. */
  #current: OpenFile | undefined = undefined;
  /** Those before it, until they are on the medium. */
  #ended: OpenFile[] = [];
  /** A segment was made whose name is not on the medium yet. */
  #folderDirty = false;
  #syncing: Promise<void> = Promise.resolve();

  constructor(options: SegmentFilesOptions) {
    this.#options = options;
  }

  get current(): Segment | undefined {
    return this.#current?.segment;
  }

  get dirty(): boolean {
    return this.#folderDirty || this.#current?.dirty === true || this.#ended.length > 0;
  }

  /**
   * Writes a frame. When that fails nothing of it counts, and it may be tried again.
   * @throws the error of open(2), write(2) or, if strict, fdatasync(2)
   */
  async append(frame: Frame, bytes: Buffer): Promise<Segment> {
    const file = await this.#fileFor(frame, bytes.length);
    try {
      await this.#write(file, bytes);
      file.dirty = true;
      if (this.#options.strict) await this.sync();
    } catch (error) {
      await this.#cutBack(file);
      throw error;
    }
    this.#options.segments.extend(file.segment, frame.first + frame.count, bytes.length);
    return file.segment;
  }

  /**
   * Brings everything that was written before to the medium. One at a time.
   * @throws the error of fdatasync(2) or fsync(2): then it is not known what is on the medium
   */
  sync(): Promise<void> {
    const mine = this.#syncing.then(() => this.#sync());
    this.#syncing = mine.catch(() => undefined);
    return mine;
  }

  /** Only when nothing is in the kernel any more: a descriptor's number is given to the next file that is opened. */
  async close(): Promise<void> {
    await this.#syncing;
    const files = this.#current === undefined ? this.#ended : [...this.#ended, this.#current];
    this.#current = undefined;
    this.#ended = [];
    for (const { fd } of files) await closeFile(fd);
  }

  async #fileFor(frame: Frame, bytes: number): Promise<OpenFile> {
    const { segments, segmentBytes, folder } = this.#options;
    const file = this.#current;
    if (file !== undefined && (file.segment.bytes === 0 || file.segment.bytes + bytes <= segmentBytes)) return file;
    const segment = emptySegment(folder, frame.first);
    const { O_WRONLY, O_CREAT, O_TRUNC, O_NOFOLLOW } = constants;
    const fd = await openFile(segment.path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, FILE_MODE);
    if (file !== undefined) this.#ended.push(file);
    segments.add(segment);
    this.#folderDirty = true;
    this.#current = { segment, fd, dirty: false };
    return this.#current;
  }

  async #write({ fd, segment }: OpenFile, bytes: Buffer): Promise<void> {
    for (let written = 0; written < bytes.length; ) {
      const left = bytes.length - written;
      written += await this.#options.system.write(fd, bytes, written, left, segment.bytes + written);
    }
  }

  /** If this fails too no harm is done: the next frame is written to the same place, and a reader steps over the rest. */
  async #cutBack({ fd, segment }: OpenFile): Promise<void> {
    await truncateFile(fd, segment.bytes).catch(() => undefined);
  }

  async #sync(): Promise<void> {
    for (const file of [...this.#ended]) {
      await this.#syncOne(file);
      this.#ended.splice(this.#ended.indexOf(file), 1);
      await closeFile(file.fd);
    }
    if (this.#current !== undefined) await this.#syncOne(this.#current);
    if (this.#folderDirty) await this.#syncFolder();
  }

  /** Marked before the call: what is written meanwhile needs another. */
  async #syncOne(file: OpenFile): Promise<void> {
    if (!file.dirty) return;
    file.dirty = false;
    try {
      await this.#options.system.sync(file.fd);
    } catch (error) {
      file.dirty = true;
      throw error;
    }
  }

  async #syncFolder(): Promise<void> {
    this.#folderDirty = false;
    const fd = await openFile(this.#options.folder, constants.O_RDONLY | constants.O_DIRECTORY);
    try {
      await syncFile(fd);
    } finally {
      await closeFile(fd);
    }
  }
}
