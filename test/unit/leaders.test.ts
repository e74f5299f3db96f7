import assert from "node:assert/strict";
import { test } from "node:test";
import type { Leader } from "../../src/process/facts.ts";
import type { Lifecycle } from "../../src/process/lifecycle.ts";
import type { Pid, TaskState } from "../../src/record/record.ts";
import { clock, exec, exit, finish, fork, NOBODY, ref, state, world } from "./world.fixture.ts";

const init = ref(1, 10);
const shell = ref(100, 5000);
const first = ref(101, 6000);
const second = ref(102, 6010);

/** In this session and group. */
function within(session: number, group = session): TaskState {
  return state({ session: session as Pid, processGroup: group as Pid });
}

function named(leader: Leader | undefined): readonly unknown[] | undefined {
  return leader && [leader.pid, leader.identity?.startTicks, leader.image?.name];
}

function lastOf(lives: readonly Lifecycle[], pid: number): Lifecycle {
  const life = lives.findLast(({ identity }) => identity.pid === pid);
  assert.ok(life !== undefined, `no life of ${pid}`);
  return life;
}

/** init and a shell that leads its own session, as a login makes it. */
function login(): ReturnType<typeof world> {
  const w = world();
  w.tracker.onTask(exec(init, "/sbin/init", 4000, { parent: NOBODY }));
  w.tracker.onScanned(clock(4000));
  w.tracker.onFork(fork(shell, init, 5000));
  w.tracker.onExec(exec(shell, "/bin/bash", 5001, { state: within(100) }));
  return w;
}

test("a setsid makes a process its own leader from its next record on, and its children's", () => {
  const w = login();
  w.tracker.onFork(fork(first, shell, 6000, { state: within(100) }));
  w.tracker.onExit(exit(first, 0, 6001, { state: within(100) }));
  const lives = finish(w);
  assert.deepEqual(named(lastOf(lives, 100).leaders.session), [100, 500, "bash"]);
  assert.deepEqual(named(lastOf(lives, 101).leaders.session), [100, 500, "bash"]);
  assert.equal(lastOf(lives, 101).leaders.group, lastOf(lives, 101).leaders.session);
});

test("what a setsid chain leads stays with each link, when all links are dead", () => {
  const w = login();
  let parent = shell;
  for (let i = 0; i < 5; i++) {
    const child = ref(200 + i, 6000 + 100 * i);
    w.tracker.onFork(fork(child, parent, 6000 + 100 * i, { state: within(parent.pid) }));
    w.tracker.onExec(exec(child, `/bin/link${i}`, 6001 + 100 * i, { state: within(child.pid) }));
    w.tracker.onExit(exit(parent, 0, 6002 + 100 * i, { state: within(parent.pid) }));
    parent = child;
  }
  const last = ref(300, 7000);
  w.tracker.onFork(fork(last, parent, 7000, { state: within(204) }));
  w.tracker.onExit(exit(parent, 0, 7001, { state: within(204) }));
  w.tracker.onExit(exit(last, 0, 7002, { state: within(204) }));
  const { leaders, origin } = lastOf(finish(w), 300);
  assert.deepEqual(named(leaders.session), [204, 640, "link4"]);
  assert.equal(leaders.session?.parent?.identity.pid, 203);
  assert.equal(leaders.session?.parent?.sessionLeader?.pid, 203);
  assert.equal(origin.parent?.groupLeader?.pid, 204);
  // All of them came in with the shell that init started.
  assert.deepEqual([leaders.entry?.pid, leaders.entryType], [100, "init"]);
});

test("a daemon that forked twice belongs to the session of the middle, which is dead", () => {
  const w = login();
  w.tracker.onFork(fork(first, shell, 6000, { state: within(100) }));
  w.tracker.onFork(fork(second, first, 6010, { state: within(101) }));
  w.tracker.onExit(exit(first, 0, 6020, { state: within(101) }));
  w.tracker.onExec(exec(second, "/usr/sbin/daemon", 6030, { state: within(101) }));
  const { leaders } = lastOf(finish(w), 102);
  assert.deepEqual(named(leaders.session), [101, 600, "bash"]);
  assert.equal(leaders.entry?.pid, 100);
});

test("a document shows the leader of its moment, not as a later exec makes it", () => {
  const w = login();
  w.tracker.onFork(fork(first, shell, 6000, { state: within(100) }));
  w.tracker.onClock(clock(7500));
  w.tracker.onExec(exec(shell, "/bin/zsh", 7600, { state: within(100) }));
  w.tracker.onExit(exit(first, 0, 7700, { state: within(100) }));
  const lives = finish(w).filter(({ identity }) => identity.pid === 101);
  assert.deepEqual(
    lives.map(({ leaders }) => leaders.session?.image?.name),
    ["bash", "zsh"],
  );
});

