import { closeSync, constants, fstatSync, ftruncateSync, openSync, readSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { cannotOpen } from "./fault.ts";
import type { Output, OutputStats } from "./output.ts";
import { putAside, type Rotation } from "./rotation.ts";
import type { WriterOptions } from "./writer.ts";
import { FdWriter } from "./writer.ts";

/** As WriterOptions; the name is the path. */
export interface FileOptions extends Omit<WriterOptions, "name" | "onHalfLine" | "onChunk"> {
  /** undefined: the file grows, and whoever rotates it calls reopen(). */
  readonly rotate?: Rotation;
  /** The file could not be put aside: it grows beyond its bound. Not called again before that has worked. */
  readonly onRotateFault?: (sentence: string) => void;
}

/** Arguments may hold secrets: for the owner alone. A file that exists keeps its mode. */
const MODE = 0o600;
const CHUNK_BYTES = 256 * 1024;

/**
 * Appends lines to a file. A missing file is made, a missing folder is not: a mistyped path should be told, not built.
 *
 * A file never holds a half line followed by others: what a failed write left of a line is cut off again if nobody else
 * has written since, and a file found without a closing newline (a crash, another program) gets one first. Rotation falls between
 * two chunks of whole lines.
 */
export class FileOutput implements Output {
  readonly #path: string;
  readonly #onRotateFault: ((sentence: string) => void) | undefined;
  readonly #writer: FdWriter;
  /** By descriptor that is open: the size when opened; undefined for what is no regular file. */
  readonly #sizes = new Map<number, number | undefined>();
  #isRotateFaulty = false;
  #reopening: Promise<void> | undefined = undefined;
  #closed: Promise<boolean> | undefined = undefined;

  /** Throws CANNOT_WRITE when the path cannot be opened. */
  constructor(path: string, options: FileOptions = {}) {
    const { rotate, onRotateFault, ...writerOptions } = options;
    this.#path = path;
    this.#onRotateFault = onRotateFault;
    // A chunk that a file could not hold would make every file too large.
    const chunkBytes = Math.min(options.chunkBytes ?? CHUNK_BYTES, rotate?.maxSize ?? CHUNK_BYTES);
    this.#writer = new FdWriter(this.#open(), {
      ...writerOptions,
      chunkBytes,
      name: path,
      onHalfLine: (fd, bytes, bytesToFd) => this.#cutOff(fd, bytes, bytesToFd),
      ...(rotate !== undefined && { onChunk: (fd, bytes, bytesToFd) => this.#rotated(rotate, fd, bytes, bytesToFd) }),
    });
  }

  write(line: string): boolean {
    return this.#writer.write(line);
  }

  writePieces(pieces: readonly string[]): boolean {
    return this.#writer.writePieces(pieces);
  }

  flush(): Promise<void> {
    return this.#writer.flush();
  }

  stats(): OutputStats {
    return this.#writer.stats();
  }

  get waitingBytes(): number {
    return this.#writer.waitingBytes;
  }

  close(deadlineMs?: number): Promise<boolean> {
    this.#closed ??= this.#close(deadlineMs);
    return this.#closed;
  }

  async #close(deadlineMs?: number): Promise<boolean> {
    const complete = await this.#writer.close(deadlineMs);
    await this.#reopening;
    if (!this.#writer.inKernel) this.#closeFd(this.#writer.fd);
    return complete;
  }

  /**
   * Opens the path anew and goes on there, for log rotation: rename the file, then call this. Resolves when the old file
   * has got its last line. Throws CANNOT_WRITE when the path cannot be opened; the old file is then written on, nothing is lost.
   */
  reopen(): Promise<void> {
    this.#reopening ??= this.#reopen().finally(() => {
      this.#reopening = undefined;
    });
    return this.#reopening;
  }

  async #reopen(): Promise<void> {
    const old = await this.#writer.replaceFd(this.#open());
    if (old !== undefined) this.#closeFd(old);
  }

  /**
   * The descriptor for the next chunk: `fd`, or a new one when the file would grow beyond its bound. The renames hold up the process
   * for 0.1 ms a rotation on a local disk.
   */
  #rotated(rotate: Rotation, fd: number, bytes: number, bytesToFd: number): number {
    let sizeAtOpen = this.#sizes.get(fd);
    if (sizeAtOpen === undefined) return fd;
    if (bytesToFd === 0) {
      // Reopened as the same file, it may have got one more chunk through the old descriptor.
      sizeAtOpen = fstatSync(fd).size;
      this.#sizes.set(fd, sizeAtOpen);
    }
    const size = sizeAtOpen + bytesToFd;
    if (size === 0 || size + bytes <= rotate.maxSize) return fd;
    try {
      putAside(this.#path, fd, rotate.keep);
      const next = this.#open();
      this.#closeFd(fd);
      this.#isRotateFaulty = false;
      // Full already when it is not new: somebody else had put ours aside.
      return this.#rotated(rotate, next, bytes, 0);
    } catch (error) {
      this.#tellRotateFault(error);
      return fd;
    }
  }

  #tellRotateFault(error: unknown): void {
    if (this.#isRotateFaulty) return;
    this.#isRotateFaulty = true;
    const reason = error instanceof Error ? error.message : String(error);
    this.#onRotateFault?.(
      `${this.#path} cannot be rotated (${reason}): it grows beyond output.file.rotate.max_size until that works. ` +
        "Let mayfly write in its folder, or rotate it from outside and send SIGHUP.",
    );
  }

  #open(): number {
    const { fd, size } = openForAppend(this.#path);
    this.#sizes.set(fd, size);
    return fd;
  }

  #closeFd(fd: number): void {
    this.#sizes.delete(fd);
    closeSync(fd);
  }

  /** Only when the file is exactly as long as this writer made it: else somebody else's bytes would be cut. */
  #cutOff(fd: number, bytes: number, bytesToFd: number): void {
    const sizeAtOpen = this.#sizes.get(fd);
    if (sizeAtOpen === undefined) return;
    const size = fstatSync(fd).size;
    if (size === sizeAtOpen + bytesToFd) ftruncateSync(fd, size - bytes);
  }
}

