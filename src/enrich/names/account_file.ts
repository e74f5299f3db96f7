import type { BigIntStats } from "node:fs";
import { constants, type FileHandle, open, stat } from "node:fs/promises";
import { setImmediate as nextTurn } from "node:timers/promises";
import { AccountLines, type Database } from "./account_lines.ts";
import type { NamesCounters } from "./counters.ts";

/** About 0.4 ms of the event loop; now and then 5 ms, when the Map of 100,000 names grows. */
const SLICE_BYTES = 64 << 10;
/** Times of files advance by the kernel's tick, 10 ms at most: a file as young as this may change again and look the same. */
export const SETTLED_MS = 50;

export interface AccountFileSettings {
  readonly path: string;
  readonly database: Database;
  readonly maxBytes: number;
  readonly wall: () => number;
}

/** passwd or group of the host, read again when its metadata differ. */
export class AccountFile {
  readonly #settings: AccountFileSettings;
  readonly #counters: NamesCounters;
  /** Metadata of what was read last, or why it could not be; undefined when it is to be read in any case. */
  #stamp: string | undefined;

  constructor(settings: AccountFileSettings, counters: NamesCounters) {
    this.#settings = settings;
    this.#counters = counters;
  }

  /** Names by id when the file differs from what was read before, else undefined. A file that cannot be read has none. */
  async changed(): Promise<Map<number, string> | undefined> {
    try {
      if (stampOf(await stat(this.#settings.path, { bigint: true })) === this.#stamp) return undefined;
      return await this.#read();
    } catch (error) {
      const reason = error instanceof Error && "code" in error ? String(error.code) : String(error);
      if (reason === this.#stamp) return undefined;
      this.#stamp = reason;
      if (reason !== "ENOENT") this.#counters.filesRefused++;
      return new Map();
    }
  }

  async #read(): Promise<Map<number, string>> {
    // O_NONBLOCK: the open of a fifo would wait for a writer.
    const file = await open(this.#settings.path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
    try {
      const before = await file.stat({ bigint: true });
      if (!before.isFile()) throw new Error("no regular file");
      const size = Number(before.size);
      if (size > this.#settings.maxBytes) throw new Error("too large");
      const names = await this.#parse(await readBytes(file, size));
      const after = stampOf(await file.stat({ bigint: true }));
      const age = Math.abs(this.#settings.wall() - Number(before.ctimeMs));
      this.#stamp = after === stampOf(before) && age > SETTLED_MS ? after : undefined;
      this.#counters.filesRead++;
      return names;
    } finally {
      await file.close();
    }
  }

  async #parse(bytes: Buffer): Promise<Map<number, string>> {
    const names = new Map<number, string>();
    const lines = new AccountLines(bytes, this.#settings.database, (id, name) => {
      if (!names.has(id)) names.set(id, name);
    });
    while (lines.read(SLICE_BYTES)) await nextTurn();
    this.#counters.junkLines += lines.junk;
    return names;
  }
}

function stampOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return `${dev}:${ino}:${size}:${mtimeNs}:${ctimeNs}`;
}

async function readBytes(file: FileHandle, size: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(size);
  for (let length = 0; ; ) {
    const { bytesRead } = await file.read(bytes, length, size - length);
    length += bytesRead;
    if (bytesRead === 0 || length === size) return bytes.subarray(0, length);
  }
}
