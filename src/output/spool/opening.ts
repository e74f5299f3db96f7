import { open, stat, truncate, unlink } from "node:fs/promises";
import { crc32c } from "./crc32c.ts";
import { listSegments } from "./folder.ts";
import { HEADER_BYTES, headerAt } from "./frame_header.ts";
import { Ranges } from "./ranges.ts";
import { readState } from "./saved_state.ts";
import type { Hole } from "./scan.ts";
import { SegmentScan } from "./scan.ts";
import { readSegment } from "./segment_reader.ts";
import type { Segment } from "./segments.ts";
import { emptySegment, Segments } from "./segments.ts";

/** What an earlier run left. */
export interface FoundSpool {
  readonly segments: Segments;
  readonly notes: Readonly<Record<string, string>>;
  /** Number of the next document. */
  readonly next: number;
  /** What was cut off the end: where, and which documents it may have held. */
  readonly cut: { readonly segment: Segment; readonly hole: Hole } | undefined;
  /** There are documents, and nothing says which of them are done. */
  readonly stateLost: boolean;
}

/**
 * Only the last segment is read: the names of the others tell how many documents they hold.
 * @throws the error of the file system when the folder cannot be listed
 */
export async function findSpool(folder: string): Promise<FoundSpool> {
  const firsts = listSegments(folder);
  const read = await readState(folder);
  const state = read === undefined || read === "damaged" ? undefined : read;
  const found = await Promise.all(firsts.map((first) => findSegment(folder, first)));
  const last = found.pop();
  const tail = last === undefined ? undefined : await cutTail(last);
  if (last !== undefined && last.bytes > 0) found.push(last);

  const settled = Ranges.of(state?.settled ?? []);
  const next = Math.max(state?.next ?? 0, settled.end, last?.first ?? 0, last?.end ?? 0, tail?.end ?? 0);
  settled.forgetBelow(found[0]?.first ?? next);
  const segments = new Segments(settled, next);
  for (const segment of found) segments.add(segment);
  const newest = segments.last;
  const goodEnd = last?.end ?? next;
  // Numbers that were given and that no frame has: they count to the last segment, and were lost with its end.
  if (newest !== undefined) segments.extend(newest, next, 0);
  const segment = newest ?? last;
  const cut =
    segment === undefined ? undefined : { segment, hole: { first: goodEnd, end: next, bytes: tail?.bytes ?? 0 } };
  return { segments, notes: state?.notes ?? {}, next, cut, stateLost: state === undefined && firsts.length > 0 };
}

/** A header that cannot be read is told when the segment is; until then the file's own time stands for it. */
async function findSegment(folder: string, first: number): Promise<Segment> {
  const segment = emptySegment(folder, first);
  const { size, mtimeMs } = await stat(segment.path);
  const file = await open(segment.path, "r");
  try {
    const bytes = Buffer.alloc(HEADER_BYTES);
    await file.read(bytes, 0, HEADER_BYTES, 0);
    return { ...segment, bytes: size, since: headerAt(bytes, 0)?.since ?? mtimeMs };
  } finally {
    await file.close();
  }
}

/** Takes off what stands behind the last good frame, and tells where the documents end. */
async function cutTail(segment: Segment): Promise<Hole | undefined> {
  const scan = new SegmentScan(
    await readSegment(segment.path, segment.bytes, Buffer.alloc(0)),
    segment.first,
    undefined,
  );
  let goodBytes = 0;
  let tail: Hole | undefined;
  segment.end = segment.first;
  for (let found = scan.next(); found !== undefined; found = scan.next()) {
    if ("hole" in found) {
      const { first, end, bytes } = found.hole;
      tail = { first: tail?.first ?? first, end, bytes: (tail?.bytes ?? 0) + bytes };
      continue;
    }
    const { header, stored, endAt } = found.frame;
    if (crc32c(stored) !== header.storedCrc) {
      scan.reject();
      continue;
    }
    tail = undefined;
    goodBytes = endAt;
    segment.end = header.first + header.count;
  }
  segment.bytes = goodBytes;
  // Should this fail, the rest stays where nobody reads it: behind `bytes`.
  if (goodBytes === 0) await unlink(segment.path).catch(() => undefined);
  else if (tail !== undefined) await truncate(segment.path, goodBytes).catch(() => undefined);
  return tail;
}
