import type { Chunk } from "./chunk.ts";
import { ChunkPool, NO_CHUNK } from "./chunk.ts";
import type { WriterSystem } from "./descriptor.ts";
import { Descriptor, REAL_SYSTEM } from "./descriptor.ts";
import { cannotWrite, isReaderGone } from "./fault.ts";
import type { Output, OutputEnd, OutputEvents, OutputStats } from "./output.ts";

export interface WriterOptions extends OutputEvents {
  /** The destination's name in messages: a path, or `standard output`. */
  readonly name: string;
  /** Bytes gathered for one write(2). Default 256 KiB: about 90 documents; larger ones measured no cheaper. */
  readonly chunkBytes?: number;
  /** Bound on the memory of all that waits, in bytes; at least two chunks. Default 32 MiB: one second at 12,000 lines/s. */
  readonly maxWaitingBytes?: number;
  /** A line waits at most this long for its chunk to fill, in ms. Default 100. */
  readonly maxAgeMs?: number;
  /**
   * Called before onEnd when a write failed in the middle of a line: of the `bytesToFd` that this fd has got, the last
   * `bytes` are the beginning of a line whose rest will never come.
   */
  readonly onHalfLine?: (fd: number, bytes: number, bytesToFd: number) => void;
  /**
   * Called before the first write of each chunk, of `bytes`, to a descriptor that has got `bytesToFd` so far. It may return another one:
   * that gets this chunk and all after it, and the one before is the caller's to close, at once if it likes.
   */
  readonly onChunk?: (fd: number, bytes: number, bytesToFd: number) => number;
  readonly system?: WriterSystem;
}

const NEWLINE = 0x0a;
/** A UTF-16 unit never takes more bytes than this in UTF-8. */
const MAX_BYTES_PER_UNIT = 3;

/**
 * Moves lines to a file descriptor that its caller opened and closes.
 *
 * A line is encoded at once into a chunk; a chunk is written when it is full or its oldest line is maxAgeMs old, one at a
 * time, so order is kept. Measured: 0.25 us for a flat string of 2.5 KB; a concatenated one adds its flattening (1.8 us
 * for 160 pieces), which every encoding pays: latin1, encodeInto and one large string a chunk gained nothing.
 *
 * Half lines: a chunk begins and ends at a line's boundary, the rest of a short write goes before anything else, and
 * descriptors are exchanged only between chunks. So a half line arises only from a write that fails for good, and nothing
 * of this writer follows it; onHalfLine lets the owner cut it off where that is possible (file.ts).
 */
export class FdWriter implements Output {
  readonly #options: WriterOptions;
  readonly #maxAgeMs: number;
  readonly #system: WriterSystem;
  readonly #pool: ChunkPool;
  readonly #descriptor: Descriptor;

  /** Takes new lines. */
  #filling: Chunk = NO_CHUNK;
  /** Closed to new lines, oldest first; the first may be in hand of the descriptor. */
  #sealed: Chunk[] = [];
  /** The filling chunk is to be written although it has room. */
  #due = false;
  #ageTimer: NodeJS.Timeout | undefined = undefined;
  #open = true;
  #ended = false;
  #closed: Promise<boolean> | undefined = undefined;
  #exchange: { readonly fd: number; readonly resolve: (old: number | undefined) => void } | undefined = undefined;
  #flushes: { readonly bytes: number; readonly resolve: () => void }[] = [];

  #acceptedBytes = 0;
  #bytesOfDoneChunks = 0;
  #lines = 0;
  #droppedLines = 0;
  /** droppedLines when the room ran out; undefined while there is room. */
  #droppingSince: number | undefined = undefined;

  constructor(fd: number, options: WriterOptions) {
    this.#options = options;
    this.#maxAgeMs = options.maxAgeMs ?? 100;
    this.#system = options.system ?? REAL_SYSTEM;
    this.#pool = new ChunkPool(options.chunkBytes ?? 256 * 1024, options.maxWaitingBytes ?? 32 * 1024 * 1024);
    this.#descriptor = new Descriptor(fd, this.#system);
  }

  write(line: string): boolean {
    const chunk = this.#filling;
    if (line.length * MAX_BYTES_PER_UNIT > chunk.memory.length - chunk.used) return this.#writeWithoutRoom(line);
    this.#append(chunk, line);
    return true;
  }

