import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { NameScope } from "../../src/enrich/names/answer.ts";
import {
  type RootAnswer,
  type RootReader,
  type RootRequest,
  RootTimeout,
} from "../../src/enrich/names/root_request.ts";
import type { Pid } from "../../src/record/record.ts";
import { until } from "../harness/deadline.ts";
import { HOST, World } from "./names.fixture.ts";

const MNT = 2001;

function inside(pid: number, mntNs = MNT, userNs = HOST.userNs): NameScope {
  return { mntNs, userNs, pid: pid as Pid };
}

/** A helper that answers from what the test puts into it, and a /proc with the processes that the test says there are. */
class Stage implements RootReader {
  readonly requests: RootRequest[] = [];
  readonly world: World;
  readonly proc: string;
  answer: (request: RootRequest) => RootAnswer | Promise<RootAnswer> = () => ({ outcome: "gone" });

  constructor(t: TestContext, changes: ConstructorParameters<typeof World>[1] = {}) {
    this.proc = mkdtempSync(join(tmpdir(), "mayfly-proc-"));
    t.after(() => rmSync(this.proc, { recursive: true, force: true }));
    this.world = new World(t, { proc: this.proc, ...changes }, { reader: this });
  }

  ask(request: RootRequest): Promise<RootAnswer> {
    this.requests.push(request);
    return Promise.resolve(this.answer(request));
  }

  close(): void {
    this.requests.length = 0;
  }

  process(pid: number, mntNs = MNT, userNs = HOST.userNs): void {
    mkdirSync(join(this.proc, String(pid), "ns"), { recursive: true });
    symlinkSync(`mnt:[${mntNs}]`, join(this.proc, String(pid), "ns/mnt"));
    symlinkSync(`user:[${userNs}]`, join(this.proc, String(pid), "ns/user"));
  }

  end(pid: number): void {
    rmSync(join(this.proc, String(pid)), { recursive: true });
  }

  /** Everybody is called by this name with the id behind it. */
  names(name: string, stamp: string, pid: number, more: Partial<RootAnswer> = {}): void {
    this.answer = ({ users, groups, knownUsers, knownGroups, stamp: before }) => {
      const named = (ids: readonly number[]): [number, string][] => ids.map((id) => [id, `${name}${id}`]);
      const all = stamp !== before;
      return {
        outcome: "read",
        pid,
        stamp,
        host: false,
        unmapped: false,
        refused: 0,
        users: named(all ? [...knownUsers, ...users] : users),
        groups: named(all ? [...knownGroups, ...groups] : groups),
        ...more,
      };
    };
  }
}

test("a namespace's names come from its own root, and stay in memory", async (t) => {
  const stage = new Stage(t);
  stage.process(50);
  stage.names("inner", "1", 50);
  const { world } = stage;
  world.write("passwd", "outer:x:7:7::/:\n");
  assert.equal(world.names.user(7, inside(50)), undefined);
  assert.equal(await world.user(7, inside(50)), "inner7");
  assert.equal(await world.group(8, inside(51)), "inner8");
  assert.equal(world.names.user(7, inside(52)), "inner7");
  assert.equal(stage.requests.length, 2);
});

test("a process that has gone is no answer: the next asker is tried", async (t) => {
  const stage = new Stage(t);
  const { world } = stage;
  assert.equal(world.names.user(7, inside(60)), undefined);
  await until(() => world.names.counters.rootGone === 1, 5000, "60 has gone");
  stage.process(61);
  stage.names("n", "1", 61);
  assert.equal(world.names.user(8, inside(61)), undefined);
  await until(() => world.names.user(7, inside(61)) === "n7", 5000, "a name");
  assert.deepEqual(stage.requests[1]?.pids, [61]);
  assert.deepEqual(
    stage.requests[1]?.users.toSorted((a, b) => a - b),
    [7, 8],
  );
});

test("a namespace that got the inode of an ended one does not get its names", async (t) => {
  const stage = new Stage(t);
  const { world } = stage;
  stage.process(50);
  stage.names("old", "1", 50);
  assert.equal(await world.user(7, inside(50)), "old7");
  stage.end(50);
  stage.process(51);
  stage.names("new", "2", 51);
  await Promise.resolve(); // the records of another turn
  assert.equal(world.names.user(7, inside(51)), undefined);
  assert.equal(await world.user(7, inside(51)), "new7");
});

test("a witness that went into another namespace is none", async (t) => {
  const stage = new Stage(t);
  const { world } = stage;
  stage.process(50, MNT, 3001);
  stage.names("old", "1", 50);
  assert.equal(await world.user(7, inside(50, MNT, 3001)), "old7");
  stage.end(50);
  stage.process(50, MNT, 3002);
  await Promise.resolve();
  stage.answer = () => ({ outcome: "gone" });
  assert.equal(world.names.user(7, inside(51, MNT, 3001)), undefined);
});

