import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { fuzz, reproduction } from "../fuzz/fuzz.ts";
import { buildNative, fuzzNative } from "../fuzz/native.ts";

/*
 * Some seconds of `npm run test:fuzz`, always with the same mutations: a fixed seed and number, so that it ends the same way on
 * every machine. (The samples that are read from /proc differ.)
 */

const SEED = 20_261_121;
/** A developer's machine tries a part of what CI does, the same first inputs. */
const PART = process.env.CI === "true" ? 1 : 0.25;
/** All together take about 20 s where nothing else runs. */
const INPUTS = { batches: 5000, recordings: 4000, procfs: 6000, frames: 40_000, config: 300, state: 4000 } as const;
const NATIVE_INPUTS = 150_000 * PART;

describe("mutated bytes throw nothing but what is counted or told, hang nothing and leave nothing behind", () => {
  for (const [target, whole] of Object.entries(INPUTS)) {
    test(`in ${target}`, async () => {
      const iterations = whole * PART;
      const order = { target, seed: SEED, from: 0, iterations, seconds: Number.POSITIVE_INFINITY };
      const { failure, iterations: done } = await fuzz(order);
      assert.equal(failure && reproduction(order, failure), undefined);
      assert.equal(done, iterations);
    });
  }

  test("in the addon's own readers, under sanitizers", { skip: withoutSanitizers() }, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "mayfly-fuzz-"));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const program = await buildNative(folder);
    const done = await fuzzNative(program, { seed: SEED, from: 0, iterations: NATIVE_INPUTS, seconds: 100 });
    assert.equal(done.failure, undefined);
    assert.ok(done.iterations > 0);
  });
});

function withoutSanitizers(): string | false {
  const stdout = spawnSync("c++", ["-print-file-name=libasan.so"], { encoding: "utf8" }).stdout as string | null;
  return (stdout ?? "").startsWith("/") ? false : "needs a C++ compiler with AddressSanitizer (libasan.so)";
}
