import { stat } from "node:fs/promises";
import { listSegments } from "./folder.ts";
import type { Frame } from "./frame.ts";
import { decodeFrame } from "./frame_codec.ts";
import { Ranges } from "./ranges.ts";
import { readState } from "./saved_state.ts";
import type { Hole } from "./scan.ts";
import { SegmentScan } from "./scan.ts";
import { readSegment } from "./segment_reader.ts";
import { segmentPath } from "./segments.ts";

/** What a spool's folder holds, oldest first. */
export type Inspected =
  | { readonly kind: "frame"; readonly frame: Frame; readonly done: boolean }
  /** `lost`: documents of the hole that are not settled. */
  | { readonly kind: "damage"; readonly hole: Hole; readonly lost: number };

/**
 * Reads a spool without its lock and without changing it. While a mayfly works with it, its newest frame may look half
 * written, and what was done in the last second is not known.
 * @throws the error of the file system when the folder or a segment cannot be read
 */
export async function* readSpool(folder: string): AsyncGenerator<Inspected> {
  const state = await readState(folder);
  const settled = Ranges.of(state === undefined || state === "damaged" ? [] : state.settled);
  const firsts = listSegments(folder);
  for (const [at, first] of firsts.entries()) {
    const path = segmentPath(folder, first);
    const bytes = await readSegment(path, (await stat(path)).size, Buffer.alloc(0));
    yield* inspect(new SegmentScan(bytes, first, firsts[at + 1]), settled);
  }
}

function* inspect(scan: SegmentScan, settled: Ranges): Generator<Inspected> {
  for (let found = scan.next(); found !== undefined; found = scan.next()) {
    if ("hole" in found) {
      const { hole } = found;
      const lost = hole.end - hole.first - settled.within(hole.first, hole.end);
      if (lost > 0 || hole.bytes > 0) yield { kind: "damage", hole, lost };
      continue;
    }
    const { header, stored } = found.frame;
    const frame = decodeFrame(header, stored);
    if (frame === undefined) scan.reject();
    else yield { kind: "frame", frame, done: settled.has(frame.first) };
  }
}
