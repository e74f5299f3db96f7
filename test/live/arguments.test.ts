import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Collector } from "../harness/collector.ts";
import { type Life, livesOf } from "../harness/life.ts";
import { live } from "../harness/live.ts";
import { runProgram, text } from "../harness/program.ts";

/* Arguments beyond what a document carries whole. What is whole is in mechanisms.test.ts (program big_args). */

const WHOLE = 128 * 1024;
const SIZES = [WHOLE - 1, 400_000, 1_000_000];

describe("arguments of many kilobytes", live, () => {
  let collector: Collector;
  const lives = new Map<number, Life>();

  before(async () => {
    collector = await Collector.start({ hold: "10s" });
    for (const size of SIZES) {
      const child = livesOf(await runProgram("big_args", [String(size)])).get("child");
      if (child !== undefined) lives.set(size, child);
    }
    await collector.stop();
  });
  after(() => collector.kill());

  for (const size of SIZES) {
    test(`${size} bytes of them are told as they are, or the cut is`, () => {
      const life = lives.get(size);
      const told = life?.selves.at(-1)?.args.map(text) ?? [];
      const documents = collector.of(life?.entityId ?? "");
      assert.equal(documents.length, 1);
      const [document] = documents;
      const args = document?.process?.args ?? [];
      assert.equal(document?.process?.args_count, told.length, "counted as they were given");
      const quality = document?.mayfly?.quality ?? [];
      assert.ok(quality.includes("args_invalid_utf8"));
      if (size < WHOLE) assert.ok(!quality.includes("args_truncated"), "up to 128 KiB nothing is cut");
      if (quality.includes("args_truncated")) {
        const given = life?.selves.at(-1)?.args.reduce((sum, arg) => sum + bytes(arg) + 1, 0);
        assert.equal(document?.mayfly?.args?.length, given, "the length as it was given");
        assert.ok(Buffer.byteLength(args.join(" ")) >= WHOLE - 1024, "at least 128 KiB are kept");
        const last = args.length - 1;
        assert.deepEqual(args.slice(0, last), told.slice(0, last));
        assert.ok(told[last]?.startsWith(args[last] ?? "-"), "cut within an argument, not mixed up");
      } else {
        assert.deepEqual(args, told);
      }
      assert.equal(document?.process?.command_line, args.join(" "));
    });
  }
});

function bytes(arg: string | { readonly hex: string }): number {
  return typeof arg === "string" ? Buffer.byteLength(arg) : arg.hex.length / 2;
}
