import assert from "node:assert/strict";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { drain, FakeDisk, idOf, lineOf, numbersOf, range, SpoolStage, until, writeDocuments } from "./spool.fixture.ts";

const stage = new SpoolStage();
after(() => stage.clear());

test("a document is live once it is written, as a pair of lines of a bulk body", async () => {
  const spool = await stage.open(stage.folder());
  assert.ok(spool.writePieces([lineOf(1)], false));
  assert.equal(spool.takeLive(), undefined);
  assert.equal(spool.stats().openDocuments, 1);
  await spool.commit();
  assert.equal(spool.liveDocuments, 1);
  const frame = spool.takeLive();
  assert.ok(frame);
  const action = `{"create":{"_index":"logs-mayfly.process-default","_id":"${idOf(1)}"}}\n`;
  assert.equal(frame.body.toString(), action + lineOf(1));
  assert.deepEqual([frame.count, frame.replayed, frame.repeatable], [1, false, false]);
  spool.done(frame);
  spool.done(frame);
  const { committed, done, documents, openDocuments, fault } = spool.stats();
  assert.deepEqual(
    { committed, done, documents, openDocuments, fault },
    {
      committed: 1,
      done: 1,
      documents: 0,
      openDocuments: 0,
      fault: undefined,
    },
  );
});

test("notes go to the agent's data stream, each line with an action line of its own", async () => {
  const spool = await stage.open(stage.folder());
  assert.ok(spool.write(lineOf(1) + lineOf(2)));
  await spool.commit();
  const frame = spool.takeLive();
  assert.ok(frame);
  assert.deepEqual(numbersOf(frame), [1, 2]);
  assert.equal(frame.body.toString().match(/"_index":"logs-mayfly.agent-default"/g)?.length, 2);
});

test("a line without its id in its place is refused loudly", async () => {
  const spool = await stage.open(stage.folder());
  assert.throws(() => spool.write('{"message":"x"}\n'), /line\.ts/);
  assert.throws(() => spool.writePieces(["{}\n"], false), /line\.ts/);
  spool.writePieces([lineOf(3)], false);
  await spool.commit();
  assert.deepEqual(await drain(spool), [3]);
});

test("characters of one to four bytes arrive whole", async () => {
  const spool = await stage.open(stage.folder());
  const line = lineOf(1).replace('message":"', 'message":"aé漢😀');
  spool.writePieces([line.slice(0, 100), line.slice(100)], false);
  await spool.commit();
  assert.ok(spool.takeLive()?.body.toString().endsWith(line));
});

test("a frame is sealed by its age, by its size, and when the next document is of the other kind", async () => {
  const aged = await stage.open(stage.folder(), { frameMs: 5 });
  let committed = 0;
  aged.onCommitted = () => committed++;
  writeDocuments(aged, 0, 3);
  await until("the frame is written", () => aged.liveDocuments === 3);
  assert.equal(committed, 1);

  const sized = await stage.open(stage.folder(), { frameBytes: 10_000 });
  writeDocuments(sized, 0, 100);
  await until("full frames are written", () => sized.liveDocuments > 50);
  const frame = sized.takeLive();
  assert.ok(frame && frame.body.length <= 10_000 && frame.count < 60);

  const mixed = await stage.open(stage.folder());
  for (const [number, repeatable] of [true, true, false, true].entries())
    mixed.writePieces([lineOf(number)], repeatable);
  await mixed.commit();
  const kinds: [boolean, number][] = [];
  for (let next = mixed.takeLive(); next !== undefined; next = mixed.takeLive())
    kinds.push([next.repeatable, next.count]);
  assert.deepEqual(kinds, [
    [true, 2],
    [false, 1],
    [true, 1],
  ]);
});

test("a line larger than a frame gets one of its own, and one that no request could hold is dropped and told", async () => {
  const spool = await stage.open(stage.folder(), { frameBytes: 10_000, maxLiveBytes: 0 });
  spool.writePieces([lineOf(0)], false);
  spool.writePieces([lineOf(1, 2_000_000)], false);
  spool.writePieces([lineOf(2)], false);
  assert.equal(spool.writePieces([lineOf(3), "x".repeat(30_000_000)], false), false);
  await spool.commit();
  const counts: number[] = [];
  for (let frame = await spool.takeBacklog(); frame !== undefined; frame = await spool.takeBacklog()) {
    counts.push(...numbersOf(frame));
    assert.equal(frame.count, 1);
  }
  assert.deepEqual(counts, [0, 1, 2]);
  assert.equal(spool.stats().droppedUnwritable, 1);
  assert.ok(stage.codes("warn").includes("spool_line_too_long"));
});

test("the body of a frame stays as it is until it is done, whatever is written meanwhile", async () => {
  const spool = await stage.open(stage.folder(), { frameBytes: 20_000 });
  const taken = [];
  for (let round = 0; round < 60; round++) {
    writeDocuments(spool, round * 20, round * 20 + 20, 500);
    await spool.commit();
    for (let frame = spool.takeLive(); frame !== undefined; frame = spool.takeLive()) taken.push(frame);
    // The memory of some is given back while others in the same block are still needed.
    for (const frame of taken.splice(0, taken.length - 7)) {
      assert.deepEqual(
        numbersOf(frame),
        range(numbersOf(frame)[0] as number, (numbersOf(frame)[0] as number) + frame.count),
      );
      spool.done(frame);
    }
  }
});

