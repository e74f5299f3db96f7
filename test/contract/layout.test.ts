import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const object = `${root}build/probes.bpf.o`;

/** What CMake found. */
function bpftool(): string {
  const cache = readFileSync(`${root}build/CMakeCache.txt`, "utf8");
  return /^BPFTOOL:\w+=(.+)$/m.exec(cache)?.[1] ?? "bpftool";
}

test("the decoder's layout is what the probes' BTF says", {
  skip: !existsSync(object) && "the probes are not built",
}, () => {
  const generated = execFileSync(process.execPath, [`${root}scripts/layout.mjs`, bpftool(), object], {
    encoding: "utf8",
  });
  assert.equal(readFileSync(`${root}src/record/layout.ts`, "utf8"), generated);
});

test("kinds, flags and the tick are the same in C and in TypeScript", async () => {
  const { RecordKind, ExitFlag, ImageFlag } = await import("../../src/record/record.ts");
  const header = readFileSync(`${root}bpf/record.h`, "utf8");
  const camel = (name: string): string =>
    name.toLowerCase().replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
  const kinds = [...header.matchAll(/RECORD_(\w+) = (\d+)/g)].map(([, name = "", value]) => [
    camel(name),
    Number(value),
  ]);
  assert.deepEqual(Object.fromEntries(kinds), RecordKind);
  const flags = [...header.matchAll(/IMAGE_(\w+) = 1 << (\d+)/g)].map(([, name = "", bit]) => [
    camel(name),
    1 << Number(bit),
  ]);
  const exits = [...header.matchAll(/EXIT_(\w+) = 1 << (\d+)/g)].map(([, name = "", bit]) => [
    camel(name),
    1 << Number(bit),
  ]);
  assert.deepEqual(Object.fromEntries(exits), ExitFlag);
  const { fromProcfs, ...ofProbes } = ImageFlag;
  assert.deepEqual(Object.fromEntries(flags), ofProbes);
  assert.ok(flags.every(([, bit]) => bit !== fromProcfs));
});
