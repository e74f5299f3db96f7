import { type OpenFile, readAt } from "./root_visit.ts";
import { DamagedDatabase } from "./sqlite_pages.ts";

/** Of rpm's lib/backend/ndb/rpmpkg.c; all numbers are little-endian, offsets count blocks. */
const FILE_MAGIC = "RpmP";
const SLOT_MAGIC = "Slot";
const BLOB_MAGIC = "BlbS";
const PAGE = 4096;
const HEADER = 32;
const SLOT = 16;
const BLOCK = 16;
const BLOB_HEADER = 16;

/**
 * Reads the header of every package of an ndb database (Packages.db, SUSE). Slots at its beginning say where each one's
 * blob lies; all blobs together are no larger than the file.
 * @param damaged called for each slot or blob that makes no sense; it is left out
 * @throws DamagedDatabase when it is no such file
 */
export async function* readNdb(file: OpenFile, damaged: () => void): AsyncGenerator<Buffer, void> {
  const header = await readAt(file, 0, HEADER);
  if (header.length < HEADER || header.toString("latin1", 0, 4) !== FILE_MAGIC || header.readUInt32LE(4) !== 0) {
    throw new DamagedDatabase("no ndb database");
  }
  const slotBytes = header.readUInt32LE(12) * PAGE;
  if (slotBytes > file.size) throw new DamagedDatabase("slot pages");
  const slots = await readAt(file, 0, slotBytes);
  let left = file.size;
  for (let at = HEADER; at + SLOT <= slots.length; at += SLOT) {
    const block = slots.readUInt32LE(at + 8);
    // A free slot.
    if (block === 0) continue;
    const length = slots.readUInt32LE(at + 12) * BLOCK;
    const sound = slots.toString("latin1", at, at + 4) === SLOT_MAGIC && block * BLOCK + length <= file.size;
    if (!sound || length > left) {
      damaged();
      continue;
    }
    left -= length;
    const blob = blobOf(await readAt(file, block * BLOCK, length), slots.readUInt32LE(at + 4));
    if (blob === undefined) damaged();
    else yield blob;
  }
}

/** The package's header in a blob: magic, number of the package, generation, length, content, and a tail that is not looked at. */
function blobOf(bytes: Buffer, packageNumber: number): Buffer | undefined {
  if (bytes.length < BLOB_HEADER || bytes.toString("latin1", 0, 4) !== BLOB_MAGIC) return undefined;
  const length = bytes.readUInt32LE(12);
  if (bytes.readUInt32LE(4) !== packageNumber || BLOB_HEADER + length > bytes.length) return undefined;
  return bytes.subarray(BLOB_HEADER, BLOB_HEADER + length);
}