test("whoever enters the group of one that died just before belongs to it, as the second of `true | cat`", () => {
  const w = login();
  w.tracker.onFork(fork(first, shell, 6000, { state: within(100) }));
  w.tracker.onFork(fork(second, shell, 6010, { state: within(100) }));
  w.tracker.onExit(exit(first, 0, 6020, { state: within(100, 101) }));
  w.tracker.onExec(exec(second, "/bin/cat", 6030, { state: within(100, 101) }));
  const { leaders } = lastOf(finish(w), 102);
  assert.deepEqual(named(leaders.group), [101, 600, "bash"]);
  assert.deepEqual(named(leaders.session), [100, 500, "bash"]);
});

test("a pid that is given again leads nobody of before", () => {
  const w = login();
  w.tracker.onFork(fork(first, shell, 6000, { state: within(100) }));
  w.tracker.onExec(exec(first, "/bin/old", 6001, { state: within(101) }));
  w.tracker.onExit(exit(first, 0, 6002, { state: within(101) }));
  const again = ref(101, 8000);
  const child = ref(103, 8100);
  w.tracker.onFork(fork(again, shell, 8000, { state: within(100) }));
  w.tracker.onExec(exec(again, "/bin/new", 8001, { state: within(101) }));
  w.tracker.onFork(fork(child, again, 8100, { state: within(101) }));
  assert.deepEqual(named(lastOf(finish(w), 103).leaders.session), [101, 800, "new"]);
});

test("an entry leader whose pid another has now is not that process", () => {
  const w = login();
  w.tracker.onFork(fork(first, shell, 6000, { state: within(100) }));
  w.tracker.onExec(exec(first, "/bin/daemon", 6001, { state: within(101) }));
  w.tracker.onExit(exit(shell, 0, 6002, { state: within(100) }));
  const again = ref(100, 9000);
  w.tracker.onFork(fork(again, first, 9000, { state: within(101) }));
  const { leaders, identity } = lastOf(finish(w), 100);
  assert.equal(leaders.entry?.pid, 100);
  assert.notEqual(leaders.entry?.identity?.entityId, identity.entityId);
});

test("of a leader that ended before mayfly came only the pid is known", () => {
  const w = world();
  w.tracker.onTask(exec(shell, "/bin/bash", 5001, { parent: NOBODY, state: within(77, 78) }));
  w.tracker.onScanned(clock(5001));
  w.tracker.onFork(fork(first, shell, 6000, { state: within(77, 78) }));
  const { leaders, origin } = lastOf(finish(w), 101);
  assert.deepEqual(named(leaders.session), [77, undefined, undefined]);
  assert.deepEqual(named(leaders.group), [78, undefined, undefined]);
  assert.deepEqual(origin.parent?.groupLeader, { pid: 78, identity: undefined });
  assert.equal(leaders.entry, undefined);
});

test("a process below an init that made no session, and that no scan gave, came in with that init", () => {
  const w = world();
  w.tracker.onTask(exec(shell, "/bin/bash", 5001, { parent: init, state: within(0, 100) }));
  w.tracker.onScanned(clock(5001));
  w.tracker.onFork(fork(first, shell, 6000, { state: within(0, 100) }));
  const { leaders } = lastOf(finish(w), 101);
  assert.deepEqual(named(leaders.session), undefined);
  assert.deepEqual([named(leaders.entry), leaders.entryType], [[1, 1, undefined], "init"]);
});

test("a kernel thread, which is in no session, has neither session nor group leader", () => {
  const w = world();
  const kthreadd = ref(2, 10);
  const none = { executable: undefined, args: undefined, flags: 1 << 9, state: within(0) };
  w.tracker.onTask(exec(kthreadd, "", 4000, { ...none, parent: NOBODY }));
  w.tracker.onTask(exec(ref(3, 10), "", 4000, { ...none, parent: kthreadd }));
  w.tracker.onScanned(clock(4000));
  const { leaders } = lastOf(finish(w), 3);
  assert.deepEqual([leaders.session, leaders.group], [undefined, undefined]);
  assert.deepEqual([leaders.entry?.pid, leaders.entryType], [2, "kthread"]);
});

