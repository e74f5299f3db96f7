import { type OpenFile, readAt } from "./root_visit.ts";

const HEADER = 32;
const FRAME_HEADER = 24;
const MAGIC = 0x377f0682;

/** What a write-ahead log holds that was committed. */
export interface WalContent {
  /** Where in the log the newest copy of each page stands, by page number. */
  readonly frames: Map<number, number>;
  /** Pages of the database after the last commit. */
  readonly pages: number;
}

/**
 * Reads a write-ahead log as SQLite does when it opens a database after a crash (sqlite.org/fileformat.html, 4): frames
 * count while salt and running checksum are right, up to the last one that commits. Needed because a daemon that keeps
 * rpm's database open (PackageKit, dnf5daemon) leaves its log beside it for as long as it runs.
 * @returns undefined when nothing is committed in it
 */
export async function readWal(file: OpenFile, pageSize: number): Promise<WalContent | undefined> {
  const header = await readAt(file, 0, HEADER);
  if (header.length < HEADER || (header.readUInt32BE(0) & ~1) !== MAGIC || header.readUInt32BE(8) !== pageSize) {
    return undefined;
  }
  const sum = new WalSum((header.readUInt32BE(0) & 1) === 1);
  sum.add(header, 0, 24);
  if (!sum.equals(header, 24)) return undefined;
  const frames = new Map<number, number>();
  let open = new Map<number, number>();
  let pages = 0;
  const frameSize = FRAME_HEADER + pageSize;
  for (let at = HEADER; at + frameSize <= file.size; at += frameSize) {
    const frame = await readAt(file, at, frameSize);
    if (frame.length < frameSize || frame.compare(header, 16, 24, 8, 16) !== 0) break;
    sum.add(frame, 0, 8);
    sum.add(frame, FRAME_HEADER, frameSize);
    if (!sum.equals(frame, 16)) break;
    open.set(frame.readUInt32BE(0), at + FRAME_HEADER);
    const commit = frame.readUInt32BE(4);
    if (commit === 0) continue;
    for (const [page, position] of open) frames.set(page, position);
    open = new Map();
    pages = commit;
  }
  return pages === 0 ? undefined : { frames, pages };
}

/** The running checksum, over 32-bit words of the byte order that the log's magic names. */
class WalSum {
  readonly #bigEndian: boolean;
  #first = 0;
  #second = 0;

  constructor(bigEndian: boolean) {
    this.#bigEndian = bigEndian;
  }

  add(bytes: Buffer, from: number, to: number): void {
    let first = this.#first;
    let second = this.#second;
    for (let at = from; at < to; at += 8) {
      first = (first + this.#word(bytes, at) + second) | 0;
      second = (second + this.#word(bytes, at + 4) + first) | 0;
    }
    this.#first = first;
    this.#second = second;
  }

  equals(bytes: Buffer, at: number): boolean {
    return bytes.readInt32BE(at) === this.#first && bytes.readInt32BE(at + 4) === this.#second;
  }

  #word(bytes: Buffer, at: number): number {
    return this.#bigEndian ? bytes.readInt32BE(at) : bytes.readInt32LE(at);
  }
}
