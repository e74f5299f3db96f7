import assert from "node:assert/strict";
import { test } from "node:test";
import { Quality } from "../../src/process/facts.ts";
import type { Lifecycle } from "../../src/process/lifecycle.ts";
import { Transition } from "../../src/process/lifecycle.ts";
import { ExitFlag } from "../../src/record/record.ts";
import { clock, exec, exit, finish, fork, NOBODY, ref, state, world } from "./world.fixture.ts";

const { fork: F, exec: X, end: E, found: O } = Transition;
const init = ref(1, 10);
const shell = ref(100, 5000);

function told(lives: readonly Lifecycle[]): [number, number, string | undefined][] {
  return lives.map((life) => [life.identity.pid, life.transitions, life.image?.name]);
}

test("fork, exec and exit within the hold are one life, which leaves at the exit", () => {
  const { tracker, lives } = world();
  tracker.onFork(fork(shell, init, 5000));
  tracker.onExec(exec(shell, "/bin/sh", 5001));
  assert.equal(lives.length, 0);
  tracker.onExit(exit(shell, 3 << 8, 5002));
  assert.deepEqual(told(lives), [[100, F | X | E, "sh"]]);
  assert.equal(lives[0]?.exit?.status, 3 << 8);
  assert.equal(tracker.table.size, 0);
});

test("a life longer than the hold is told when the hold is over, and its exit by itself", () => {
  const { tracker, lives } = world(1000);
  tracker.onFork(fork(shell, init, 5000));
  tracker.onExec(exec(shell, "/bin/sh", 5001));
  tracker.onClock(clock(5999));
  assert.equal(lives.length, 0);
  tracker.onClock(clock(6000));
  tracker.onExit(exit(shell, 0, 9000));
  assert.deepEqual(told(lives), [
    [100, F | X, "sh"],
    [100, E, "sh"],
  ]);
});

test("an exit that comes after the hold is never merged, even when nothing looked in between", () => {
  const { tracker, lives } = world(1000);
  tracker.onFork(fork(shell, init, 5000));
  tracker.onExit(exit(shell, 0, 6001));
  assert.deepEqual(told(lives), [
    [100, F, undefined],
    [100, E, undefined],
  ]);
});

test("of many lives that come of age together, one that ends then is not merged either", () => {
  const { tracker, lives } = world(1000);
  for (let i = 0; i < 50; i++) tracker.onFork(fork(ref(1000 + i, 5000), init, 5000));
  tracker.onExit(exit(ref(1049, 5000), 0, 6500));
  const last = lives.filter(({ identity }) => identity.pid === 1049);
  assert.deepEqual(told(last), [
    [1049, F, undefined],
    [1049, E, undefined],
  ]);
});

test("a life has the name of its last record that tells one, and no name of another's", () => {
  const { tracker, lives } = world(1000);
  tracker.onFork(fork(shell, init, 5000));
  tracker.onExec(exec(shell, "/usr/bin/dash", 5001, { comm: "logrotate" }));
  tracker.onClock(clock(6001));
  const child = ref(101, 7000);
  tracker.onFork(fork(child, shell, 7000));
  tracker.onClock(clock(8000));
  tracker.onExit(exit(child, 0, 8001));
  tracker.onExit(exit(shell, 0, 9000, { comm: "renamed" }));
  assert.deepEqual(
    lives.map((life) => life.comm),
    ["logrotate", undefined, undefined, "renamed"],
  );
});

test("a usage that is only a part of it is left out", () => {
  const { tracker, lives } = world();
  tracker.onFork(fork(shell, init, 5000));
  tracker.onExit(exit(shell, 0, 5001, { flags: ExitFlag.usagePartial }));
  assert.equal(lives[0]?.exit?.usage, undefined);
  assert.equal(lives[0]?.exit?.status, 0);
});

test("a second exec closes the first image's life and opens another", () => {
  const { tracker, lives } = world();
  tracker.onFork(fork(shell, init, 5000));
  tracker.onExec(exec(shell, "/bin/sh", 5001));
  tracker.onExec(exec(shell, "/bin/true", 5002));
  tracker.onExit(exit(shell, 0, 5003));
  assert.deepEqual(told(lives), [
    [100, F | X, "sh"],
    [100, X | E, "true"],
  ]);
});

test("a fork without exec has the image of its creator, not a later one", () => {
  const w = world();
  const child = ref(101, 5100);
  w.tracker.onFork(fork(shell, init, 5000));
  w.tracker.onExec(exec(shell, "/bin/sh", 5001));
  w.tracker.onFork(fork(child, shell, 5100));
  w.tracker.onExec(exec(shell, "/bin/true", 5101));
  const lives = finish(w);
  const life = lives.find(({ identity }) => identity.pid === 101);
  assert.equal(life?.image?.name, "sh");
  assert.equal(life?.ownImage, false);
  assert.equal(life?.origin.parent?.image?.name, "sh");
});

