/** A piece of memory in which frames stand one behind the other. */
export interface Block {
  readonly memory: Buffer;
  /** Bytes taken by frames. */
  used: number;
  /** Frames in it that are still needed, and one more while it is filled. */
  users: number;
}

/** Stands for "no block yet": it has no room. Never changed. */
export const NO_BLOCK: Block = { memory: Buffer.alloc(0), used: 0, users: 0 };

/** Free blocks kept, 6 MiB: what one request's documents take, so a steady stream allocates nothing. */
const KEPT = 12;

/** Blocks of one size, used again when nobody needs a frame in them: fresh memory costs a page fault every 4 KiB. */
export class BlockPool {
  readonly #blockBytes: number;
  readonly #free: Block[] = [];

  constructor(blockBytes: number) {
    this.#blockBytes = blockBytes;
  }

  /** An empty block with one user and room for `bytes` at least. */
  take(bytes: number): Block {
    const reused = bytes <= this.#blockBytes ? this.#free.pop() : undefined;
    const block = reused ?? {
      memory: Buffer.allocUnsafeSlow(Math.max(bytes, this.#blockBytes)),
      used: 0,
      users: 0,
    };
    block.used = 0;
    block.users = 1;
    return block;
  }

  /** One user needs it no more. */
  release(block: Block): void {
    block.users--;
    if (block.users > 0 || block.memory.length !== this.#blockBytes || this.#free.length >= KEPT) return;
    this.#free.push(block);
  }
}
