import { constants } from "node:fs";
import { open } from "node:fs/promises";

/** Bound of the memory for one segment. None of ours is longer than two of the largest frames. */
const MAX_READ_BYTES = 256 * 1024 * 1024;

/**
 * The first `bytes` of a file, or all of it when it is shorter.
 * @param memory is used if it is large enough
 * @throws the error of open(2) or read(2)
 */
export async function readSegment(path: string, bytes: number, memory: Buffer): Promise<Buffer> {
  const wanted = Math.min(bytes, MAX_READ_BYTES);
  const into = memory.length >= wanted ? memory : Buffer.allocUnsafeSlow(wanted);
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    let read = 0;
    while (read < wanted) {
      const { bytesRead } = await file.read(into, read, wanted - read, read);
      if (bytesRead === 0) break;
      read += bytesRead;
    }
    return into.subarray(0, read);
  } finally {
    await file.close();
  }
}