test("with CLONE_PARENT the parent is the parent, and the image is the creator's", () => {
  const w = world();
  const runc = ref(200, 5050);
  const child = ref(201, 5100);
  w.tracker.onFork(fork(shell, init, 5000));
  w.tracker.onExec(exec(shell, "/bin/sh", 5001));
  w.tracker.onFork(fork(runc, shell, 5050));
  w.tracker.onExec(exec(runc, "/bin/runc", 5051));
  w.tracker.onFork(fork(child, runc, 5100, { parent: shell }));
  const life = finish(w).find(({ identity }) => identity.pid === 201);
  assert.equal(life?.image?.name, "runc");
  assert.equal(life?.origin.parent?.identity.pid, 100);
  assert.equal(life?.origin.parent?.image?.name, "sh");
});

test("ancestors are named nearest first, at most twenty, also when all of them are dead", () => {
  const w = world();
  for (let i = 0; i < 30; i++) {
    w.tracker.onFork(fork(ref(100 + i, 5000 + 10 * i), i === 0 ? init : ref(99 + i, 4990 + 10 * i), 5000 + 10 * i));
    if (i > 0) w.tracker.onExit(exit(ref(99 + i, 4990 + 10 * i), 0, 5001 + 10 * i));
  }
  const lives = finish(w);
  const last = lives.find(({ identity }) => identity.pid === 129);
  const ids = lives
    .filter(({ identity }) => identity.pid >= 109 && identity.pid <= 128)
    .map(({ identity }) => identity.entityId);
  assert.equal(last?.origin.ancestry.length, 20);
  assert.deepEqual(new Set(last?.origin.ancestry), new Set(ids));
  assert.equal(last?.origin.ancestry[0], last?.origin.parent?.identity.entityId);
});

test("a pid that is given again names another process, and the lost end of the first is told", () => {
  const { tracker, lives } = world();
  tracker.onFork(fork(shell, init, 5000));
  tracker.onFork(fork(ref(100, 7000), init, 7000));
  tracker.onExit(exit(ref(100, 7000), 0, 7001));
  assert.deepEqual(told(lives), [
    [100, F, undefined],
    [100, E, undefined],
    [100, F | E, undefined],
  ]);
  assert.equal((lives[1]?.quality ?? 0) & Quality.exitLost, Quality.exitLost);
  assert.equal(lives[1]?.exit?.status, undefined);
  assert.notEqual(lives[0]?.identity.entityId, lives[2]?.identity.entityId);
  assert.equal(tracker.counters.lostExits, 1);
});

test("a second record of one end is dropped and counted", () => {
  const { tracker, lives } = world();
  tracker.onFork(fork(shell, init, 5000));
  tracker.onExit(exit(shell, 0, 5001));
  tracker.onExit(exit(shell, 0, 5001));
  assert.equal(lives.length, 1);
  assert.equal(tracker.counters.doubleExits, 1);
});

test("an exec whose fork was not seen is told as exec alone, and says so", () => {
  const { tracker, lives } = world();
  tracker.onExec(exec(shell, "/bin/sh", 5001, { parent: init }));
  tracker.onExit(exit(shell, 0, 5002));
  assert.deepEqual(told(lives), [[100, X | E, "sh"]]);
  assert.equal((lives[0]?.quality ?? 0) & Quality.forkUnseen, Quality.forkUnseen);
  assert.equal(lives[0]?.origin.parent?.identity.pid, 1);
});

test("the exit of an unknown process is told from its record", () => {
  const { tracker, lives } = world();
  tracker.onExit(exit(shell, 9, 5002, { state: state({ euid: 7 }) }));
  assert.deepEqual(told(lives), [[100, E, undefined]]);
  assert.equal(lives[0]?.credentials.euid, 7);
});

test("credentials of a life are those of its moment: an exec's own, unchanged facts shared", () => {
  const { tracker, lives } = world();
  tracker.onFork(fork(shell, init, 5000, { state: state({ euid: 5 }) }));
  tracker.onExec(exec(shell, "/bin/su", 5001, { state: state({ euid: 0 }) }));
  tracker.onClock(clock(7000));
  tracker.onFork(fork(ref(101, 7100), shell, 7100));
  tracker.onExit(exit(shell, 0, 8000, { state: state({ euid: 9 }) }));
  tracker.onExit(exit(ref(101, 7100), 0, 8001));
  assert.deepEqual(
    lives.map((life) => life.credentials.euid),
    [0, 9, 0],
  );
  assert.equal(lives[2]?.origin.parent?.credentials, lives[0]?.credentials);
});

