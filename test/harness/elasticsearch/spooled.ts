import { readFileSync } from "node:fs";
import { join } from "node:path";
import { listSegments } from "../../../src/output/spool/folder.ts";
import type { Frame } from "../../../src/output/spool/frame.ts";
import { decodeFrame } from "../../../src/output/spool/frame_codec.ts";
import { readSpool } from "../../../src/output/spool/inspect.ts";
import { SegmentScan } from "../../../src/output/spool/scan.ts";
import { segmentPath } from "../../../src/output/spool/segments.ts";
import { readBulk } from "./bulk_body.ts";
import { eventually } from "./eventually.ts";
import type { Metrics } from "./metrics.ts";
import type { Shipper } from "./shipper.ts";

/** What a spool's folder holds while nobody works with it. */
export interface Spooled {
  /** Ids of all documents that are whole, done or not: their write had returned. */
  readonly written: ReadonlySet<string>;
  /** Of them, those that no answer has settled. */
  readonly waiting: ReadonlySet<string>;
  /** Stretches that hold no good frame: what a write that was cut off left. */
  readonly damaged: number;
}

export async function readSpooled(folder: string): Promise<Spooled> {
  const written = new Set<string>();
  const waiting = new Set<string>();
  let damaged = 0;
  for await (const item of readSpool(folder)) {
    if (item.kind === "damage") damaged++;
    else
      for (const id of idsOf(item.frame)) {
        written.add(id);
        if (!item.done) waiting.add(id);
      }
  }
  return { written, waiting, damaged };
}

/** Waits until a collector with telemetry has delivered all that it had by now: others may make it write on and on. */
export function drained(shipper: Shipper, withinMs = 60_000): Promise<Metrics> {
  const began = performance.now();
  let metrics: Metrics = new Map();
  const ask = async (): Promise<Metrics | undefined> => {
    const elapsed = (performance.now() - began) / 1000;
    metrics = await shipper.metrics();
    const age = metrics.get("mayfly_spool_oldest_age_seconds") ?? Number.POSITIVE_INFINITY;
    return age < elapsed ? metrics : undefined;
  };
  const left = (): string => String(metrics.get("mayfly_spool_documents"));
  return eventually(
    ask,
    withinMs,
    () => `the spool is drained; ${left()} wait; stderr:\n${shipper.stderr.slice(-3000)}`,
  );
}

/** A frame and where it stands. */
export interface PlacedFrame {
  readonly path: string;
  /** Its bytes in the file, the header's included: [from, to). */
  readonly from: number;
  readonly to: number;
  readonly ids: readonly string[];
}

/** The frames of a spool that is whole, oldest first. Throws when it is not. */
export function placedFrames(folder: string): PlacedFrame[] {
  return listSegments(folder).flatMap((first) => {
    const path = segmentPath(folder, first);
    const scan = new SegmentScan(readFileSync(path), first, undefined);
    const placed: PlacedFrame[] = [];
    for (let found = scan.next(); found !== undefined; found = scan.next()) {
      if (!("frame" in found)) throw new Error(`${path} is damaged`);
      const { header, stored, endAt } = found.frame;
      const frame = decodeFrame(header, stored);
      if (frame === undefined) throw new Error(`${path} is damaged before byte ${endAt}`);
      placed.push({ path, from: placed.at(-1)?.to ?? 0, to: endAt, ids: idsOf(frame) });
    }
    return placed;
  });
}

/** The spool of a collector whose state is there. */
export function spoolIn(state: string): string {
  return join(state, "spool");
}

function idsOf({ body }: Frame): string[] {
  return readBulk(body).map(({ id }) => id);
}
