/** A piece of memory that fills with whole lines and is then written. It starts at the start of a line. */
export interface Chunk {
  readonly memory: Buffer;
  /** Bytes filled. */
  used: number;
  /** Of them, bytes the kernel has taken. */
  written: number;
  lines: number;
}

/** Stands for "no chunk yet": it has no room, so the first line asks for a real one. Never changed. */
export const NO_CHUNK: Chunk = { memory: Buffer.alloc(0), used: 0, written: 0, lines: 0 };

/** Free chunks kept: a burst of 500 documents of 4 KB between two turns of the event loop. Without them each burst pays page faults. */
const KEPT = 8;

/** Hands out chunks up to a bound on the memory they occupy, and uses them again, so that a steady stream allocates nothing. */
export class ChunkPool {
  readonly #chunkBytes: number;
  readonly #maxBytes: number;
  readonly #free: Chunk[] = [];
  #outBytes = 0;

  constructor(chunkBytes: number, maxBytes: number) {
    if (maxBytes < 2 * chunkBytes) {
      throw new RangeError(
        `the bound of ${maxBytes} bytes must hold two chunks of ${chunkBytes}: one fills while one is written`,
      );
    }
    this.#chunkBytes = chunkBytes;
    this.#maxBytes = maxBytes;
  }

  /** True when at most half of the bound is out. */
  get relaxed(): boolean {
    return this.#outBytes <= this.#maxBytes / 2;
  }

  /** An empty chunk with room for `size` bytes at least (one of its own size for a larger line), or undefined when the bound forbids. */
  take(size: number): Chunk | undefined {
    const bytes = Math.max(size, this.#chunkBytes);
    if (this.#outBytes + bytes > this.#maxBytes) return undefined;
    this.#outBytes += bytes;
    const reused = bytes === this.#chunkBytes ? this.#free.pop() : undefined;
    return reused ?? { memory: Buffer.allocUnsafeSlow(bytes), used: 0, written: 0, lines: 0 };
  }

  giveBack(chunk: Chunk): void {
    const bytes = chunk.memory.length;
    this.#outBytes -= bytes;
    if (bytes !== this.#chunkBytes || this.#free.length >= KEPT) return;
    chunk.used = 0;
    chunk.written = 0;
    chunk.lines = 0;
    this.#free.push(chunk);
  }
}