test("the first scan tells of everybody once; whoever is forked in its shadow is no found process", () => {
  const w = world();
  const late = ref(300, 6000);
  w.tracker.onTask(exec(late, "/bin/late", 6001, { parent: shell }));
  w.tracker.onTask(exec(shell, "/bin/sh", 6001, { parent: init }));
  w.tracker.onTask(exec(init, "/sbin/init", 6001, { parent: NOBODY }));
  w.tracker.onScanned(clock(6001));
  w.tracker.onFork(fork(late, shell, 6000));
  w.tracker.onExec(exec(shell, "/bin/true", 6500));
  w.tracker.onExit(exit(shell, 0, 6501));
  const lives = finish(w);
  assert.deepEqual(told(lives), [
    [100, O, "sh"],
    [100, X | E, "true"],
    [1, O, "init"],
    [300, F, "sh"],
  ]);
  assert.equal(lives[0]?.origin.parent?.image?.name, "init");
  assert.equal(lives[2]?.quality, 0);
});

test("a later scan ends whoever is gone and tells of whoever is new", () => {
  const w = world();
  w.tracker.onScanned(clock(4000));
  w.tracker.onFork(fork(shell, init, 5000));
  w.tracker.onClock(clock(6500));
  w.tracker.onTask(exec(ref(400, 7000), "/bin/new", 8000, { parent: init }));
  w.tracker.onScanned(clock(8000));
  w.tracker.onClock(clock(8100));
  assert.equal(w.tracker.counters.lostExits, 0, "the exit record may still be on its way");
  w.tracker.onClock(clock(8300));
  const lives = finish(w);
  assert.deepEqual(told(lives), [
    [100, F, undefined],
    [100, E, undefined],
    [400, F, "new"],
  ]);
  assert.equal((lives[1]?.quality ?? 0) & Quality.exitLost, Quality.exitLost);
  assert.equal((lives[2]?.quality ?? 0) & Quality.forkUnseen, Quality.forkUnseen);
});

test("a scan does not bring back a process whose end came after it", () => {
  const w = world();
  w.tracker.onScanned(clock(4000));
  w.tracker.onFork(fork(shell, init, 5000));
  w.tracker.onTask(exec(shell, "/bin/sh", 5001));
  w.tracker.onExit(exit(shell, 0, 5002));
  w.tracker.onScanned(clock(5001));
  assert.deepEqual(told(finish(w)), [[100, F | E, undefined]]);
});

test("a later scan that overtakes a fork record does not tell the fork twice", () => {
  const w = world();
  w.tracker.onScanned(clock(4000));
  w.tracker.onTask(exec(shell, "/bin/sh", 5001, { parent: init }));
  w.tracker.onScanned(clock(5001));
  w.tracker.onFork(fork(shell, init, 5000));
  w.tracker.onExit(exit(shell, 0, 5002));
  assert.deepEqual(told(finish(w)), [[100, F | E, undefined]]);
  assert.equal(w.tracker.counters.unseenForks, 0);
});

test("under pressure the hold shrinks, but not below 100 ms, and at the bound the oldest leaves", () => {
  const { tracker, lives } = world(1000, 100);
  for (let i = 0; i < 90; i++) tracker.onFork(fork(ref(1000 + i, 5000), init, 5000));
  tracker.onClock(clock(5099));
  assert.equal(lives.length, 0);
  tracker.onClock(clock(5300));
  assert.ok(lives.length > 0 && lives.length <= 40, `${lives.length} left early`);
  for (let i = 0; i < 200; i++) tracker.onFork(fork(ref(2000 + i, 5300), init, 5300));
  assert.ok(tracker.aggregation.pending <= 100);
  assert.ok(tracker.aggregation.hurried > 0);
});

test("the table is bounded: one more process evicts the oldest, whose life so far is told", () => {
  const { tracker, lives } = world(1000, 1000, 10);
  for (let i = 0; i < 11; i++) tracker.onFork(fork(ref(1000 + i, 5000), init, 5000));
  assert.equal(tracker.table.size, 10);
  assert.equal(tracker.counters.evicted, 1);
  assert.deepEqual(told(lives), [[1000, F, undefined]]);
});

test("only the followed process and its descendants are marked", () => {
  const w = world();
  const child = ref(101, 5100);
  const other = ref(102, 5100);
  w.tracker.follow(shell.pid);
  w.tracker.onFork(fork(shell, init, 5000));
  w.tracker.onFork(fork(child, shell, 5100));
  w.tracker.onFork(fork(other, init, 5100));
  w.tracker.onExit(exit(shell, 0, 5200));
  w.tracker.onFork(fork(ref(103, 5300), child, 5300));
  const followed = finish(w).filter((life) => life.followed);
  assert.deepEqual(new Set(followed.map(({ identity }) => identity.pid)), new Set([100, 101, 103]));
});
