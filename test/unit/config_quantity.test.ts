import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  type Bytes,
  durationPattern,
  formatDuration,
  formatSize,
  type Milliseconds,
  parseDuration,
  parseSize,
  sizePattern,
} from "../../config/quantity.ts";

describe("a duration", () => {
  const cases: [string, number][] = [
    ["0ms", 0],
    ["250ms", 250],
    ["1s", 1_000],
    ["1m", 60_000],
    ["2h", 7_200_000],
    ["1d", 86_400_000],
    ["10 s", 10_000],
    ["007s", 7_000],
  ];
  for (const [text, milliseconds] of cases) {
    test(`"${text}" is ${milliseconds} ms`, () => assert.deepEqual(parseDuration(text), { value: milliseconds }));
  }

  const faults: [string, RegExp][] = [
    ["5", /^"5" has no unit: write a duration such as "250ms", "1s" or "1m"$/],
    ["5sec", /write "5s"/],
    ["5 Minutes", /write "5m"/],
    ["5S", /write "5s"/],
    ["5x", /unknown unit: the units are ms, s, m, h, d/],
    ["1.5s", /is not a duration: write a whole number and one of ms, s, m, h, d/],
    ["-1s", /is not a duration/],
    ["", /is not a duration/],
    ["1s\n", /is not a duration/],
    ["1m30s", /is not a duration/],
    ["99999999999999999d", /too large a duration/],
  ];
  for (const [text, sentence] of faults) {
    test(`${JSON.stringify(text)} is refused with a sentence`, () =>
      assert.match(faultOf(parseDuration(text)), sentence));
  }
});

describe("a size", () => {
  const cases: [string, number][] = [
    ["512B", 512],
    ["128KiB", 131_072],
    ["4MiB", 4_194_304],
    ["1 GiB", 1_073_741_824],
  ];
  for (const [text, bytes] of cases) {
    test(`"${text}" is ${bytes} bytes`, () => assert.deepEqual(parseSize(text), { value: bytes }));
  }

  const faults: [string, RegExp][] = [
    ["128", /^"128" has no unit: write a size such as "512B", "128KiB" or "4MiB"$/],
    ["128kb", /write "128KiB"/],
    ["128K", /write "128KiB"/],
    ["4mib", /write "4MiB"/],
    ["4TiB", /the units are B, KiB, MiB, GiB/],
    ["half", /is not a size/],
  ];
  for (const [text, sentence] of faults) {
    test(`${JSON.stringify(text)} is refused with a sentence`, () => assert.match(faultOf(parseSize(text)), sentence));
  }
});

test("every duration and size is read back from the text that stands for it", () => {
  const amounts = fc.oneof(
    fc.maxSafeNat(),
    fc.nat(1_000_000).map((n) => n * 1_000),
    fc.nat(4_096).map((n) => n * 2 ** 20),
  );
  fc.assert(
    fc.property(amounts, (amount) => {
      assert.deepEqual(parseDuration(formatDuration(amount as Milliseconds)), { value: amount });
      assert.deepEqual(parseSize(formatSize(amount as Bytes)), { value: amount });
    }),
  );
});

test("a text is read exactly when the JSON schema's pattern matches", () => {
  const unit = fc.constantFrom("", "ms", "s", "m", "h", "d", "B", "KiB", "MiB", "GiB", "kb", "S");
  const near = fc
    .tuple(fc.nat(1_000_000).map(String), fc.constantFrom("", " ", "  "), unit)
    .map((parts) => parts.join(""));
  fc.assert(
    fc.property(fc.oneof(near, fc.string()), (text) => {
      assert.equal("value" in parseDuration(text), new RegExp(durationPattern).test(text));
      assert.equal("value" in parseSize(text), new RegExp(sizePattern).test(text));
    }),
  );
});

function faultOf(reading: object): string {
  assert.ok("fault" in reading, `was read as ${JSON.stringify(reading)}`);
  return String(reading.fault);
}
