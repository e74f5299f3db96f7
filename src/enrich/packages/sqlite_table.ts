import { DamagedDatabase, type SqlitePages } from "./sqlite_pages.ts";

/** B-trees of 2^32 pages are not deeper. */
const MAX_DEPTH = 20;
const INTERIOR = 5;
const LEAF = 13;

/** A value of a row: an integer (as far as 48 bits go), text or a blob; undefined for whatever else. */
type Value = number | Buffer | undefined;

/**
 * Reads every row of one table. Own code, because Node 20 has no SQLite of its own; packages for it are native with an
 * install script, or a megabyte of WebAssembly that opens a path by itself or wants the whole file in memory. One table,
 * read from end to end through a descriptor that is known to be safe, needs a fraction of the format. Each page is visited once at most, and all rows together are
 * no larger than the database, so a tree that was made to lead in a circle ends.
 * @param damaged called for each page or row that makes no sense; it is left out
 */
export async function* readTable(
  pages: SqlitePages,
  table: string,
  damaged: () => void,
): AsyncGenerator<readonly Value[], void> {
  const visited = new Set<number>();
  let root: number | undefined;
  // sqlite_schema: type, name, tbl_name, rootpage, sql.
  for await (const [type, name, , page] of rowsOf(pages, 1, visited, damaged)) {
    if (String(type) === "table" && String(name) === table && typeof page === "number") root = page;
  }
  if (root === undefined) throw new DamagedDatabase(`no table ${table}`);
  yield* rowsOf(pages, root, visited, damaged);
}

async function* rowsOf(
  pages: SqlitePages,
  root: number,
  visited: Set<number>,
  damaged: () => void,
): AsyncGenerator<readonly Value[], void> {
  const stack = [{ number: root, depth: 0 }];
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const { number, depth } = next;
    let page: Buffer;
    let cells: number[];
    let kind: number | undefined;
    try {
      if (visited.has(number) || depth > MAX_DEPTH) throw new DamagedDatabase("circle");
      visited.add(number);
      page = await pages.page(number);
      kind = page[number === 1 ? 100 : 0];
      cells = cellsOf(page, number === 1 ? 100 : 0);
    } catch (cause) {
      if (!isDamage(cause)) throw cause;
      damaged();
      continue;
    }
    if (kind === INTERIOR) {
      const children = cells.map((at) => page.readUInt32BE(at));
      children.push(page.readUInt32BE((number === 1 ? 100 : 0) + 8));
      for (const child of children.reverse()) stack.push({ number: child, depth: depth + 1 });
      continue;
    }
    for (const at of cells) {
      try {
        yield parseRecord(await readPayload(pages, page, at, visited));
      } catch (cause) {
        if (!isDamage(cause)) throw cause;
        damaged();
      }
    }
  }
}

/** Reading beyond a buffer says that an offset in the page was wrong. */
function isDamage(cause: unknown): boolean {
  return cause instanceof DamagedDatabase || cause instanceof RangeError;
}

/** Where the cells of a table's page begin. */
function cellsOf(page: Buffer, header: number): number[] {
  const kind = page[header];
  if (kind !== INTERIOR && kind !== LEAF) throw new DamagedDatabase("page kind");
  const count = page.readUInt16BE(header + 3);
  const pointers = header + (kind === INTERIOR ? 12 : 8);
  if (pointers + 2 * count > page.length) throw new DamagedDatabase("cell count");
  return Array.from({ length: count }, (_, cell) => {
    const at = page.readUInt16BE(pointers + 2 * cell);
    if (at + 4 > page.length) throw new DamagedDatabase("cell offset");
    return at;
  });
}

/** The payload of a leaf's cell: its size, the row id, its beginning in the page, and the chain of pages with the rest. */
async function readPayload(pages: SqlitePages, page: Buffer, at: number, visited: Set<number>): Promise<Buffer> {
  const size = readVarint(page, at);
  const rowId = readVarint(page, size.next);
  const from = rowId.next;
  const { usable } = pages;
  if (size.value > pages.count * pages.size) throw new DamagedDatabase("payload size");
  if (size.value <= usable - 35) return inside(page, from, size.value);
  const least = Math.floor(((usable - 12) * 32) / 255) - 23;
  const wanted = least + ((size.value - least) % (usable - 4));
  const local = wanted <= usable - 35 ? wanted : least;
  const parts = [inside(page, from, local)];
  let next = inside(page, from + local, 4).readUInt32BE(0);
  for (let left = size.value - local; left > 0; ) {
    if (visited.has(next)) throw new DamagedDatabase("circle");
    visited.add(next);
    const overflow = await pages.page(next);
    next = overflow.readUInt32BE(0);
    const part = overflow.subarray(4, 4 + Math.min(left, usable - 4));
    parts.push(part);
    left -= part.length;
  }
  return Buffer.concat(parts, size.value);
}

function inside(page: Buffer, from: number, length: number): Buffer {
  if (from + length > page.length) throw new DamagedDatabase("cell beyond its page");
  return page.subarray(from, from + length);
}

/** A record: the size of its header, a type for each column, the values. */
function parseRecord(payload: Buffer): Value[] {
  const header = readVarint(payload, 0);
  if (header.value > payload.length) throw new DamagedDatabase("record header");
  const values: Value[] = [];
  let at = header.value;
  for (let next = header.next; next < header.value; ) {
    const type = readVarint(payload, next);
    next = type.next;
    const length = lengthOf(type.value);
    if (at + length > payload.length) throw new DamagedDatabase("record value");
    values.push(valueAt(payload, at, type.value, length));
    at += length;
  }
  return values;
}

/** Bytes of a value of this serial type. */
function lengthOf(type: number): number {
  if (type >= 12) return (type - (type & 1) - 12) / 2;
  return [0, 1, 2, 3, 4, 6, 8, 8, 0, 0, 0, 0][type] as number;
}

function valueAt(payload: Buffer, at: number, type: number, length: number): Value {
  if (type >= 12) return payload.subarray(at, at + length);
  if (type >= 1 && type <= 5) return payload.readIntBE(at, length);
  return type === 8 ? 0 : type === 9 ? 1 : undefined;
}

/** Seven bits a byte, the highest first; the ninth byte would have eight. Beyond 2^53 nothing here is meant seriously. */
function readVarint(bytes: Buffer, from: number): { readonly value: number; readonly next: number } {
  let value = 0;
  for (let at = from; at < from + 8; at++) {
    const byte = bytes[at];
    if (byte === undefined) break;
    value = value * 128 + (byte & 0x7f);
    if (byte < 0x80) return { value, next: at + 1 };
  }
  throw new DamagedDatabase("varint");
}
