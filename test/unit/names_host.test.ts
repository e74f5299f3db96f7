import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { appendFileSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { monitorEventLoopDelay, performance } from "node:perf_hooks";
import { test } from "node:test";
import { until } from "../harness/deadline.ts";
import { onHost, World } from "./names.fixture.ts";

const PASSWD = "root:x:0:0::/root:/bin/sh\nbob:x:1000:1000::/home/bob:/bin/sh\nsecond:x:1000:1000::/:/bin/sh\n";
const GROUP = "root:x:0:\nwheel:x:10:bob\n";

test("users and groups of the host have their names, the first one of an id", async (t) => {
  const world = new World(t);
  world.write("passwd", PASSWD);
  world.write("group", GROUP);
  world.names.start();
  assert.equal(world.names.user(0, onHost), undefined, "nothing has been read yet");
  assert.equal(await world.user(0), "root");
  assert.equal(await world.user(1000), "bob");
  assert.equal(await world.group(10), "wheel");
  assert.equal(await world.group(11), null);
  assert.ok(world.answers > 0);
});

test("a process in a user namespace of its own, on the host's files, has the host's name", async (t) => {
  const world = new World(t);
  world.write("passwd", PASSWD);
  assert.equal(await world.user(1000, { ...onHost, userNs: 4711 }), "bob");
});

test("where the namespaces are not known, there is no name", (t) => {
  const { names } = new World(t);
  assert.equal(names.user(0, { ...onHost, mntNs: 0 }), null);
  assert.equal(names.group(0, { ...onHost, mntNs: 77, userNs: 0 }), null);
});

test("a user who was added a moment ago has a name, without waiting for the next look", async (t) => {
  const world = new World(t, { checkMs: 1_000_000 });
  world.write("passwd", PASSWD);
  world.names.start();
  assert.equal(await world.user(0), "root");
  world.write("passwd", `${PASSWD}eve:x:1001:1001::/:/bin/sh\n`);
  assert.equal(await world.user(1001), "eve");
});

test("that there is no name does not outlive a change of the file", async (t) => {
  const world = new World(t, { checkMs: 1_000_000 });
  const path = world.write("passwd", PASSWD);
  world.names.start();
  assert.equal(await world.user(1001), null);
  assert.equal(world.names.user(1001, onHost), null, "known while the look at the file is young");
  appendFileSync(path, "eve:x:1001:1001::/:/bin/sh\n");
  world.now += 100;
  assert.equal(world.names.user(1001, onHost), undefined, "looked at again");
  assert.equal(await world.user(1001), "eve");
});

test("whoever asks again when told has an answer, however long the look took", async (t) => {
  const told: unknown[] = [];
  const world: World = new World(t, {
    // Every look at the clock finds it a second later.
    now: () => (world.now += 1000),
    onAnswer: () => told.push(world.names.user(1001, onHost)),
  });
  world.write("passwd", PASSWD);
  assert.equal(world.names.user(1001, onHost), undefined);
  await until(() => told.length > 0, 5000, "an answer");
  assert.equal(told.at(-1), null);
});

test("a removed user loses the name, a renamed one gets the new one", async (t) => {
  const world = new World(t);
  world.write("passwd", PASSWD);
  world.names.start();
  assert.equal(await world.user(1000), "bob");
  world.write("passwd", "root:x:0:0::/root:/bin/sh\nrobert:x:1000:1000::/:/bin/sh\n");
  await until(() => world.names.user(1000, onHost) === "robert", 5000, "the new name");
  world.write("passwd", "root:x:0:0::/root:/bin/sh\n");
  await until(() => world.names.user(1000, onHost) === null, 5000, "no name");
});

test("after a pause the first answer waits for a look at the file", async (t) => {
  const world = new World(t);
  world.write("passwd", PASSWD);
  world.names.start();
  assert.equal(await world.user(1000), "bob");
  world.write("passwd", "alice:x:1000:1000::/:/bin/sh\n");
  // Ticks go by; nobody asks for users. Groups are asked for, which shows that they do.
  for (let ticks = 0; ticks < 5; ticks++) await world.group(ticks);
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.equal(world.names.user(1000, onHost), undefined);
  assert.equal(await world.user(1000), "alice");
});

test("a file that changes without looking different is read again while it is young", async (t) => {
  const world = new World(t, { wall: () => 0 });
  world.write("passwd", PASSWD);
  assert.equal(await world.user(1000), "bob");
  const reads = world.names.counters.filesRead;
  world.now += 1000;
  await world.user(5);
  assert.equal(world.names.counters.filesRead, reads, "it is old as far as anyone can tell");
  const young = new World(t, { wall: () => Date.now() });
  young.write("passwd", PASSWD);
  await young.user(1000);
  assert.equal(young.names.user(1, onHost), undefined);
  await young.user(1);
  assert.equal(young.names.counters.filesRead, 2);
});

test("junk lines are counted and skipped", async (t) => {
  const world = new World(t);
  world.write("passwd", `junk\n::::\n${PASSWD}a:x:x:x\n`);
  assert.equal(await world.user(1000), "bob");
  assert.equal(world.names.counters.junkLines, 3);
});

test("100,000 users are read without holding up the event loop", async (t) => {
  const world = new World(t);
  let text = "";
  for (let id = 0; id < 100_000; id++)
    text += `user${id}:x:${id}:${id}:User number ${id},,,:/home/user${id}:/bin/bash\n`;
  world.write("passwd", text);
  const begun = performance.now();
  const loop = monitorEventLoopDelay({ resolution: 1 });
  loop.enable();
  assert.equal(await world.user(99_999), "user99999");
  loop.disable();
  t.diagnostic(`${(performance.now() - begun).toFixed(0)} ms, longest turn ${(loop.max / 1e6).toFixed(1)} ms`);
  assert.ok(loop.max < 100e6, `a turn of ${loop.max / 1e6} ms`);
});

test("a file over the size limit is refused once, and NSS asked instead", async (t) => {
  const world = new World(t, { fileMaxBytes: 1000 });
  truncateSync(world.write("passwd", PASSWD), 1001);
  assert.equal(await world.user(0), null);
  world.now += 1000;
  assert.equal(await world.user(1), null);
  assert.equal(world.names.counters.filesRefused, 1);
});

test("a fifo in the place of passwd holds up nobody", async (t) => {
  const world = new World(t);
  execFileSync("mkfifo", [join(world.folder, "passwd")]);
  assert.equal(await world.user(0), null);
  assert.equal(world.names.counters.filesRefused, 1);
  world.write("passwd", PASSWD);
  world.now += 1000;
  assert.equal(await world.user(0), "root");
});

test("without a file there are no names, and no fault is counted", async (t) => {
  const world = new World(t);
  assert.equal(await world.user(0), null);
  assert.equal(world.names.counters.filesRefused, 0);
  world.write("passwd", PASSWD);
  world.now += 1000;
  assert.equal(await world.user(0), "root");
});

test("a warm answer costs less than 1 us", async (t) => {
  const world = new World(t);
  world.write("passwd", PASSWD);
  await world.user(1000);
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 5; round++) {
    const begun = performance.now();
    for (let times = 0; times < 1_000_000; times++) world.names.user(1000, onHost);
    best = Math.min(best, performance.now() - begun);
  }
  t.diagnostic(`${best.toFixed(1)} ns`);
  assert.ok(best < 1000);
});
