import { crc32c } from "./crc32c.ts";

/**
 * What stands before each frame on the disk, little endian:
 *
 *      0  4  magic
 *      4  1  version of this layout
 *      5  1  flags: 1 compressed (brotli), 2 repeatable
 *      6  2  0
 *      8  8  number of the first document
 *     16  8  when it left the hold, ms since the epoch (double)
 *     24  4  documents
 *     28  4  bytes stored behind this header
 *     32  4  bytes of the bulk body
 *     36  4  CRC-32C of the bytes stored
 *     40  4  CRC-32C of the 40 bytes above
 *
 * The header has a sum of its own, so that a frame whose body is damaged is still known by its numbers and stepped over.
 */
export interface FrameHeader {
  readonly first: number;
  readonly count: number;
  readonly since: number;
  readonly compressed: boolean;
  readonly repeatable: boolean;
  readonly storedBytes: number;
  readonly bodyBytes: number;
  readonly storedCrc: number;
}

export const HEADER_BYTES = 44;
/** The first byte stands in no UTF-8 text: a body that is stored as it is cannot contain the magic. */
export const MAGIC = Buffer.from([0xf9, 0x4d, 0x59, 0x46]);
const VERSION = 1;
const COMPRESSED = 1;
const REPEATABLE = 2;

/** Bound of a frame's body, so that no length read from a disk takes more memory than this. Elasticsearch takes 100 MiB a request. */
export const MAX_BODY_BYTES = 64 * 1024 * 1024;
/** No document is shorter: an action line and a line with an id each. */
const MIN_DOCUMENT_BYTES = 64;

export function putHeader(memory: Buffer, header: FrameHeader): void {
  MAGIC.copy(memory, 0);
  memory[4] = VERSION;
  memory[5] = (header.compressed ? COMPRESSED : 0) | (header.repeatable ? REPEATABLE : 0);
  memory.writeUInt16LE(0, 6);
  memory.writeBigUInt64LE(BigInt(header.first), 8);
  memory.writeDoubleLE(header.since, 16);
  memory.writeUInt32LE(header.count, 24);
  memory.writeUInt32LE(header.storedBytes, 28);
  memory.writeUInt32LE(header.bodyBytes, 32);
  memory.writeUInt32LE(header.storedCrc, 36);
  memory.writeUInt32LE(crc32c(memory, 0, 40), 40);
}

/** undefined when no whole header stands at `at`, or none that this version wrote. */
export function headerAt(bytes: Buffer, at: number): FrameHeader | undefined {
  if (bytes.length - at < HEADER_BYTES || bytes.readUInt32LE(at) !== MAGIC.readUInt32LE(0)) return undefined;
  if (bytes[at + 4] !== VERSION || bytes.readUInt32LE(at + 40) !== crc32c(bytes, at, at + 40)) return undefined;
  const flags = bytes[at + 5] as number;
  const header: FrameHeader = {
    first: Number(bytes.readBigUInt64LE(at + 8)),
    since: bytes.readDoubleLE(at + 16),
    count: bytes.readUInt32LE(at + 24),
    storedBytes: bytes.readUInt32LE(at + 28),
    bodyBytes: bytes.readUInt32LE(at + 32),
    storedCrc: bytes.readUInt32LE(at + 36),
    compressed: (flags & COMPRESSED) !== 0,
    repeatable: (flags & REPEATABLE) !== 0,
  };
  return isPossible(header) ? header : undefined;
}

/** A sum of 32 bits lets one in four thousand million through: what follows from the numbers must be harmless anyway. */
function isPossible({ first, count, since, compressed, storedBytes, bodyBytes }: FrameHeader): boolean {
  return (
    Number.isSafeInteger(first + count) &&
    Number.isFinite(since) &&
    bodyBytes <= MAX_BODY_BYTES &&
    count >= 1 &&
    count <= bodyBytes / MIN_DOCUMENT_BYTES &&
    (compressed ? storedBytes < bodyBytes : storedBytes === bodyBytes)
  );
}
