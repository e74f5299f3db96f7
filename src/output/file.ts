import { closeSync, constants, fstatSync, ftruncateSync, openSync, readSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { cannotOpen } from "./fault.ts";
import type { Output, OutputStats } from "./output.ts";
import type { WriterOptions } from "./writer.ts";
import { FdWriter } from "./writer.ts";

/** As WriterOptions; the name is the path. */
export type FileOptions = Omit<WriterOptions, "name" | "onHalfLine">;

/** Readable by the group, so that a shipper need not be root; arguments may hold secrets, so not by others. umask narrows it. */
const MODE = 0o640;

/**
 * Appends lines to a file. A missing file is made, a missing folder is not: a mistyped path should be told, not built.
 *
 * A file never holds a half line followed by others: what a failed write left of a line is cut off again if nobody else
 * has written since, and a file found without a closing newline (a crash, another program) gets one first.
 */
export class FileOutput implements Output {
  readonly #path: string;
  readonly #writer: FdWriter;
  #fd: number;
  /** Size when opened; undefined for what is no regular file. */
  #sizeAtOpen: number | undefined;
  #reopening: Promise<void> | undefined = undefined;
  #closed: Promise<boolean> | undefined = undefined;

  /** Throws CANNOT_WRITE when the path cannot be opened. */
  constructor(path: string, options: FileOptions = {}) {
    this.#path = path;
    const { fd, size } = openForAppend(path);
    this.#fd = fd;
    this.#sizeAtOpen = size;
    this.#writer = new FdWriter(fd, {
      ...options,
      name: path,
      onHalfLine: (halfFd, bytes, bytesToFd) => this.#cutOff(halfFd, bytes, bytesToFd),
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

  close(deadlineMs?: number): Promise<boolean> {
    this.#closed ??= this.#close(deadlineMs);
    return this.#closed;
  }

  async #close(deadlineMs?: number): Promise<boolean> {
    const complete = await this.#writer.close(deadlineMs);
    await this.#reopening;
    if (!this.#writer.inKernel) closeSync(this.#fd);
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
    const { fd, size } = openForAppend(this.#path);
    const old = await this.#writer.replaceFd(fd);
    this.#fd = fd;
    this.#sizeAtOpen = size;
    if (!this.#writer.inKernel) closeSync(old);
  }

  /** Only when the file is exactly as long as this writer made it: else somebody else's bytes would be cut. */
  #cutOff(fd: number, bytes: number, bytesToFd: number): void {
    if (this.#sizeAtOpen === undefined) return;
    const size = fstatSync(fd).size;
    if (size === this.#sizeAtOpen + bytesToFd) ftruncateSync(fd, size - bytes);
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
