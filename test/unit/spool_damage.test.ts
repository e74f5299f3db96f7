import assert from "node:assert/strict";
import { cpSync, readdirSync, readFileSync, truncateSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { readSpool } from "../../src/output/spool/inspect.ts";
import { SegmentScan } from "../../src/output/spool/scan.ts";
import { drain, range, SpoolStage, writeDocuments } from "./spool.fixture.ts";

const stage = new SpoolStage();
after(() => stage.clear());

const DOCUMENTS = 400;
const SMALL = { maxBytes: 120_000, whenFull: "drop_newest", maxLiveBytes: 0 } as const;

/** A closed spool of 400 documents, five a frame, in several segments. */
async function written(): Promise<{ folder: string; segments: string[] }> {
  const folder = stage.folder();
  const spool = await stage.open(folder, SMALL);
  for (let number = 0; number < DOCUMENTS; number += 5) {
    writeDocuments(spool, number, number + 5, 150);
    await spool.commit();
  }
  assert.ok(await spool.close(5_000));
  return { folder, segments: segmentsOf(folder) };
}

function segmentsOf(folder: string): string[] {
  const names = readdirSync(folder).filter((name) => name.endsWith(".segment"));
  assert.ok(names.length >= 4, `too few segments: ${names.length}`);
  return names.sort().map((name) => join(folder, name));
}

/** Where in a segment each frame stands. */
function layoutOf(path: string): { numbers: number[]; from: number; to: number }[] {
  const scan = new SegmentScan(readFileSync(path), Number(/(\d+)\.segment/.exec(path)?.[1]), undefined);
  const layout = [];
  let from = 0;
  for (let found = scan.next(); found !== undefined; found = scan.next()) {
    assert.ok("frame" in found);
    const { header, endAt } = found.frame;
    layout.push({ numbers: range(header.first, header.first + header.count), from, to: endAt });
    from = endAt;
  }
  return layout;
}

/** Numbers that come back after a restart, and what was counted; sorted. */
async function readBack(folder: string): Promise<{ numbers: number[]; damaged: number; frames: number }> {
  const spool = await stage.open(folder, SMALL);
  const numbers = await drain(spool);
  assert.equal(spool.backlogDocuments, 0);
  const { damagedDocuments, damagedFrames } = spool.stats();
  await spool.close(5_000);
  return { numbers: numbers.sort((a, b) => a - b), damaged: damagedDocuments, frames: damagedFrames };
}

/** Small steps of its own, so that a failure can be repeated. */
function randomOf(seed: number): (below: number) => number {
  let state = seed * 2_654_435_761 + 1;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

type Damaging = (content: Buffer, at: number, random: (below: number) => number) => Buffer;
const WAYS: Readonly<Record<string, Damaging>> = {
  "a flipped bit": (content, at, random) => {
    content[at] = (content[at] as number) ^ (1 << random(8));
    return content;
  },
  "16 bytes of zeros": (content, at) => content.fill(0, at, at + 16),
  "16 bytes of something else": (content, at, random) => {
    for (let byte = at; byte < Math.min(content.length, at + 16); byte++) content[byte] = random(256);
    return content;
  },
  "16 bytes taken out": (content, at) => Buffer.concat([content.subarray(0, at), content.subarray(at + 16)]),
  "9 bytes put in": (content, at) =>
    Buffer.concat([content.subarray(0, at), Buffer.from("zwischen!"), content.subarray(at)]),
};

for (const [way, damage] of Object.entries(WAYS)) {
  test(`20 random places damaged (${way}): all frames that were not touched arrive, the rest is counted exactly`, async () => {
    for (let seed = 1; seed <= 5; seed++) {
      const random = randomOf(seed);
      const { folder, segments } = await written();
      const safe = new Set(range(0, DOCUMENTS));
      const places = Array.from({ length: 20 }, () => {
        const path = segments[random(segments.length)] as string;
        return { path, at: random(readFileSync(path).length) };
      });
      for (const path of segments) {
        const layout = layoutOf(path);
        // From behind, so that places keep their meaning when bytes are taken out or put in.
        const here = places.filter((place) => place.path === path).sort((a, b) => b.at - a.at);
        for (const { at } of here) {
          writeFileSync(path, damage(readFileSync(path), at, random));
          const touched = layout.filter(({ from, to }) => to > at && from < at + 16);
          for (const number of touched.flatMap(({ numbers }) => numbers)) safe.delete(number);
        }
      }
      const { numbers, damaged } = await readBack(folder);
      const missing = [...safe].filter((number) => !numbers.includes(number));
      assert.deepEqual(missing, [], `seed ${seed}: untouched documents did not arrive`);
      assert.equal(new Set(numbers).size, numbers.length);
      assert.equal(numbers.length + damaged, DOCUMENTS, `seed ${seed}`);
      assert.ok(damaged > 0);
    }
  });
}

test("damage is counted once, not again after the next restart", async () => {
  const { folder, segments } = await written();
  writeFileSync(segments[1] as string, "no spool");
  const spool = await stage.open(folder, SMALL);
  const frame = await spool.takeBacklog();
  assert.ok(frame);
  let last = await spool.takeBacklog();
  while (last !== undefined && spool.stats().damagedFrames === 0) last = await spool.takeBacklog();
  const { damagedDocuments, damagedFrames, damagedBytes } = spool.stats();
  assert.deepEqual([damagedFrames, damagedBytes], [1, 8]);
  assert.ok(await spool.close(5_000));
  const { numbers, damaged } = await readBack(folder);
  assert.equal(damaged, 0);
  assert.equal(numbers.length + damagedDocuments, DOCUMENTS);
  assert.ok(stage.codes("warn").includes("spool_damaged"));
});

test("a half-written tail is cut off at every length", async () => {
  const { folder, segments } = await written();
  const path = segments.at(-1) as string;
  const layout = layoutOf(path);
  const last = layout.at(-1);
  assert.ok(last);
  const whole = readFileSync(path);
  for (let length = last.from; length <= last.to; length += 7) {
    const copy = stage.folder();
    cpSync(folder, copy, { recursive: true });
    writeFileSync(join(copy, path.slice(folder.length + 1)), whole.subarray(0, length));
    const { numbers, damaged } = await readBack(copy);
    assert.deepEqual(numbers, range(0, DOCUMENTS - 5));
    assert.equal(damaged, 5);
  }
});

test("without the file that knows the numbers, a torn frame still tells how many documents it held", async () => {
  const { folder, segments } = await written();
  unlinkSync(join(folder, "done.json"));
  const path = segments.at(-1) as string;
  truncateSync(path, (layoutOf(path).at(-1)?.to ?? 0) - 1);
  const { numbers, damaged, frames } = await readBack(folder);
  assert.deepEqual(numbers, range(0, DOCUMENTS - 5));
  assert.deepEqual([damaged, frames], [5, 1]);
});

test("a segment that is missing, empty, or nothing but zeros is counted", async () => {
  for (const spoil of [
    (path: string) => unlinkSync(path),
    (path: string) => writeFileSync(path, ""),
    (path: string) => writeFileSync(path, Buffer.alloc(5_000)),
  ]) {
    for (const which of [1, -1]) {
      const { folder, segments } = await written();
      const path = segments.at(which) as string;
      const lost = layoutOf(path).flatMap(({ numbers }) => numbers);
      spoil(path);
      const { numbers, damaged } = await readBack(folder);
      assert.deepEqual(
        numbers,
        range(0, DOCUMENTS).filter((number) => !lost.includes(number)),
      );
      assert.equal(damaged, lost.length);
    }
  }
});

test("a spool can be looked at while another has its lock", async () => {
  const { folder, segments } = await written();
  const path = segments[1] as string;
  const content = readFileSync(path);
  content[60] = (content[60] as number) ^ 1;
  writeFileSync(path, content);
  const spool = await stage.open(folder, SMALL);
  const first = await spool.takeBacklog();
  assert.ok(first);
  spool.done(first);
  await spool.close(5_000);
  let documents = 0;
  let done = 0;
  let lost = 0;
  for await (const item of readSpool(folder)) {
    if (item.kind === "damage") lost += item.lost;
    else if (item.done) done += item.frame.count;
    else documents += item.frame.count;
  }
  assert.deepEqual([done, lost, documents], [5, 5, DOCUMENTS - 10]);
});
