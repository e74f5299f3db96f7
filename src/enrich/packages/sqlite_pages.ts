import { type OpenFile, readAt } from "./root_visit.ts";
import { readWal } from "./sqlite_wal.ts";

const MAGIC = "SQLite format 3\0";
/** Read at once, and kept 16 of: trees and overflow chains of rpm's database mostly run forwards. */
const WINDOW = 256 << 10;
const WINDOWS = 16;

/** A database that makes no sense. */
export class DamagedDatabase extends Error {
  override readonly name = "DamagedDatabase";
}

/** The pages of an SQLite database (sqlite.org/fileformat.html), those in its write-ahead log before those in the file. */
export class SqlitePages {
  readonly #file: OpenFile;
  readonly #wal: OpenFile | undefined;
  readonly #logged: ReadonlyMap<number, number>;
  readonly #windows = new Map<number, Buffer>();
  readonly size: number;
  /** Bytes of a page that b-trees use. */
  readonly usable: number;
  /** Pages of the database; they are numbered from 1. */
  readonly count: number;

  private constructor(
    file: OpenFile,
    wal: OpenFile | undefined,
    header: Buffer,
    logged: Map<number, number>,
    count: number,
  ) {
    this.#file = file;
    this.#wal = wal;
    this.#logged = logged;
    this.count = count;
    this.size = pageSize(header);
    this.usable = this.size - (header[20] as number);
  }

  /** @throws DamagedDatabase when it is no such file */
  static async open(file: OpenFile, wal: OpenFile | undefined): Promise<SqlitePages> {
    const header = await readAt(file, 0, 100);
    if (header.length < 100 || header.toString("latin1", 0, 16) !== MAGIC)
      throw new DamagedDatabase("no SQLite database");
    const size = pageSize(header);
    if (size < 512 || size > 65536 || (size & (size - 1)) !== 0 || size - (header[20] as number) < 480) {
      throw new DamagedDatabase("page size");
    }
    const log = wal === undefined ? undefined : await readWal(wal, size);
    const count = log?.pages ?? Math.floor(file.size / size);
    return new SqlitePages(file, wal, header, log?.frames ?? new Map<number, number>(), count);
  }

  /** @throws DamagedDatabase when there is no such page */
  async page(number: number): Promise<Buffer> {
    if (number < 1 || number > this.count) throw new DamagedDatabase("page number");
    const logged = this.#logged.get(number);
    if (logged !== undefined && this.#wal !== undefined)
      return exactly(await readAt(this.#wal, logged, this.size), this.size);
    const at = (number - 1) * this.size;
    const start = at - (at % WINDOW);
    const window = this.#windows.get(start) ?? (await this.#read(start));
    return exactly(window.subarray(at - start, at - start + this.size), this.size);
  }

  async #read(start: number): Promise<Buffer> {
    const window = await readAt(this.#file, start, Math.min(WINDOW, Math.max(0, this.#file.size - start)));
    for (const oldest of this.#windows.keys()) {
      if (this.#windows.size < WINDOWS) break;
      this.#windows.delete(oldest);
    }
    this.#windows.set(start, window);
    return window;
  }
}

function pageSize(header: Buffer): number {
  const size = header.readUInt16BE(16);
  return size === 1 ? 65536 : size;
}

function exactly(page: Buffer, size: number): Buffer {
  if (page.length !== size) throw new DamagedDatabase("page cut off");
  return page;
}
