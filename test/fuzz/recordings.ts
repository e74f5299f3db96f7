import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { MayflyError } from "../../src/errors.ts";
import { EntityIds } from "../../src/process/identity.ts";
import { layout } from "../../src/record/layout.ts";
import { RecordingSource, RecordingWriter } from "../../src/source/recording.ts";
import { host } from "../unit/ecs_lives.ts";
import type { Random } from "./mutate.ts";
import { documentsOf } from "./replay.ts";
import { livesBatch, recordings as realRecordings, scannedBatch } from "./samples.ts";
import type { Target } from "./target.ts";

/** A whole file: replayed as far as it is good; damage is a MayflyError, a bad batch is counted. */
export function recordings(): Target {
  const folder = mkdtempSync(join(tmpdir(), "mayfly-fuzz-"));
  const path = join(folder, "input.mayfly");
  return {
    samples: [ownRecording(path), ...realRecordings()],
    repair: (bytes, random) => {
      const headed = random.below(3) === 0 ? withOtherHeader(bytes, random) : bytes;
      if (random.below(4) > 0) mendSums(headed);
      return headed;
    },
    feed: async (bytes) => {
      writeFileSync(path, bytes);
      try {
        const source = new RecordingSource(path);
        const { machineId, bootId, bootOffset } = source.header;
        await documentsOf(source, bootOffset, new EntityIds(machineId, bootId), bytes.length);
      } catch (error) {
        if (!(error instanceof MayflyError)) throw error;
      }
    },
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function ownRecording(path: string): Buffer {
  const { bootId } = host;
  const header = {
    layout,
    version: "0.1.0",
    machineId: host.id,
    bootId,
    kernel: "6.1.0",
    bootOffset: { seconds: 1_700_000_000, nanos: 7 },
  };
  const writer = new RecordingWriter(path, header);
  for (const batch of [livesBatch(), scannedBatch(4096), livesBatch()]) writer.batch(batch);
  writer.close();
  return readFileSync(path);
}

const HEADER_AT = 12;

/** The sums of all parts that are whole, so that their bytes are looked at. */
function mendSums(bytes: Buffer): void {
  if (bytes.length < HEADER_AT) return;
  let at = HEADER_AT + bytes.readUInt32LE(8);
  while (at + 8 <= bytes.length) {
    const length = bytes.readUInt32LE(at);
    if (at + 8 + length > bytes.length) return;
    bytes.writeUInt32LE(crc32(bytes.subarray(at + 8, at + 8 + length)), at + 4);
    at += 8 + length;
  }
}

const VALUES: readonly unknown[] = [
  null,
  true,
  "",
  "x",
  [],
  {},
  -1,
  0,
  1,
  2,
  4,
  7,
  8,
  200,
  0.5,
  2 ** 31,
  2 ** 32,
  2 ** 53,
  1e300,
];

/** Something in the header is something else. */
function withOtherHeader(bytes: Buffer, random: Random): Buffer {
  if (bytes.length < HEADER_AT) return bytes;
  const end = HEADER_AT + bytes.readUInt32LE(8);
  let header: unknown;
  try {
    header = JSON.parse(bytes.toString("utf8", HEADER_AT, end));
  } catch {
    return bytes;
  }
  for (let left = 1 + random.below(3); left > 0; left--) header = changed(header, random);
  const json = Buffer.from(JSON.stringify(header) ?? "null");
  const length = Buffer.alloc(4);
  length.writeUInt32LE(json.length);
  return Buffer.concat([bytes.subarray(0, 8), length, json, bytes.subarray(end)]);
}

function changed(value: unknown, random: Random): unknown {
  if (typeof value !== "object" || value === null || random.below(12) === 0) return random.pick(VALUES);
  const entries = Object.entries(value);
  if (entries.length === 0) return random.pick(VALUES);
  const chosen = random.below(entries.length);
  if (random.below(8) === 0) entries.splice(chosen, 1);
  else entries[chosen] = [entries[chosen]?.[0] ?? "", changed(entries[chosen]?.[1], random)];
  return Object.fromEntries(entries);
}
