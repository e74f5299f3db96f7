import { write as fsWrite } from "node:fs";
import type { Chunk } from "./chunk.ts";
import { isTemporary } from "./fault.ts";

/** The parts of the world that moving bytes touches; replaced in tests. Times in ms. */
export interface WriterSystem {
  write(fd: number, memory: Buffer, offset: number, length: number, done: WriteDone): void;
  setTimer(run: () => void, ms: number): NodeJS.Timeout;
  clearTimer(timer: NodeJS.Timeout): void;
}
export type WriteDone = (error: NodeJS.ErrnoException | null, bytes: number) => void;

export const REAL_SYSTEM: WriterSystem = {
  write: (fd, memory, offset, length, done) => fsWrite(fd, memory, offset, length, null, done),
  setTimer: (run, ms) => setTimeout(run, ms),
  clearTimer: (timer) => clearTimeout(timer),
};

/** A full pipe is asked again after 1 ms, then 2, 4 ... 32: a pipe holds 64 KiB, so 1 ms already lets 64 MB/s through. */
const FIRST_RETRY_MS = 1;
const LAST_RETRY_MS = 32;

/** Writes one chunk at a time to a file descriptor, whole: short writes are continued, a full pipe is asked again. */
export class Descriptor {
  readonly #system: WriterSystem;
  #fd: number;
  #bytesToFd = 0;
  #chunk: Chunk | undefined = undefined;
  #done: ((error: NodeJS.ErrnoException | null) => void) | undefined = undefined;
  #inKernel = false;
  #retryTimer: NodeJS.Timeout | undefined = undefined;
  #retryMs = FIRST_RETRY_MS;

  constructor(fd: number, system: WriterSystem) {
    this.#fd = fd;
    this.#system = system;
  }

  get fd(): number {
    return this.#fd;
  }

  /** Bytes this fd has taken. */
  get bytesToFd(): number {
    return this.#bytesToFd;
  }

  /** True from write() until its `done`. */
  get busy(): boolean {
    return this.#chunk !== undefined;
  }

  /** True while the kernel holds a write. */
  get inKernel(): boolean {
    return this.#inKernel;
  }

  /** Calls `done` once, when the chunk is written whole or never will be; chunk.written says how far it came. */
  write(chunk: Chunk, done: (error: NodeJS.ErrnoException | null) => void): void {
    this.#chunk = chunk;
    this.#done = done;
    this.#attempt();
  }

  /** Only between chunks. Returns the old descriptor. */
  exchange(fd: number): number {
    const old = this.#fd;
    this.#fd = fd;
    this.#bytesToFd = 0;
    return old;
  }

  /** Forgets the chunk; `done` will not be called. A write that the kernel holds cannot be called back. */
  abandon(): void {
    if (this.#retryTimer !== undefined) this.#system.clearTimer(this.#retryTimer);
    this.#retryTimer = undefined;
    this.#chunk = undefined;
    this.#done = undefined;
  }

  #attempt(): void {
    const chunk = this.#chunk;
    if (chunk === undefined) return;
    this.#inKernel = true;
    this.#system.write(this.#fd, chunk.memory, chunk.written, chunk.used - chunk.written, (error, bytes) => {
      this.#inKernel = false;
      if (this.#chunk !== undefined) this.#answered(this.#chunk, error, bytes);
    });
  }

  #answered(chunk: Chunk, error: NodeJS.ErrnoException | null, bytes: number): void {
    if (error !== null && !isTemporary(error)) {
      this.#finish(error);
      return;
    }
    const taken = error === null ? bytes : 0;
    chunk.written += taken;
    this.#bytesToFd += taken;
    if (chunk.written === chunk.used) this.#finish(null);
    else if (taken > 0) {
      this.#retryMs = FIRST_RETRY_MS;
      this.#attempt();
    } else this.#attemptLater();
  }

  #attemptLater(): void {
    const ms = this.#retryMs;
    this.#retryMs = Math.min(ms * 2, LAST_RETRY_MS);
    this.#retryTimer = this.#system.setTimer(() => {
      this.#retryTimer = undefined;
      this.#attempt();
    }, ms);
  }

  #finish(error: NodeJS.ErrnoException | null): void {
    const done = this.#done;
    this.#chunk = undefined;
    this.#done = undefined;
    this.#retryMs = FIRST_RETRY_MS;
    done?.(error);
  }
}