  /** Measured for 3.2 KB, half of it pieces that stand in many lines: 1.15 us; made one string first: 1.53 us and its garbage. */
  writePieces(pieces: readonly string[]): boolean {
    const { memory, used } = this.#filling;
    let units = 0;
    for (const piece of pieces) units += piece.length;
    if (units * MAX_BYTES_PER_UNIT > memory.length - used) return this.#writeWithoutRoom(pieces.join(""));
    let at = used;
    for (const piece of pieces) at += memory.write(piece, at, "utf8");
    this.#took(this.#filling, at - used);
    return true;
  }

  flush(): Promise<void> {
    if (this.#waitingBytes() === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#flushes.push({ bytes: this.#acceptedBytes, resolve });
      this.#due = true;
      this.#pump();
    });
  }

  /** Default deadline: 5,000 ms. After it a write may still be in the kernel: see `inKernel`. */
  close(deadlineMs = 5_000): Promise<boolean> {
    this.#closed ??= this.#close(deadlineMs);
    return this.#closed;
  }

  async #close(deadlineMs: number): Promise<boolean> {
    this.#open = false;
    this.#seal();
    let timer: NodeJS.Timeout | undefined;
    const deadline = new Promise<void>((resolve) => {
      timer = this.#system.setTimer(resolve, deadlineMs);
    });
    await Promise.race([this.flush(), deadline]);
    if (timer !== undefined) this.#system.clearTimer(timer);
    const complete = !this.#ended && this.#waitingBytes() === 0;
    this.#end();
    return complete;
  }

  get waitingBytes(): number {
    return this.#waitingBytes();
  }

  stats(): OutputStats {
    return {
      lines: this.#lines,
      bytes: this.#writtenBytes(),
      droppedLines: this.#droppedLines,
      waitingBytes: this.#waitingBytes(),
    };
  }

  /** What is written to now. */
  get fd(): number {
    return this.#descriptor.fd;
  }

  /** True while the kernel holds a write: closing the descriptor now could send it into another file. */
  get inKernel(): boolean {
    return this.#descriptor.inKernel;
  }

  /**
   * Goes on with another descriptor from the next chunk on; resolves with the old one, which may then be closed. undefined when
   * it may not: this writer was closed with a write in the kernel.
   */
  replaceFd(fd: number): Promise<number | undefined> {
    if (this.#exchange !== undefined) throw new Error("a descriptor is already being exchanged");
    return new Promise((resolve) => {
      this.#exchange = { fd, resolve };
      this.#pump();
    });
  }

  #append(chunk: Chunk, line: string): void {
    this.#took(chunk, chunk.memory.write(line, chunk.used, "utf8"));
  }

  #took(chunk: Chunk, bytes: number): void {
    chunk.used += bytes;
    chunk.lines++;
    this.#acceptedBytes += bytes;
    this.#ageTimer ??= this.#system.setTimer(() => this.#aged(), this.#maxAgeMs);
  }

  #writeWithoutRoom(line: string): boolean {
    if (!this.#open) {
      this.#droppedLines++;
      return false;
    }
    const bytes = Buffer.byteLength(line);
    if (bytes > this.#filling.memory.length - this.#filling.used) {
      const next = this.#pool.take(bytes);
      if (next === undefined) {
        this.#drop();
        return false;
      }
      this.#seal();
      this.#filling = next;
    }
    this.#append(this.#filling, line);
    this.#pump();
    return true;
  }

  #drop(): void {
    if (this.#droppingSince === undefined) {
      this.#droppingSince = this.#droppedLines;
      this.#options.onDrop?.();
    }
    this.#droppedLines++;
  }

  /**
   * Not sealed here: behind a reader that stands still, a chunk a tick with one line in it would use up the bound.
   * #pump takes the filling chunk when nothing is before it.
   */
  #aged(): void {
    this.#ageTimer = undefined;
    this.#due = true;
    this.#pump();
  }

  #seal(): void {
    const chunk = this.#filling;
    this.#filling = NO_CHUNK;
    this.#due = false;
    if (chunk.used > 0) this.#sealed.push(chunk);
    else if (chunk !== NO_CHUNK) this.#pool.giveBack(chunk);
  }

  #pump(): void {
    if (this.#descriptor.busy) return;
    if (this.#exchange !== undefined) {
      const { fd, resolve } = this.#exchange;
      this.#exchange = undefined;
      const { inKernel } = this.#descriptor;
      const old = this.#descriptor.exchange(fd);
      resolve(inKernel ? undefined : old);
    }
    if (this.#sealed.length === 0 && this.#due) this.#seal();
    const chunk = this.#sealed[0];
    if (chunk === undefined) return;
    const { onChunk } = this.#options;
    if (onChunk !== undefined) {
      const { fd, bytesToFd } = this.#descriptor;
      const next = onChunk(fd, chunk.used, bytesToFd);
      if (next !== fd) this.#descriptor.exchange(next);
    }
    this.#descriptor.write(chunk, (error) => this.#chunkDone(chunk, error));
  }

  #chunkDone(chunk: Chunk, error: NodeJS.ErrnoException | null): void {
    if (error !== null) {
      this.#fail(chunk, error);
      return;
    }
    this.#sealed.shift();
    this.#bytesOfDoneChunks += chunk.used;
    this.#lines += chunk.lines;
    this.#pool.giveBack(chunk);
    if (this.#droppingSince !== undefined && this.#pool.relaxed) {
      const lines = this.#droppedLines - this.#droppingSince;
      this.#droppingSince = undefined;
      this.#options.onRecover?.(lines);
    }
    this.#settleFlushes();
    this.#pump();
  }

  #fail(chunk: Chunk, error: NodeJS.ErrnoException): void {
    const half = bytesAfterLastLine(chunk);
    if (half > 0) this.#options.onHalfLine?.(this.#descriptor.fd, half, this.#descriptor.bytesToFd);
    const lostLines = this.#end();
    const achieved = { bytes: this.#writtenBytes(), lines: this.#lines, lostLines };
    const end: OutputEnd = isReaderGone(error) ? "reader gone" : cannotWrite(this.#options.name, error, achieved);
    this.#options.onEnd?.(end);
  }

  /** Counts all that waits as dropped and lets go of everything. Returns the number of lines lost with it. */
  #end(): number {
    if (this.#ended) return 0;
    this.#open = false;
    this.#ended = true;
    this.#seal();
    const started = this.#sealed[0];
    const takenLines = started === undefined ? 0 : wholeLines(started);
    const waitingLines = this.#sealed.reduce((lines, chunk) => lines + chunk.lines, 0);
    const lostLines = Math.max(0, waitingLines - takenLines);
    this.#bytesOfDoneChunks += started?.written ?? 0;
    this.#acceptedBytes = this.#bytesOfDoneChunks;
    this.#lines += takenLines;
    this.#droppedLines += lostLines;
    this.#sealed = [];
    this.#descriptor.abandon();
    if (this.#ageTimer !== undefined) this.#system.clearTimer(this.#ageTimer);
    this.#ageTimer = undefined;
    this.#settleFlushes();
    this.#pump();
    return lostLines;
  }

  #settleFlushes(): void {
    const written = this.#writtenBytes();
    const settled = this.#flushes.filter((flush) => this.#ended || flush.bytes <= written);
    if (settled.length === 0) return;
    this.#flushes = this.#flushes.filter((flush) => !settled.includes(flush));
    for (const flush of settled) flush.resolve();
  }

  #writtenBytes(): number {
    return this.#bytesOfDoneChunks + (this.#sealed[0]?.written ?? 0);
  }

  #waitingBytes(): number {
    return this.#acceptedBytes - this.#writtenBytes();
  }
}

function bytesAfterLastLine(chunk: Chunk): number {
  if (chunk.written === 0) return 0;
  return chunk.written - (chunk.memory.lastIndexOf(NEWLINE, chunk.written - 1) + 1);
}

/** Lines the kernel took whole of a chunk it did not take whole. A text handed over with several lines counts as one. */
function wholeLines(chunk: Chunk): number {
  let lines = 0;
  for (
    let at = chunk.memory.indexOf(NEWLINE);
    at >= 0 && at < chunk.written;
    at = chunk.memory.indexOf(NEWLINE, at + 1)
  )
    lines++;
  return Math.min(lines, chunk.lines);
}
