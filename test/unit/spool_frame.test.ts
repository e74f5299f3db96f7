import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { crc32c } from "../../src/output/spool/crc32c.ts";
import type { Frame } from "../../src/output/spool/frame.ts";
import { decodeFrame, encodeFrame } from "../../src/output/spool/frame_codec.ts";
import { HEADER_BYTES, headerAt, MAGIC } from "../../src/output/spool/frame_header.ts";
import { actionLine, hasLineHead, ID_AT, ID_END } from "../../src/output/spool/line.ts";
import { Ranges } from "../../src/output/spool/ranges.ts";
import { SegmentScan } from "../../src/output/spool/scan.ts";
import { idOf, lineOf } from "./spool.fixture.ts";

function frameOf(first: number, count: number, size = 40): Frame {
  const pairs = Array.from({ length: count }, (_, at) => {
    const action = `{"create":{"_index":"logs-x","_id":"${idOf(first + at)}"}}\n`;
    return action + lineOf(first + at, size);
  });
  let end = 0;
  const ends = Uint32Array.from(pairs, (pair) => (end += Buffer.byteLength(pair)));
  return { first, count, body: Buffer.from(pairs.join("")), ends, repeatable: false, replayed: false, since: 1234.5 };
}

function decodeWhole(bytes: Buffer): Frame | undefined {
  const header = headerAt(bytes, 0);
  return header === undefined ? undefined : decodeFrame(header, bytes.subarray(HEADER_BYTES));
}

test("the sum is CRC-32C: the vectors of RFC 3720", () => {
  assert.equal(crc32c(Buffer.from("123456789")), 0xe3069283);
  assert.equal(crc32c(Buffer.alloc(32)), 0x8a9136aa);
  assert.equal(crc32c(Buffer.alloc(32, 0xff)), 0x62a8ab43);
  const rising = Buffer.from(Array.from({ length: 32 }, (_, at) => at));
  assert.equal(crc32c(rising), 0x46dd794e);
  assert.equal(crc32c(Buffer.concat([Buffer.from("x"), rising, Buffer.from("y")]), 1, 33), 0x46dd794e);
});

test("the id of a line stands where line.ts says", () => {
  const line = lineOf(7);
  assert.equal(line.slice(ID_AT, ID_END), idOf(7));
  assert.equal(ID_AT, 62);
  assert.ok(hasLineHead(line));
  assert.ok(!hasLineHead(` ${line}`));
  assert.ok(!hasLineHead(line.replace('"event":{"id"', '"event":{"ID"')));
  const { bytes, idAt } = actionLine("logs-mayfly.process-default");
  bytes.write(idOf(7), idAt);
  assert.equal(bytes.toString(), `{"create":{"_index":"logs-mayfly.process-default","_id":"${idOf(7)}"}}\n`);
});

test("a frame comes back as it was, compressed or not", () => {
  for (const frame of [
    frameOf(0, 1),
    frameOf(2 ** 40, 300),
    { ...frameOf(5, 2), repeatable: true },
    frameOf(9, 3, 9_000),
  ]) {
    const bytes = encodeFrame(frame);
    assert.deepEqual(decodeWhole(bytes), { ...frame, replayed: true });
  }
  assert.ok(encodeFrame(frameOf(0, 300)).length < frameOf(0, 300).body.length / 2);
});

test("a frame with any one byte damaged is not taken for a good one", () => {
  const bytes = encodeFrame(frameOf(3, 4));
  for (let at = 0; at < bytes.length; at++) {
    const damaged = Buffer.from(bytes);
    damaged[at] = (damaged[at] as number) ^ 0x10;
    assert.equal(decodeWhole(damaged), undefined, `byte ${at}`);
  }
});

test("no length in a header takes more memory than a frame may have, even with a right sum", () => {
  const forge = (at: number, value: number): Buffer => {
    const bytes = encodeFrame(frameOf(3, 4));
    bytes.writeUInt32LE(value, at);
    bytes.writeUInt32LE(crc32c(bytes, 0, 40), 40);
    return bytes;
  };
  for (const at of [24, 28, 32]) assert.equal(headerAt(forge(at, 0xffffffff), 0), undefined, `length at ${at}`);
});

test("a scan of any bytes tells each document number once and never throws", () => {
  const good = [frameOf(0, 2), frameOf(2, 1), frameOf(3, 30)].map(encodeFrame);
  const part = fc.oneof(
    fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
    fc.constantFrom(...good, MAGIC),
    fc.constantFrom(...good).chain((bytes) => fc.nat(bytes.length).map((length) => bytes.subarray(0, length))),
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 12 }), fc.boolean(), (parts, reject) => {
      const content = Buffer.concat(parts);
      const scan = new SegmentScan(content, 0, 40);
      let expected = 0;
      let bytes = 0;
      for (let found = scan.next(); found !== undefined; found = scan.next()) {
        if ("hole" in found) {
          assert.equal(found.hole.first, expected);
          expected = found.hole.end;
          bytes += found.hole.bytes;
        } else if (reject) {
          scan.reject();
        } else {
          assert.equal(found.frame.header.first, expected);
          expected += found.frame.header.count;
          bytes += HEADER_BYTES + found.frame.stored.length;
        }
      }
      assert.equal(expected, 40);
      assert.equal(bytes, content.length);
    }),
    { numRuns: 2_000 },
  );
});

test("ranges behave as a set of numbers", () => {
  const span = fc.tuple(fc.nat(60), fc.nat(12)).map(([first, length]) => ({ first, end: first + length }));
  fc.assert(
    fc.property(fc.array(span, { maxLength: 20 }), span, fc.nat(60), (spans, asked, below) => {
      const ranges = new Ranges();
      const set = new Set<number>();
      for (const { first, end } of spans) {
        const before = set.size;
        for (let number = first; number < end; number++) set.add(number);
        assert.equal(ranges.add(first, end), set.size - before);
      }
      ranges.forgetBelow(below);
      for (const number of set) if (number < below) set.delete(number);
      const within = [...set].filter((number) => number >= asked.first && number < asked.end).length;
      assert.equal(ranges.within(asked.first, asked.end), within);
      assert.equal(ranges.end, set.size === 0 ? 0 : Math.max(...set) + 1);
      const again = Ranges.of(ranges.list());
      assert.deepEqual(again.list(), ranges.list());
      const listed = ranges
        .list()
        .flatMap(({ first, end }) => Array.from({ length: end - first }, (_, at) => first + at));
      assert.deepEqual(
        listed,
        [...set].sort((a, b) => a - b),
      );
      const gaps = ranges
        .list()
        .slice(1)
        .map(({ first }, at) => first - (ranges.list()[at]?.end ?? 0));
      assert.ok(gaps.every((gap) => gap > 0));
    }),
    { numRuns: 2_000 },
  );
});
