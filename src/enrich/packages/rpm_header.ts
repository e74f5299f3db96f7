import type { Owners } from "./owners.ts";

/** Of rpm's lib/rpmtag.h. */
const Tag = {
  name: 1000,
  version: 1001,
  release: 1002,
  epoch: 1003,
  fileStates: 1029,
  fileModes: 1030,
  dirIndexes: 1116,
  baseNames: 1117,
  dirNames: 1118,
} as const;

/** Of rpm's lib/rpmtd.h: the type that each tag must have. */
const Type = { char: 1, int16: 3, int32: 4, string: 6, stringArray: 8 } as const;

const ENTRY_BYTES = 16;
/** Four times what the largest packages (kernel sources) have. */
const MAX_FILES = 300_000;
/** Hundreds of times what there are. */
const MAX_ENTRIES = 65_536;
/** RPMFILE_STATE_NORMAL and _NETSHARED; otherwise another package replaced the file, or it was not installed at all. */
const INSTALLED_STATES = [0, 3];
const S_IFMT = 0xf000;
const S_IFREG = 0x8000;

interface Entry {
  readonly type: number;
  readonly offset: number;
  readonly count: number;
}

/**
 * Adds the regular files of one package of an rpm database. Its header is: count of index entries and bytes of data
 * (big-endian, 32 bits each), the entries (tag, type, offset into the data, count), the data.
 * @returns false when it makes no sense; nothing was added then
 */
export function addRpmHeader(blob: Buffer, owners: Owners): boolean {
  const header = RpmHeader.parse(blob);
  const name = header?.string(Tag.name);
  const version = header?.string(Tag.version);
  const release = header?.string(Tag.release);
  if (header === undefined || !name || !version || !release) return false;
  const files = header.files();
  if (files === undefined) return false;
  const epoch = header.integers(Tag.epoch, Type.int32)?.(0);
  const evr = `${epoch === undefined ? "" : `${epoch}:`}${version}-${release}`;
  const number = owners.number(name, evr, "rpm");
  if (number === undefined) return true;
  for (const { directory, base } of files) owners.addIn(directory, base, number);
  return true;
}

class RpmHeader {
  readonly #data: Buffer;
  readonly #entries: ReadonlyMap<number, Entry>;

  private constructor(data: Buffer, entries: ReadonlyMap<number, Entry>) {
    this.#data = data;
    this.#entries = entries;
  }

  static parse(blob: Buffer): RpmHeader | undefined {
    if (blob.length < 8) return undefined;
    const entries = new Map<number, Entry>();
    const dataAt = 8 + blob.readUInt32BE(0) * ENTRY_BYTES;
    if (blob.readUInt32BE(0) > MAX_ENTRIES || dataAt + blob.readUInt32BE(4) > blob.length) return undefined;
    for (let at = 8; at < dataAt; at += ENTRY_BYTES) {
      const entry = {
        type: blob.readUInt32BE(at + 4),
        offset: blob.readUInt32BE(at + 8),
        count: blob.readUInt32BE(at + 12),
      };
      entries.set(blob.readUInt32BE(at), entry);
    }
    return new RpmHeader(blob.subarray(dataAt, dataAt + blob.readUInt32BE(4)), entries);
  }

  /** A tag with one string; undefined when there is none, or none that ends. */
  string(tag: number): string | undefined {
    const entry = this.#entries.get(tag);
    if (entry === undefined || entry.type !== Type.string || entry.offset >= this.#data.length) return undefined;
    const end = this.#data.indexOf(0, entry.offset);
    if (end === -1 || end - entry.offset > 256) return undefined;
    return this.#data.toString("utf8", entry.offset, end);
  }

  /** The numbers of a tag, by position; undefined beyond their count, or when they do not lie in the data. */
  integers(
    tag: number,
    type: typeof Type.int32 | typeof Type.int16 | typeof Type.char,
  ): ((at: number) => number | undefined) | undefined {
    const entry = this.#entries.get(tag);
    const bytes = type === Type.int32 ? 4 : type === Type.int16 ? 2 : 1;
    if (entry === undefined || entry.type !== type) return undefined;
    if (entry.offset + entry.count * bytes > this.#data.length) return undefined;
    return (at) => (at < entry.count ? this.#data.readUIntBE(entry.offset + at * bytes, bytes) : undefined);
  }

  /** The regular files that were put in place; empty for a package without any, undefined when the tags do not fit together. */
  files(): { readonly directory: Buffer; readonly base: Buffer }[] | undefined {
    if (!this.#entries.has(Tag.baseNames)) return [];
    const bases = this.#strings(Tag.baseNames);
    const directories = this.#strings(Tag.dirNames);
    const indexes = this.integers(Tag.dirIndexes, Type.int32);
    if (bases === undefined || directories === undefined || indexes === undefined) return undefined;
    const modes = this.integers(Tag.fileModes, Type.int16);
    const states = this.integers(Tag.fileStates, Type.char);
    const files = [];
    for (const [at, base] of bases.entries()) {
      const directory = directories[indexes(at) ?? -1];
      if (directory === undefined) return undefined;
      const mode = modes?.(at);
      if (mode !== undefined && (mode & S_IFMT) !== S_IFREG) continue;
      if (INSTALLED_STATES.includes(states?.(at) ?? 0)) files.push({ directory, base });
    }
    return files;
  }

  #strings(tag: number): Buffer[] | undefined {
    const entry = this.#entries.get(tag);
    // Each string takes a byte at least, so a count beyond the data is absurd before anything is made of it.
    if (entry === undefined || entry.type !== Type.stringArray) return undefined;
    if (entry.count > Math.min(this.#data.length, MAX_FILES)) return undefined;
    const strings = [];
    let from = entry.offset;
    for (let count = 0; count < entry.count; count++) {
      const end = from < this.#data.length ? this.#data.indexOf(0, from) : -1;
      if (end === -1) return undefined;
      strings.push(this.#data.subarray(from, end));
      from = end + 1;
    }
    return strings;
  }
}
