import assert from "node:assert/strict";
import fs, { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { exitOf } from "../../src/process/exit.ts";
import { Decoder } from "../../src/record/decode.ts";
import { Encoder } from "../../src/record/encode.ts";
import { layout } from "../../src/record/layout.ts";
import type { Layout } from "../../src/record/reader.ts";
import { readOwnStart, scanProc } from "../../src/source/procfs.ts";
import { RecordingSource } from "../../src/source/recording.ts";
import { Listener } from "./record.fixture.ts";
import { change, clock, exec, exit, fork, ref } from "./world.fixture.ts";

/* What the fuzzers found (test/fuzz), each by itself. */

const folder = mkdtempSync(join(tmpdir(), "mayfly-damage-"));
after(() => rmSync(folder, { recursive: true }));

/** Of all kinds; the start that stands in a clock's header is nobody's. */
const TIMES = [
  ...["headerTimeSeconds", "headerStartSeconds", "parentStartSeconds", "creatorStartSeconds"],
  ...["usageUserSeconds", "usageSystemSeconds"],
];

test("a record whose nanoseconds are a second or more is no record, whichever of its times it is", () => {
  const encode: Readonly<Record<keyof Layout, (encoder: Encoder) => void>> = {
    fork: (encoder) => encoder.fork(fork(ref(7, 100), ref(1, 10), 100)),
    exec: (encoder) => encoder.exec(exec(ref(7, 100), "/bin/true", 101)),
    exit: (encoder) => encoder.exit(exit(ref(7, 100), 0, 102)),
    change: (encoder) => encoder.change(change(ref(7, 100), 102, {})),
    clock: (encoder) => encoder.clock(clock(103)),
  };
  for (const [kind, put] of Object.entries(encode)) {
    const used = kind === "clock" ? ["headerTimeSeconds", "realtimeSeconds"] : TIMES;
    const times = Object.entries(layout[kind as keyof Layout]).filter(([name]) => used.includes(name));
    assert.ok(times.length >= 2, kind);
    for (const [name, at] of times) {
      const encoder = new Encoder();
      put(encoder);
      const bytes = encoder.take();
      const listener = new Listener();
      const decoder = new Decoder(layout, listener);
      new DataView(bytes).setUint32(at + 4, 999_999_999, true);
      decoder.decode(bytes);
      assert.deepEqual(
        [decoder.failures, listener.heard.length],
        [0, 1],
        `${kind}.${name}: the last one that is a time`,
      );
      new DataView(bytes).setUint32(at + 4, 1_000_000_000, true);
      decoder.decode(bytes);
      assert.deepEqual([decoder.failures, listener.heard.length], [1, 1], `${kind}.${name}`);
    }
  }
});

test("a life that ends before its start has no negative span", () => {
  const { durationSeconds, durationNanos } = exitOf(exit(ref(7, 5000), 0, 4500), undefined as never, 4096);
  assert.deepEqual([durationSeconds, durationNanos], [0, 0]);
});

describe("a recording is refused, and its descriptor closed,", () => {
  const good = { layout, version: "0", machineId: "m", bootId: "b", kernel: "k", bootOffset: { seconds: 1, nanos: 0 } };
  const { fork: forked } = layout;
  const refused: Readonly<Record<string, unknown>> = {
    "without a layout": { ...good, layout: null },
    "with a record of no size": { ...good, layout: { ...layout, fork: { ...forked, size: undefined } } },
    "with a record of a size that is none": { ...good, layout: { ...layout, fork: { ...forked, size: 12 } } },
    "with a field behind its record": { ...good, layout: { ...layout, fork: { ...forked, headerPid: forked.size } } },
    "with a field of 64 bits at its record's end": {
      ...good,
      layout: { ...layout, fork: { ...forked, headerStartTicks: forked.size - 4 } },
    },
    "with a field between two words": { ...good, layout: { ...layout, fork: { ...forked, headerPid: 3 } } },
    "with a clock of no age": { ...good, bootOffset: { seconds: 1e300, nanos: 0 } },
    "with a clock of more than a second's nanoseconds": { ...good, bootOffset: { seconds: 1, nanos: 1e9 } },
  };
  const open = (): number => readdirSync("/proc/self/fd").length;
  for (const [how, header] of Object.entries(refused)) {
    test(how, () => {
      const path = join(folder, "refused");
      const json = Buffer.from(JSON.stringify(header));
      const head = Buffer.from("MAYFLY\n\x01\0\0\0\0", "latin1");
      head.writeUInt32LE(json.length, 8);
      writeFileSync(path, Buffer.concat([head, json]));
      const before = open();
      assert.throws(() => new RecordingSource(path), { code: "RECORDING_DAMAGED" });
      assert.equal(open(), before);
    });
  }

  test("when it is a folder", () => {
    const before = open();
    assert.throws(() => new RecordingSource(folder), { name: "MayflyError" });
    assert.equal(open(), before);
  });
});

describe("a process of which /proc tells what no kernel says is left out and counted:", () => {
  const damages: Readonly<Record<string, [file: string, damage: (text: string) => string]>> = {
    "its capabilities are no number": ["status", (text) => text.replace(/CapEff:\t0/, "CapEff:\tx")],
    "its user is missing": ["status", (text) => text.replace(/^Uid:.*\n/m, "")],
    "its start is cut off": ["stat", (text) => text.split(" ").slice(0, 18).join(" ")],
    "its start lies before the boot": ["stat", (text) => text.replace(String(readOwnStart()), "-5")],
  };
  for (const [what, [file, damage]] of Object.entries(damages)) {
    test(what, (t) => {
      assert.deepEqual(foundMyself(), { found: true, failures: 0, malformed: 0 });
      const real = fs.readFileSync;
      const { mock } = t.mock.method(fs, "readFileSync", ((path: string, encoding: "latin1") =>
        path === `/proc/${process.pid}/${file}` ? damage(real(path, encoding)) : real(path, encoding)) as typeof real);
      syncBuiltinESMExports();
      try {
        assert.deepEqual(foundMyself(), { found: false, failures: 0, malformed: 1 });
      } finally {
        mock.restore();
        syncBuiltinESMExports();
      }
    });
  }

  function foundMyself(): { found: boolean; failures: number; malformed: number } {
    const listener = new Listener();
    const decoder = new Decoder(layout, listener);
    const { batch, malformed } = scanProc({ kernelThreads: false, argsMaxBytes: 256 });
    decoder.decode(batch);
    const found = listener.heard.some(({ kind, record }) => kind === "task" && record.pid === process.pid);
    return { found, failures: decoder.failures, malformed };
  }
});