test("changed files are noticed, and everything known is asked anew in one request", async (t) => {
  const stage = new Stage(t);
  const { world } = stage;
  stage.process(50);
  stage.names("old", "1", 50);
  world.names.start();
  for (const id of [1, 2, 3]) assert.equal(await world.user(id, inside(50)), `old${id}`);
  stage.names("new", "2", 50);
  await until(() => world.names.user(1, inside(50)) === "new1", 5000, "the new name");
  assert.equal(world.names.user(3, inside(50)), "new3");
});

test("user namespaces of one mount namespace have names of their own", async (t) => {
  const stage = new Stage(t);
  const { world } = stage;
  stage.process(50);
  stage.process(51, MNT, 3001);
  stage.answer = ({ pids, userNs, users }) => ({
    outcome: "read",
    pid: pids[0]!,
    stamp: "1",
    host: false,
    unmapped: false,
    refused: 0,
    groups: [],
    users: users.map((id) => [id, `${userNs}`]),
  });
  assert.equal(await world.user(7, inside(51, MNT, 3001)), "3001");
  assert.equal(await world.user(7, inside(50)), "0");
  assert.equal(world.names.user(7, inside(51, MNT, 3001)), "3001");
});

test("a user namespace without a map has no names yet, and gets them with the map", async (t) => {
  const stage = new Stage(t);
  const { world } = stage;
  stage.process(50, MNT, 3001);
  stage.names("n", "1", 50, { unmapped: true });
  assert.equal(await world.user(7, inside(50, MNT, 3001)), null);
  stage.names("n", "1", 50);
  assert.equal(await world.user(7, inside(50, MNT, 3001)), null, "not asked again at once");
  world.now += 50;
  assert.equal(await world.user(7, inside(50, MNT, 3001)), "n7");
});

test("a namespace with the host's files is named as the host is, with NSS", async (t) => {
  const stage = new Stage(t);
  const { world } = stage;
  world.write("passwd", "outer:x:7:7::/:\n");
  stage.process(50);
  stage.names("none", "1", 50, { host: true, users: [], groups: [] });
  assert.equal(await world.user(7, inside(50)), "outer");
  assert.equal(await world.user(8, inside(50)), null);
});

const denied: RootAnswer = { outcome: "denied" };
for (const [what, answer, counter] of [
  ["hangs", () => Promise.reject(new RootTimeout()), "rootTimeouts"],
  ["fails", () => Promise.reject(new Error("the helper ended")), "rootFailures"],
  ["is closed to us", () => denied, "rootFailures"],
] as const) {
  test(`a namespace whose read ${what} is given up for a while`, async (t) => {
    const stage = new Stage(t);
    const { world } = stage;
    stage.process(50);
    stage.answer = answer;
    assert.equal(await world.user(7, inside(50)), null);
    assert.equal(world.names.user(8, inside(50)), null);
    assert.equal(stage.requests.length, 1);
    assert.equal(world.names.counters[counter], 1);
    stage.names("n", "1", 50);
    world.now += 60_000;
    assert.equal(await world.user(7, inside(50)), "n7");
  });
}

test("namespaces, ids and requests are bounded, and what is forgotten is counted", async (t) => {
  const stage = new Stage(t, {
    roots: { max: 4, maxIds: 10, maxWaiting: 3, timeoutMs: 1, giveUpMs: 1, idleMs: 1, fileMaxBytes: 1 },
  });
  const { world } = stage;
  const { counters } = world.names;
  stage.names("n", "1", 50);
  stage.process(50);
  for (let id = 0; id < 30; id++) assert.equal(await world.user(id, inside(50)), `n${id}`);
  assert.equal(counters.evicted, 20);
  stage.answer = () => new Promise(() => undefined);
  for (let mntNs = 1; mntNs <= 10; mntNs++) world.names.user(0, inside(50, mntNs));
  assert.equal(counters.rootRefused, 7);
  assert.equal(counters.evicted, 27);
  for (let id = 0; id < 20; id++) world.names.group(id, inside(50, 10));
  assert.ok(counters.rootRefused > 7);
});

test("a warm answer of another root costs less than 1 us", async (t) => {
  const stage = new Stage(t);
  stage.process(50);
  stage.names("n", "1", 50);
  await stage.world.user(7, inside(50));
  const scope = inside(51);
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 5; round++) {
    const begun = performance.now();
    for (let times = 0; times < 1_000_000; times++) stage.world.names.user(7, scope);
    best = Math.min(best, performance.now() - begun);
  }
  t.diagnostic(`${best.toFixed(1)} ns`);
  assert.ok(best < 1000);
});