for (const order of ["parents first", "children first", "leader in the middle"]) {
  test(`a scan finds everybody's leaders, ${order}`, () => {
    const w = world();
    const found = [
      exec(init, "/sbin/init", 9000, { parent: NOBODY }),
      exec(shell, "/bin/bash", 9000, { parent: init, state: within(100) }),
      exec(first, "/bin/job", 9000, { parent: shell, state: within(100, 102) }),
      exec(second, "/bin/leader", 9000, { parent: shell, state: within(100, 102) }),
    ];
    if (order === "children first") found.reverse();
    if (order === "leader in the middle") found.push(...found.splice(1, 1));
    for (const record of found) w.tracker.onTask(record);
    w.tracker.onScanned(clock(9000));
    const { leaders } = lastOf(finish(w), 101);
    assert.deepEqual(named(leaders.session), [100, 500, "bash"]);
    // Younger than its member: setpgid puts a process into a group that came after it.
    assert.deepEqual(named(leaders.group), [102, 601, "leader"]);
    assert.deepEqual([leaders.entry?.pid, leaders.entryType], [100, "init"]);
  });
}

test("a leader whose start was lost is known to its members once a scan has met it", () => {
  const w = login();
  w.tracker.onFork(fork(second, shell, 6010, { state: within(101) }));
  w.tracker.onTask(exec(init, "/sbin/init", 7000, { parent: NOBODY }));
  w.tracker.onTask(exec(shell, "/bin/bash", 7000, { parent: init, state: within(100) }));
  w.tracker.onTask(exec(first, "/bin/lost", 7000, { parent: shell, state: within(101) }));
  w.tracker.onTask(exec(second, "/bin/bash", 7000, { parent: first, state: within(101) }));
  w.tracker.onScanned(clock(7000));
  w.tracker.onExit(exit(second, 0, 8000, { state: within(101) }));
  assert.deepEqual(named(lastOf(finish(w), 102).leaders.session), [101, 600, "lost"]);
});

test("a fork record that comes after the scan that met the process takes its members over", () => {
  const w = login();
  w.tracker.onTask(exec(first, "/bin/job", 6001, { parent: shell, state: within(101) }));
  w.tracker.onTask(exec(second, "/bin/job", 6011, { parent: first, state: within(101) }));
  w.tracker.onScanned(clock(6012));
  w.tracker.onFork(fork(first, shell, 6000, { state: within(100) }));
  w.tracker.onExec(exec(first, "/bin/other", 6020, { state: within(101) }));
  w.tracker.onExit(exit(second, 0, 6030, { state: within(101) }));
  assert.deepEqual(named(lastOf(finish(w), 102).leaders.session), [101, 600, "other"]);
});

test("processes of one session share one object, until a leader changes", () => {
  const w = login();
  for (const [child, at] of [
    [first, 6000],
    [second, 6010],
  ] as const) {
    w.tracker.onFork(fork(child, shell, at, { state: within(100) }));
    w.tracker.onExec(exec(child, "/bin/job", at + 1, { state: within(100) }));
  }
  w.tracker.onExec(exec(shell, "/bin/zsh", 6020, { state: within(100) }));
  w.tracker.onFork(fork(ref(103, 6100), shell, 6100, { state: within(100) }));
  const lives = finish(w);
  assert.equal(lastOf(lives, 101).leaders, lastOf(lives, 102).leaders);
  assert.notEqual(lastOf(lives, 101).leaders, lastOf(lives, 103).leaders);
});

test("an exec tells what it replaced, once; a process that mayfly never saw before replaced nothing", () => {
  const w = login();
  w.tracker.onFork(fork(first, shell, 6000, { state: within(100) }));
  w.tracker.onExec(exec(first, "/bin/env", 6001, { state: within(100) }));
  w.tracker.onExec(exec(first, "/bin/true", 6002, { state: within(100) }));
  w.tracker.onClock(clock(7500));
  w.tracker.onExit(exit(first, 0, 7600, { state: within(100) }));
  w.tracker.onExec(exec(second, "/bin/unseen", 7700, { parent: shell, state: within(100) }));
  const replaced = finish(w)
    .filter(({ identity }) => identity.pid >= 101)
    .map((life) => [life.image?.name, life.replaced?.name]);
  assert.deepEqual(replaced, [
    ["env", "bash"],
    ["true", "env"],
    ["true", undefined],
    ["unseen", undefined],
  ]);
});

test("a pid of another namespace has its number there", () => {
  const w = login();
  w.tracker.onFork(fork(first, shell, 6000, { state: { ...within(100), vpid: 1 } }));
  w.tracker.onFork(fork(second, shell, 6010, { state: { ...within(100), vpid: 102 } }));
  const lives = finish(w);
  assert.deepEqual([lastOf(lives, 101).identity.vpid, lastOf(lives, 102).identity.vpid], [1, undefined]);
});
