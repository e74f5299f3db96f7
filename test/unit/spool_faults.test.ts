import assert from "node:assert/strict";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { drain, FakeDisk, numbersOf, range, SpoolStage, until, writeDocuments } from "./spool.fixture.ts";

const stage = new SpoolStage();
after(() => stage.clear());

for (const fault of ["ENOSPC", "EIO", "EROFS", "half"]) {
  test(`a disk that refuses (${fault}): documents are delivered from memory, and written when it takes them again`, async () => {
    stage.told.length = 0;
    const folder = stage.folder();
    const disk = new FakeDisk();
    const spool = await stage.open(folder, { system: disk });
    writeDocuments(spool, 0, 3);
    await spool.commit();
    disk.writeFault = fault;
    writeDocuments(spool, 3, 6);
    await spool.commit();
    writeDocuments(spool, 6, 9);
    await spool.commit();
    const stats = spool.stats();
    assert.equal(stats.committed, 3);
    assert.equal(spool.liveDocuments, 9);
    assert.match(stats.fault ?? "", /cannot be written/);
    assert.ok(stats.writeErrors >= 1);
    const segment = join(folder, "0000000000000000.segment");
    await until("the half frame is cut off", () => statSync(segment).size === stats.bytes);

    const [first, second] = [spool.takeLive(), spool.takeLive()];
    assert.ok(first && second);
    assert.deepEqual(
      [numbersOf(first), numbersOf(second)],
      [
        [0, 1, 2],
        [3, 4, 5],
      ],
    );
    spool.done(second);
    disk.writeFault = undefined;
    await until("the disk is tried again", () => spool.stats().fault === undefined);
    assert.equal(spool.stats().committed, 6);
    assert.deepEqual(stage.codes("warn"), ["spool_unwritable"]);
    assert.deepEqual(stage.codes("recover"), ["spool_unwritable"]);
    await spool.close(5_000);

    const again = await stage.open(folder);
    assert.deepEqual(await drain(again), [0, 1, 2, 6, 7, 8]);
    assert.equal(again.stats().damagedDocuments, 0);
  });
}

test("while the disk refuses memory is bounded; what is above is dropped, counted, and told with the recovery", async () => {
  stage.told.length = 0;
  const disk = new FakeDisk();
  disk.writeFault = "ENOSPC";
  const spool = await stage.open(stage.folder(), { system: disk, maxUnwrittenBytes: 5_000, frameBytes: 1_000 });
  const accepted = writeDocuments(spool, 0, 100, 100);
  assert.ok(accepted < 40 && accepted > 10, String(accepted));
  assert.equal(spool.stats().droppedUnwritable, 100 - accepted);
  await spool.commit();
  for (let frame = spool.takeLive(); frame !== undefined; frame = spool.takeLive()) spool.done(frame);
  assert.equal(writeDocuments(spool, 100, 103, 100), 3);
  disk.writeFault = undefined;
  await spool.commit();
  await until("recovery", () => stage.codes("recover").length === 1);
  assert.equal(stage.told.at(-1)?.details["dropped"], 100 - accepted);
  assert.deepEqual(await drain(spool), [100, 101, 102]);
});

test("the disk is not asked more often than once a rest while it refuses", async () => {
  const disk = new FakeDisk();
  disk.writeFault = "ENOSPC";
  const spool = await stage.open(stage.folder(), { system: disk, retryMs: 3_600_000 });
  for (let number = 0; number < 20; number++) {
    writeDocuments(spool, number, number + 1);
    await spool.commit();
  }
  assert.equal(disk.writes, 1);
  assert.equal(spool.liveDocuments, 20);
  disk.writeFault = undefined;
  assert.ok(await spool.close(5_000));
});

