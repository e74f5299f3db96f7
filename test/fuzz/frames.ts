import assert from "node:assert/strict";
import { crc32c } from "../../src/output/spool/crc32c.ts";
import { decodeFrame, encodeFrame } from "../../src/output/spool/frame_codec.ts";
import { HEADER_BYTES, MAGIC, MAX_BODY_BYTES } from "../../src/output/spool/frame_header.ts";
import { SegmentScan } from "../../src/output/spool/scan.ts";
import type { Target } from "./target.ts";

/** A segment of the spool: every frame in it is good or a hole, and each document's number is told once. */
export function frames(): Target {
  return {
    samples: [segment(1), segment(40)],
    repair: (bytes, random) => {
      if (random.below(3) > 0) mendSums(bytes);
      return bytes;
    },
    feed: (bytes) => {
      const scan = new SegmentScan(bytes, 1, undefined);
      let told = 0;
      for (let found = scan.next(); found !== undefined; found = scan.next()) {
        assert.ok(++told <= bytes.length + 1, "it comes to an end");
        if ("hole" in found) continue;
        const { header, stored } = found.frame;
        // A sum that is right by accident may claim 64 MiB of a few bytes: allowed, and bounded.
        const frame = decodeFrame(header, stored);
        if (frame === undefined) continue;
        assert.ok(frame.body.length <= MAX_BODY_BYTES);
        assert.equal(frame.ends.length, header.count);
      }
    },
  };
}

/** Frames of a document, of many, of such that are worth compressing. */
function segment(most: number): Buffer {
  const parts: Buffer[] = [];
  for (let first = 1, count = 1; count <= most; first += count, count *= 3) {
    const lines = Array.from(
      { length: count },
      (_, at) => `{"create":{"_id":"${first + at}"}}\n{"n":${"1".repeat(90)}}\n`,
    );
    const body = Buffer.from(lines.join(""));
    const ends = Uint32Array.from({ length: count });
    parts.push(encodeFrame({ first, count, body, ends, repeatable: true, replayed: false, since: 1_700_000_000_000 }));
  }
  return Buffer.concat(parts);
}

function mendSums(bytes: Buffer): void {
  for (let at = bytes.indexOf(MAGIC); at >= 0 && at + HEADER_BYTES <= bytes.length; at = bytes.indexOf(MAGIC, at + 1)) {
    const end = at + HEADER_BYTES + bytes.readUInt32LE(at + 28);
    if (end <= bytes.length) bytes.writeUInt32LE(crc32c(bytes, at + HEADER_BYTES, end), at + 36);
    bytes.writeUInt32LE(crc32c(bytes, at, at + 40), at + 40);
  }
}
