import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { closeSync, existsSync, openSync, readFileSync, unlinkSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { lockFile } from "../../src/source/addon.ts";
import { drain, numbersOf, range, SpoolStage, until, writeDocuments } from "./spool.fixture.ts";

const stage = new SpoolStage();
after(() => stage.clear());

const ADDON = fileURLToPath(new URL("../../../build/Release/mayfly.node", import.meta.url));
const needsAddon = existsSync(ADDON) ? {} : { skip: `${ADDON} is not built: run \`npm run build\`` };

test("after a restart only what is not done comes back, as replayed and as repeatable as it was", async () => {
  const folder = stage.folder();
  const spool = await stage.open(folder);
  for (let number = 0; number < 6; number++) {
    writeDocuments(spool, number, number + 1);
    await spool.commit();
  }
  const frames = range(0, 6).map(() => spool.takeLive());
  for (const at of [0, 2, 3]) if (frames[at] !== undefined) spool.done(frames[at]);
  assert.ok(await spool.close(5_000));

  const again = await stage.open(folder);
  assert.equal(again.backlogDocuments, 3);
  assert.equal(again.liveDocuments, 0);
  const oldest = again.stats().oldest;
  assert.ok(oldest !== undefined && Date.now() - oldest < 60_000);
  writeDocuments(again, 6, 7);
  await again.commit();
  assert.deepEqual(await drain(again), [6, 1, 4, 5]);
  assert.equal(await again.takeBacklog(), undefined);
});

test("a spool that is closed without a crash sends nothing twice and loses nothing", async () => {
  const folder = stage.folder();
  const seen: number[] = [];
  for (let run = 0; run < 5; run++) {
    const spool = await stage.open(folder, { maxLiveBytes: 500 });
    writeDocuments(spool, run * 10, run * 10 + 10);
    await spool.commit();
    const frame = spool.takeLive() ?? (await spool.takeBacklog());
    assert.ok(frame);
    seen.push(...numbersOf(frame));
    spool.done(frame);
    assert.ok(await spool.close(5_000));
  }
  const last = await stage.open(folder);
  seen.push(...(await drain(last)));
  assert.deepEqual(
    seen.sort((a, b) => a - b),
    range(0, 50),
  );
});

test("what is done is saved within save ms", async () => {
  const folder = stage.folder();
  const spool = await stage.open(folder);
  writeDocuments(spool, 0, 1);
  await spool.commit();
  const frame = spool.takeLive();
  assert.ok(frame);
  spool.done(frame);
  const path = join(folder, "done.json");
  await until("it is saved", () => existsSync(path) && readFileSync(path, "utf8").includes('"done":[[0,1]]'));
});

test("a missing or damaged file of what is done means that nothing is, told, and never keeps a spool from starting", async () => {
  for (const content of [undefined, "", "{}", '{"version":1,"next":9,"done":[[0,3]],"notes":{}}\n0\n']) {
    stage.told.length = 0;
    const folder = stage.folder();
    const spool = await stage.open(folder);
    writeDocuments(spool, 0, 3);
    await spool.commit();
    writeDocuments(spool, 3, 5);
    await spool.commit();
    const frame = spool.takeLive();
    assert.ok(frame);
    spool.done(frame);
    await spool.close(5_000);
    if (content === undefined) unlinkSync(join(folder, "done.json"));
    else writeFileSync(join(folder, "done.json"), content);
    const again = await stage.open(folder);
    assert.deepEqual(stage.codes("warn"), ["spool_state_lost"]);
    assert.deepEqual(await drain(again), range(0, 5));
    assert.equal(again.stats().damagedFrames, 0);
  }
});

test("an empty folder is a new spool: nothing to tell", async () => {
  stage.told.length = 0;
  const spool = await stage.open(stage.folder());
  assert.deepEqual(stage.told, []);
  assert.deepEqual([spool.backlogDocuments, spool.stats().oldest, spool.getNote("x")], [0, undefined, undefined]);
});

test("notes are there after a restart", async () => {
  const folder = stage.folder();
  const spool = await stage.open(folder);
  spool.setNote("index:logs-mayfly.process-default", ".ds-logs-mayfly.process-default-2026.11.21-000001");
  spool.setNote("gone", "x");
  spool.setNote("gone", undefined);
  await spool.close(5_000);
  const again = await stage.open(folder);
  assert.equal(again.getNote("index:logs-mayfly.process-default"), ".ds-logs-mayfly.process-default-2026.11.21-000001");
  assert.equal(again.getNote("gone"), undefined);
});

test("a second instance is refused with the name of the first, which goes on", async () => {
  const folder = stage.folder();
  const spool = await stage.open(folder);
  await assert.rejects(
    stage.open(folder, { lock: () => false }),
    (error: Error & { code?: string; exitCode?: number }) => {
      assert.deepEqual([error.code, error.exitCode], ["SPOOL_LOCKED", 73]);
      assert.match(
        error.message,
        new RegExp(`process ${process.pid} on ${hostname()}, since 20\\d\\d-.*Z\\. Stop that one`),
      );
      return true;
    },
  );
  writeFileSync(join(folder, "lock"), "?");
  await assert.rejects(stage.open(folder, { lock: () => false }), /another mayfly/);
  writeDocuments(spool, 0, 1);
  await spool.commit();
  assert.equal(spool.liveDocuments, 1);
});

test("a file system that cannot lock ends with a sentence", async () => {
  const lock = (): boolean => {
    throw Object.assign(new Error("Operation not supported"), { errno: -95 });
  };
  await assert.rejects(stage.open(stage.folder(), { lock }), {
    code: "CANNOT_WRITE",
    message: /Operation not supported/,
  });
});

test("the kernel's lock is exclusive, and given back by close and by the end of a process", needsAddon, async () => {
  const folder = stage.folder();
  const spool = await stage.open(folder, { lock: lockFile });
  await assert.rejects(stage.open(folder, { lock: lockFile }), { code: "SPOOL_LOCKED" });
  const child = `const fd = require("fs").openSync(process.argv[2], "r"); process.exit(require(process.argv[1]).lockFile(fd) ? 10 : 11)`;
  const childTakes = (): number | null =>
    spawnSync(process.execPath, ["-e", child, ADDON, join(folder, "lock")]).status;
  assert.equal(childTakes(), 11);
  await spool.close(5_000);
  assert.equal(childTakes(), 10);
  const again = await stage.open(folder, { lock: lockFile });
  await again.close(5_000);
});

test("a descriptor that cannot be locked is an error with its number", needsAddon, () => {
  const fd = openSync("/dev/null", "r");
  closeSync(fd);
  assert.throws(() => lockFile(fd), { errno: -9 });
});