test("files are for their owner only, and named by the number of their first document", async () => {
  const folder = stage.folder();
  const spool = await stage.open(folder, { maxBytes: 80_000, frameBytes: 4_000 });
  writeDocuments(spool, 0, 120, 400);
  await spool.commit();
  const names = readdirSync(folder).filter((name) => name.endsWith(".segment"));
  assert.ok(names.length > 2, names.join(" "));
  assert.equal(names[0], "0000000000000000.segment");
  for (const name of [...names, "lock"]) assert.equal(statSync(join(folder, name)).mode & 0o777, 0o600, name);
  assert.equal(statSync(folder).mode & 0o777, 0o700);
  for (const name of names) assert.ok(statSync(join(folder, name)).size <= 10_000, name);
});

test("what memory may not hold becomes backlog, is read back oldest first, and live documents stay live", async () => {
  const spool = await stage.open(stage.folder(), { maxLiveBytes: 3_000 });
  for (let number = 0; number < 30; number++) {
    writeDocuments(spool, number, number + 1, 300);
    await spool.commit();
  }
  assert.ok(spool.liveDocuments >= 4 && spool.liveDocuments <= 7, String(spool.liveDocuments));
  assert.equal(spool.backlogDocuments + spool.liveDocuments, 30);
  const live = spool.takeLive();
  assert.ok(live);
  const first = await spool.takeBacklog();
  assert.ok(first?.replayed);
  assert.deepEqual(numbersOf(first), [0]);
  assert.equal(spool.stats().documents, 30);
  const rest = await drain(spool);
  assert.deepEqual(
    [...numbersOf(live), 0, ...rest].sort((a, b) => a - b),
    range(0, 30),
  );
  assert.equal(spool.backlogDocuments, 0);
  assert.equal(spool.stats().damagedFrames, 0);
});

test("frames that overflow behind the place that is being read are found too", async () => {
  const spool = await stage.open(stage.folder(), { maxLiveBytes: 3_000 });
  const numbers: number[] = [];
  for (let round = 0; round < 10; round++) {
    for (let number = round * 20; number < round * 20 + 20; number++) {
      writeDocuments(spool, number, number + 1, 300);
      await spool.commit();
    }
    const frame = await spool.takeBacklog();
    assert.ok(frame);
    numbers.push(...numbersOf(frame));
    spool.done(frame);
  }
  numbers.push(...(await drain(spool)));
  assert.deepEqual(
    numbers.sort((a, b) => a - b),
    range(0, 200),
  );
});

test("calls of takeBacklog that overlap get different frames", async () => {
  const spool = await stage.open(stage.folder(), { maxLiveBytes: 0 });
  for (let number = 0; number < 5; number++) {
    writeDocuments(spool, number, number + 1);
    await spool.commit();
  }
  const frames = await Promise.all(Array.from({ length: 6 }, () => spool.takeBacklog()));
  assert.deepEqual(
    frames.map((frame) => frame && numbersOf(frame)),
    [[0], [1], [2], [3], [4], undefined],
  );
});

test("a segment is deleted when all of it is done, and the numbers go on", async () => {
  const folder = stage.folder();
  const spool = await stage.open(folder, { maxBytes: 80_000, frameBytes: 4_000 });
  writeDocuments(spool, 0, 100, 400);
  await spool.commit();
  const segments = (): number => readdirSync(folder).filter((name) => name.endsWith(".segment")).length;
  assert.ok(segments() > 3);
  await drain(spool);
  await until("the done segments are deleted", () => segments() === 1);
  assert.ok(await spool.close(5_000));
  assert.equal(segments(), 0);
  const again = await stage.open(folder);
  writeDocuments(again, 100, 101);
  await again.commit();
  assert.equal(again.takeLive()?.first, 100);
  assert.equal(again.stats().damagedFrames, 0);
});

test("what is written is synced after sync ms, and with `batch` before it counts", async () => {
  const disk = new FakeDisk();
  const spool = await stage.open(stage.folder(), { syncMs: 5, system: disk });
  writeDocuments(spool, 0, 1);
  await spool.commit();
  await until("a sync", () => disk.syncs === 1);

  const strict = new FakeDisk();
  const batch = await stage.open(stage.folder(), { syncMs: "batch", system: strict });
  for (let number = 0; number < 3; number++) {
    writeDocuments(batch, number, number + 1);
    await batch.commit();
    assert.equal(strict.syncs, number + 1);
  }
});

test("a disk that takes a write in pieces gets all of it", async () => {
  const folder = stage.folder();
  const disk = new FakeDisk();
  disk.shortTo = 17;
  const spool = await stage.open(folder, { system: disk, maxLiveBytes: 0 });
  writeDocuments(spool, 0, 20);
  await spool.commit();
  assert.ok(disk.writes > 10);
  assert.deepEqual(await drain(spool), range(0, 20));
});
