import { writeSync } from "node:fs";

/** Waits for a reader that is behind: 50 times 2 ms, then the line is given up. */
const maxTries = 50;
const pauseMs = 2;

/** What a LineWriter needs of the system; replaced in tests. */
export interface LineWriterSystem {
  /** write(2): returns the bytes taken, throws an error with `code`. */
  readonly write: (fd: number, bytes: Uint8Array) => number;
  /** Blocks the thread. */
  readonly pause: (milliseconds: number) => void;
}

const pauseCell = new Int32Array(new SharedArrayBuffer(4));
const realSystem: LineWriterSystem = {
  write: (fd, bytes) => writeSync(fd, bytes),
  pause: (milliseconds) => void Atomics.wait(pauseCell, 0, 0, milliseconds),
};

/**
 * Writes lines to a file descriptor synchronously, so that the last words before an exit arrive. It never throws: a
 * log that cannot be written must not end the program that wants to log. What it could not write is counted.
 */
export class LineWriter {
  readonly #fd: number;
  readonly #system: LineWriterSystem;
  #lost = 0;
  #closed = false;
  #stuck = false;
  #torn = false;

  constructor(fd: number, system: LineWriterSystem = realSystem) {
    this.#fd = fd;
    this.#system = system;
  }

  /** Lines given up: the reader stayed behind (EAGAIN), or the write failed. After EPIPE nobody reads: not counted. */
  get lost(): number {
    return this.#lost;
  }

  /** `line` without its newline. */
  write(line: string): void {
    if (this.#closed) return;
    const bytes = Buffer.from(`${this.#torn ? "\n" : ""}${line}\n`);
    let written = 0;
    // A reader that did not move for a whole line's wait gets one try a line from then on, or every line would stall.
    let tries = this.#stuck ? 1 : maxTries;
    while (written < bytes.length) {
      const taken = this.#try(bytes.subarray(written));
      if (this.#closed) return;
      if (taken === undefined || (taken === 0 && --tries <= 0)) break;
      if (taken === 0) this.#system.pause(pauseMs);
      written += taken;
    }
    const complete = written === bytes.length;
    this.#stuck = !complete;
    this.#torn = complete ? false : this.#torn || written > 0;
    if (!complete) this.#lost++;
  }

  /** Bytes taken; 0 when a later try may take some, undefined when none will. */
  #try(bytes: Uint8Array): number | undefined {
    try {
      return this.#system.write(this.#fd, bytes);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "EPIPE" || code === "EBADF") this.#closed = true;
      return code === "EAGAIN" || code === "EINTR" ? 0 : undefined;
    }
  }
}
