import assert from "node:assert/strict";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import type { Spool } from "../../src/output/spool/spool.ts";
import { drain, numbersOf, range, SpoolStage, until, writeDocuments } from "./spool.fixture.ts";

const stage = new SpoolStage();
after(() => stage.clear());

const MAX = 80_000;

async function fill(spool: Spool, first: number, end: number): Promise<number> {
  let accepted = 0;
  for (let number = first; number < end; number += 5) {
    accepted += writeDocuments(spool, number, number + 5, 300);
    await spool.commit();
  }
  return accepted;
}

function bytesIn(folder: string): number {
  const names = readdirSync(folder).filter((name) => name.endsWith(".segment"));
  return names.reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
}

test("drop_oldest keeps the newest documents within max_size, counts the others, and tells the episode once", async () => {
  const folder = stage.folder();
  const spool = await stage.open(folder, { maxBytes: MAX, maxLiveBytes: 20_000 });
  assert.equal(await fill(spool, 0, 1_000), 1_000);
  const { bytes, documents, droppedFull, committed } = spool.stats();
  assert.ok(bytes <= MAX && bytes > MAX / 2, String(bytes));
  assert.equal(bytesIn(folder), bytes);
  assert.equal(committed, 1_000);
  assert.equal(droppedFull + documents, 1_000);
  assert.ok(droppedFull > 500);
  assert.deepEqual(stage.codes("warn"), ["spool_full"]);
  assert.deepEqual(stage.codes("recover"), []);
  const numbers = await drain(spool);
  assert.deepEqual(
    numbers.sort((a, b) => a - b),
    range(droppedFull, 1_000),
  );
  await until("recovery", () => stage.codes("recover").length === 1);
  assert.equal(stage.told.at(-1)?.details["dropped"], droppedFull);
  assert.equal(spool.stats().damagedFrames, 0);
});

test("drop_oldest leaves alone what the delivery has, and a later done() of it counts", async () => {
  const folder = stage.folder();
  const spool = await stage.open(folder, { maxBytes: MAX, maxLiveBytes: 0 });
  await fill(spool, 0, 50);
  const taken = await spool.takeBacklog();
  assert.ok(taken);
  await fill(spool, 50, 1_000);
  const { droppedFull, documents, damagedFrames } = spool.stats();
  assert.equal(droppedFull + documents, 1_000);
  assert.equal(damagedFrames, 0);
  assert.deepEqual(numbersOf(taken), range(0, 5));
  spool.done(taken);
  assert.equal(spool.stats().done, 5);
  await spool.close(5_000);

  const again = await stage.open(folder, { maxBytes: MAX });
  assert.equal(again.backlogDocuments, documents - 5);
  assert.equal((await drain(again)).length, documents - 5);
  assert.equal(again.stats().damagedDocuments, 0);
});

test("drop_newest keeps the oldest documents, refuses new ones, and takes them again when there is room", async () => {
  stage.told.length = 0;
  const spool = await stage.open(stage.folder(), { maxBytes: MAX, whenFull: "drop_newest", maxLiveBytes: 20_000 });
  await fill(spool, 0, 1_000);
  const { bytes, documents, droppedFull } = spool.stats();
  assert.ok(bytes <= MAX);
  assert.equal(droppedFull + documents, 1_000);
  assert.equal(writeDocuments(spool, 1_000, 1_001), 0);
  assert.deepEqual(stage.codes("warn"), ["spool_full"]);
  assert.deepEqual(
    (await drain(spool)).sort((a, b) => a - b),
    range(0, documents),
  );
  await until("recovery", () => stage.codes("recover").length === 1);
  assert.equal(stage.told.at(-1)?.details["dropped"], droppedFull + 1);
  assert.equal(await fill(spool, 2_000, 2_010), 10);
  assert.deepEqual(await drain(spool), range(2_000, 2_010));
});

test("a spool that is full at its start takes documents again once some are delivered", async () => {
  const folder = stage.folder();
  const first = await stage.open(folder, { maxBytes: MAX, whenFull: "drop_newest" });
  await fill(first, 0, 1_000);
  const { documents } = first.stats();
  await first.close(5_000);
  const spool = await stage.open(folder, { maxBytes: MAX, whenFull: "drop_newest" });
  assert.equal(spool.backlogDocuments, documents);
  assert.equal((await drain(spool)).length, documents);
  await until("room", () => spool.stats().bytes === 0);
  assert.equal(await fill(spool, 0, 10), 10);
});