test("a frame that is done while the kernel writes it is done on the disk too", async () => {
  const folder = stage.folder();
  const disk = new FakeDisk();
  disk.writeFault = "EIO";
  const spool = await stage.open(folder, { system: disk });
  writeDocuments(spool, 0, 2);
  await spool.commit();
  disk.hangs = true;
  disk.writeFault = undefined;
  await until("the second attempt is in the kernel", () => disk.writes === 2);
  const frame = spool.takeLive();
  assert.ok(frame);
  spool.done(frame);
  disk.release();
  await until("it is written", () => spool.stats().committed === 2);
  assert.equal(spool.stats().documents, 0);
  assert.equal(spool.backlogDocuments, 0);
  await spool.close(5_000);
  const again = await stage.open(folder);
  assert.deepEqual(await drain(again), []);
});

test("with sync `batch` a frame whose sync fails is not written", async () => {
  const disk = new FakeDisk();
  const spool = await stage.open(stage.folder(), { system: disk, syncMs: "batch" });
  disk.syncFault = "EIO";
  writeDocuments(spool, 0, 1);
  await spool.commit();
  assert.equal(spool.stats().committed, 0);
  assert.equal(spool.liveDocuments, 1);
  disk.syncFault = undefined;
  await until("it is written after all", () => spool.stats().committed === 1);
  assert.deepEqual(await drain(spool), [0]);
});

test("a sync that fails is told once, and told when it is over", async () => {
  stage.told.length = 0;
  const disk = new FakeDisk();
  disk.syncFault = "EIO";
  const spool = await stage.open(stage.folder(), { system: disk, syncMs: 1 });
  writeDocuments(spool, 0, 1);
  await spool.commit();
  await until("several failed", () => disk.syncs > 2);
  assert.match(spool.stats().fault ?? "", /medium/);
  disk.syncFault = undefined;
  await until("it is over", () => spool.stats().fault === undefined);
  assert.deepEqual(
    stage.told.map(({ kind, code }) => [kind, code]),
    [
      ["warn", "spool_unsynced"],
      ["recover", "spool_unsynced"],
    ],
  );
});

test("close gives up a write that hangs at its deadline, and says what is lost", async () => {
  const folder = stage.folder();
  const disk = new FakeDisk();
  const spool = await stage.open(folder, { system: disk });
  writeDocuments(spool, 0, 3);
  await spool.commit();
  disk.hangs = true;
  writeDocuments(spool, 3, 5);
  const began = performance.now();
  const closing = spool.close(200);
  assert.equal(spool.close(200), closing);
  assert.equal(await closing, false);
  assert.ok(performance.now() - began < 2_000);
  assert.equal(spool.stats().droppedUnwritable, 2);
  assert.equal(spool.writePieces(["late"], false), false);
  assert.equal(spool.stats().droppedUnwritable, 3);
  const again = await stage.open(folder);
  assert.deepEqual(await drain(again), [0, 1, 2]);
  disk.release();
});

test("a disk that is too slow bounds memory as one that refuses, and is told", async () => {
  stage.told.length = 0;
  const disk = new FakeDisk();
  disk.hangs = true;
  const spool = await stage.open(stage.folder(), { system: disk, maxUnwrittenBytes: 5_000, frameBytes: 1_000 });
  const accepted = writeDocuments(spool, 0, 100, 100);
  assert.equal(spool.stats().droppedUnwritable, 100 - accepted);
  assert.equal(spool.liveDocuments, 0);
  assert.deepEqual(stage.codes("warn"), ["spool_slow"]);
  disk.release();
  await spool.commit();
  assert.deepEqual(stage.codes("recover"), ["spool_slow"]);
  assert.deepEqual(await drain(spool), range(0, accepted));
});

test("a folder that cannot be made ends with a sentence", async () => {
  await assert.rejects(stage.open("/proc/nowhere/spool"), {
    code: "CANNOT_WRITE",
    exitCode: 73,
    message: /spool\.path/,
  });
  const folder = stage.folder();
  await stage.open(folder).then((spool) => spool.close(1_000));
  await assert.rejects(stage.open(join(folder, "lock")), { code: "CANNOT_WRITE", message: /no folder|ENOTDIR/ });
  assert.ok(readdirSync(folder).includes("lock"));
});
