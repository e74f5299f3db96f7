import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { Instant } from "../../src/process/instant.ts";
import { Heartbeat } from "../../src/source/heartbeat.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mayfly-heartbeat-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const identity = { version: "0.1.0", bootId: "boot", ephemeralId: "run" };
const file = (): string => join(folder, "heartbeat.json");

function mark(seconds: number, nanos = 0) {
  return { time: new Instant(1_795_254_122 + seconds, nanos), boot: { seconds: 5000 + seconds, nanos } };
}

function open(told: string[] = []): Heartbeat {
  return new Heartbeat(folder, identity, (sentence) => told.push(sentence));
}

test("the first run knows of none before it, and has nothing to warn of", () => {
  assert.deepEqual(open().previous(), { last: undefined, warning: undefined });
});

test("what is said last is what the next run finds", async () => {
  const heart = open();
  await heart.beat(mark(0));
  await heart.beat(mark(1, 123_456_789));
  assert.deepEqual(open().previous(), {
    last: {
      ...identity,
      time: { seconds: 1_795_254_123, nanos: 123_456_789 },
      boot: { seconds: 5001, nanos: 123_456_789 },
      clean: false,
    },
    warning: undefined,
  });
  const said = JSON.parse(readFileSync(file(), "utf8")) as Record<string, unknown>;
  assert.equal(said["watermark"], "2026-11-21T09:42:03.123456789Z");
});

test("what was there at the start is known although it was written over", async () => {
  await open().beat(mark(0));
  const heart = open();
  await heart.beat(mark(9));
  assert.equal(heart.previous().last?.boot.seconds, 5000);
});

test("an orderly end is said, and is the last word", async () => {
  const heart = open();
  const beating = heart.beat(mark(0));
  const ending = heart.end(mark(2));
  await heart.beat(mark(1));
  await Promise.all([beating, ending]);
  const { last } = open().previous();
  assert.deepEqual([last?.clean, last?.boot.seconds], [true, 5002]);
  assert.deepEqual(readdirSync(folder), ["heartbeat.json"]);
});

test("beats that come while one is being written do not pile up", async () => {
  const heart = open();
  const first = heart.beat(mark(0));
  assert.equal(heart.beat(mark(1)), first);
  await first;
  assert.equal(open().previous().last?.boot.seconds, 5000);
});

for (const [what, text] of [
  ["empty", ""],
  ["no JSON", '{"version":'],
  ["no object", "null"],
  ["without a watermark", JSON.stringify({ version: "1", boot_id: "b", ephemeral_id: "e", clean: true })],
  [
    "of an impossible time",
    JSON.stringify({
      version: "1",
      boot_id: "b",
      ephemeral_id: "e",
      watermark: "2026-13-21T09:42:03.123456789Z",
      boot_clock: { seconds: 1, nanos: 0 },
      clean: true,
    }),
  ],
] as const) {
  test(`one that is ${what} is none, with a warning`, () => {
    writeFileSync(file(), text);
    const { last, warning } = open().previous();
    assert.equal(last, undefined);
    assert.match(warning ?? "", /heartbeat\.json cannot be read \(it is damaged\).*no gap is told/);
  });
}

test("one that cannot be read is none, with a warning", () => {
  mkdirSync(file());
  const { last, warning } = open().previous();
  assert.equal(last, undefined);
  assert.match(warning ?? "", /cannot be read \(EISDIR/);
});

test("beats that fail are counted, told once, and told anew only after one has worked", async () => {
  const told: string[] = [];
  const heart = open(told);
  const obstacle = join(folder, "heartbeat.json.new");
  mkdirSync(obstacle);
  await heart.beat(mark(0));
  await heart.beat(mark(1));
  assert.deepEqual([heart.faults, told.length], [2, 1]);
  assert.match(told[0] ?? "", /heartbeat\.json cannot be written \(EISDIR.*set state\.path/);
  rmSync(obstacle, { recursive: true });
  await heart.beat(mark(2));
  assert.equal(open().previous().last?.boot.seconds, 5002);
  mkdirSync(obstacle);
  await heart.end(mark(3));
  assert.deepEqual([heart.faults, told.length], [3, 2]);
});

test("a kill -9 in the midst of beating leaves a whole one", async () => {
  const script = `
    const { Heartbeat } = await import(${JSON.stringify(new URL("../../src/source/heartbeat.js", import.meta.url).href)});
    const heart = new Heartbeat(${JSON.stringify(folder)}, ${JSON.stringify(identity)}, (told) => console.log(told));
    const time = { iso: () => "2026-11-21T09:42:03.123456789Z" };
    for (let seconds = 0; ; seconds++) {
      await heart.beat({ time, boot: { seconds, nanos: 0 } });
      if (seconds === 50) process.stdout.write("beating");
    }`;
  for (let time = 0; time < 5; time++) {
    const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const ended = new Promise((resolve) => child.once("exit", resolve));
    const said = await new Promise<string>((resolve) => child.stdout.once("data", (data) => resolve(String(data))));
    child.kill("SIGKILL");
    await ended;
    assert.equal(said, "beating");
    const { last, warning } = open().previous();
    assert.equal(warning, undefined);
    assert.ok((last?.boot.seconds ?? 0) >= 50, `${last?.boot.seconds}`);
  }
});