/** Size is that of a regular file, after a missing last newline was added; undefined for devices and pipes. */
function openForAppend(path: string): { fd: number; size: number | undefined } {
  const fd = open(path);
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) return { fd, size: undefined };
    const added = stat.size > 0 && !endsWithNewline(path, stat.size) ? writeSync(fd, "\n") : 0;
    return { fd, size: stat.size + added };
  } catch (error) {
    closeSync(fd);
    throw cannotOpen(path, reasonOf(error, path), error);
  }
}

/** Non-blocking, so that a pipe without a reader or with a slow one cannot hold a thread; a regular file does not mind. */
function open(path: string): number {
  const { O_WRONLY, O_APPEND, O_CREAT, O_NONBLOCK, O_NOCTTY } = constants;
  try {
    return openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | O_NOCTTY, MODE);
  } catch (error) {
    throw cannotOpen(path, reasonOf(error, path), error);
  }
}

/** A file that may be written but not read is taken to be in order. */
function endsWithNewline(path: string, size: number): boolean {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY);
  } catch {
    return true;
  }
  try {
    const last = Buffer.alloc(1);
    return readSync(fd, last, 0, 1, size - 1) === 0 || last[0] === 0x0a;
  } finally {
    closeSync(fd);
  }
}

function reasonOf(error: unknown, path: string): string {
  const code = (error as NodeJS.ErrnoException).code ?? String(error);
  switch (code) {
    case "EISDIR":
      return "it is a folder; name a file in it";
    case "ENOENT":
      return `the folder ${dirname(path)} does not exist; create it`;
    case "EACCES":
    case "EPERM":
      return "no permission; choose another path or run as a user who may write there";
    case "EROFS":
      return "the file system is read-only";
    case "ENXIO":
      return "nobody reads from this pipe or socket";
    case "ENOSPC":
      return "the disk is full";
    default:
      return `the system says ${code}`;
  }
}
