import assert from "node:assert/strict";
import { test } from "node:test";
import { DocumentWriter } from "../../ecs/document.ts";
import type { Lifecycle } from "../../src/process/lifecycle.ts";
import { Transition } from "../../src/process/lifecycle.ts";
import type { Pid } from "../../src/record/record.ts";
import * as ecs from "./ecs_lives.ts";
import { change, clock, exec, exit, finish, fork, NOBODY, ref, type World, world } from "./world.fixture.ts";

const init = ref(1, 10);
const shell = ref(100, 5000);

function unmerged(): World {
  return world(1000, 65_536, 100_000, false);
}

function actions(lives: readonly Lifecycle[]): unknown[] {
  const writer = new DocumentWriter(ecs.options({ profile: "transitions" }));
  return lives.map((life) => (JSON.parse(writer.write(life)) as { event: { action: unknown } }).event.action);
}

test("each transition is a document of its own, at once", () => {
  const { tracker, lives } = unmerged();
  tracker.onFork(fork(shell, init, 5000));
  assert.deepEqual(actions(lives), ["fork"]);
  tracker.onExec(exec(shell, "/bin/sh", 5001));
  tracker.onExec(exec(shell, "/bin/ls", 5002));
  tracker.onExit(exit(shell, 0, 5003));
  assert.deepEqual(actions(lives), ["fork", "exec", "exec", "end"]);
  assert.deepEqual(
    lives.map(({ image, replaced }) => [image?.name, replaced?.name]),
    [
      [undefined, undefined],
      ["sh", undefined],
      ["ls", "sh"],
      ["ls", undefined],
    ],
  );
  assert.equal(new Set(lives.map((life) => life.time.iso())).size, 4);
  assert.equal(lives[3]?.exit?.status, 0);
});

test("a found process is told before what happens to it then", () => {
  const w = unmerged();
  w.tracker.onTask(exec(shell, "/bin/sh", 6000, { parent: NOBODY }));
  w.tracker.onScanned(clock(6000));
  w.tracker.onChange(change(shell, 6100, { euid: 5 }));
  w.tracker.onExit(exit(shell, 0, 6200));
  assert.deepEqual(actions(finish(w)), ["already_running", "uid_change", "end"]);
});

test("a change says of what: users, groups, the session; all at once are three documents with ids of their own", () => {
  const { tracker, lives } = unmerged();
  tracker.onFork(fork(shell, init, 5000));
  tracker.onChange(change(shell, 5010, { uid: 5 }));
  tracker.onChange(change(shell, 5020, { uid: 5, suid: 5 }));
  tracker.onChange(change(shell, 5030, { uid: 5, suid: 5, egid: 7 }));
  tracker.onChange(change(shell, 5040, { euid: 9, session: 100 as Pid, processGroup: 100 as Pid }));
  assert.deepEqual(actions(lives), [
    "fork",
    ...["uid_change", "uid_change", "gid_change"],
    ...["uid_change", "gid_change", "session_id_change"],
  ]);
  const last = lives.at(-1);
  assert.deepEqual([last?.leaders.session?.pid, last?.credentials.euid, last?.credentials.uid], [100, 9, 0]);
  assert.equal(last?.identity, lives[0]?.identity);
  const writer = new DocumentWriter(ecs.options({ profile: "transitions" }));
  const ids = lives.map((life) => (JSON.parse(writer.write(life)) as { event: { id: string } }).event.id);
  assert.equal(new Set(ids).size, lives.length);
});

test("a change of capabilities, of the process group or of the terminal has no word", () => {
  const { tracker, lives } = unmerged();
  tracker.onFork(fork(shell, init, 5000));
  tracker.onChange(change(shell, 5010, { capEffectiveLow: 1, processGroup: 100 as Pid, ttyMajor: 136 }));
  tracker.onExit(exit(shell, 0, 5020));
  assert.deepEqual(actions(lives), ["fork", "end"]);
});

test("without records of changes one shows in the next document, and has none of its own", () => {
  const { tracker, lives } = unmerged();
  tracker.onFork(fork(shell, init, 5000));
  tracker.onExec(exec(shell, "/bin/su", 5001, { state: { ...change(shell, 0, { euid: 5 }).state } }));
  assert.deepEqual(actions(lives), ["fork", "exec"]);
  assert.equal(lives[1]?.credentials.euid, 5);
});

test("merged, a change adds no document: those that come later have it, one that waits keeps its own moment", () => {
  const w = world();
  const child = ref(101, 5100);
  w.tracker.onFork(fork(shell, init, 5000));
  w.tracker.onChange(change(shell, 5010, { euid: 5, session: 100 as Pid, processGroup: 100 as Pid }));
  w.tracker.onFork(fork(child, shell, 5100));
  const lives = finish(w);
  assert.deepEqual(
    lives.map(({ transitions, credentials }) => [transitions, credentials.euid]),
    [
      [Transition.fork, 0],
      [Transition.fork, 0],
    ],
  );
  assert.equal(lives[1]?.origin.parent?.credentials?.euid, 5);
  assert.equal(lives[1]?.origin.parent?.sessionLeader?.pid, 100);
});

test("a change of a process that nobody knows tells nothing until a record says what it is", () => {
  const { tracker, lives } = unmerged();
  tracker.onChange(change(shell, 5010, { uid: 5 }));
  assert.deepEqual([lives.length, tracker.table.size], [0, 0]);
  tracker.onExec(exec(shell, "/bin/sh", 5020, { parent: init, state: change(shell, 0, { uid: 5 }).state }));
  assert.deepEqual([actions(lives), tracker.counters.unseenForks], [["exec"], 1]);
});

test("a profile that merges has no words for a change, one that does not has none for what is merged", () => {
  const { fork: forked, exec: ran, uidChange } = Transition;
  const write = (profile: "elastic" | "transitions", bits: number): string =>
    new DocumentWriter(ecs.options({ profile })).write(ecs.life(bits));
  assert.throws(() => write("elastic", uidChange), { code: "BAD_TRANSITIONS" });
  assert.throws(() => write("transitions", forked | ran), { code: "BAD_TRANSITIONS" });
});

test("for the analyzer the agent of a process's document is an endpoint, that of a note is not", () => {
  const writer = new DocumentWriter(ecs.options({ analyzer: true }));
  const typeOf = (line: string): string => (JSON.parse(line) as { agent: { type: string } }).agent.type;
  assert.equal(typeOf(writer.write(ecs.life(Transition.fork))), "endpoint");
  const { start: time } = ecs.identity(1);
  assert.equal(typeOf(writer.writeLoss({ time, from: time, to: time, lost: { fork: 1 } })), "mayfly");
});
