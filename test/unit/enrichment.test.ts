import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { DEADLINE_MS, LOOK_MS, Stage } from "./enrichment.fixture.ts";
import { state } from "./world.fixture.ts";

/** As in enrichment.ts: lives that may wait at once, that leave at one look, and the patience with found processes. */
const MOST = 16_384;
const RELEASE_MOST = 1000;
const FOUND_MS = 5000;

/** Everything that the life of `execOfAll` waits for. */
const wanted: readonly (readonly [string, (stage: Stage) => void])[] = [
  ["the hash of its executable", (stage) => stage.hashed(7)],
  ["the hash of its script", (stage) => stage.hashed("/opt/job")],
  ["its package", (stage) => stage.packaged(7)],
  ["the name of its user", (stage) => stage.named(5000, "eve")],
  ["the name of a supplementary group", (stage) => stage.named(5001, null)],
];

function execOfAll(stage: Stage, pid = 10): void {
  stage.exec(pid, 7, { state: state({ euid: 5000 }), groups: [5001], asked: "/opt/job" });
}

describe("a life", () => {
  test("passes at once when all is known", (t) => {
    const stage = new Stage(t);
    stage.exec(10, 7);
    stage.know(7);
    stage.exec(11, 7);
    assert.deepEqual(stage.told, ["10 exec", "11 exec"]);
    assert.equal(stage.enrichment.counters.waiting, 0);
  });

  test("passes at once when nothing is looked up about it", (t) => {
    const stage = new Stage(t);
    stage.fork(10);
    assert.deepEqual(stage.told, ["10 fork"]);
  });

  for (const [what, tell] of wanted) {
    test(`waits for ${what}`, (t) => {
      const stage = new Stage(t);
      execOfAll(stage);
      for (const [, other] of wanted) if (other !== tell) other(stage);
      stage.pass(100);
      assert.deepEqual(stage.told, []);
      tell(stage);
      assert.deepEqual(stage.told, ["10 exec"]);
      assert.equal(stage.enrichment.counters.late, 0);
    });
  }

  test("waits for the name of its parent, who may have no document of its own any more", (t) => {
    const stage = new Stage(t);
    stage.exec(5, 7, { state: state({ euid: 5000 }) });
    stage.know(7);
    stage.pass(DEADLINE_MS + LOOK_MS);
    assert.deepEqual(stage.told, ["5 exec"], "5 leaves without its name");
    stage.fork(10, 5);
    stage.pass(DEADLINE_MS - LOOK_MS);
    assert.equal(stage.told.length, 1);
    stage.named(5000, "eve");
    assert.deepEqual(stage.told, ["5 exec", "10 fork"]);
    assert.deepEqual(stage.documents[1]?.process?.parent?.user, { id: "5000", name: "eve" });
  });

  test("waits for the names of its leaders", (t) => {
    const stage = new Stage(t);
    stage.exec(5, 7, { state: state({ euid: 5000, session: stage.pid(5), processGroup: stage.pid(5) }) });
    stage.know(7);
    stage.pass(DEADLINE_MS + LOOK_MS);
    const within = { session: stage.pid(5), processGroup: stage.pid(5) };
    stage.exec(10, 7, { state: state(within) });
    assert.deepEqual(stage.told, ["5 exec"]);
    stage.named(5000, "eve");
    const { session_leader: session, group_leader: group } = stage.documents[1]?.process ?? {};
    assert.deepEqual([session?.user, group?.user], Array(2).fill({ id: "5000", name: "eve" }));
  });

  test("leaves at the deadline as it is, and says that its hash is pending", (t) => {
    const stage = new Stage(t);
    stage.exec(10, 7);
    stage.pass(DEADLINE_MS - LOOK_MS);
    assert.deepEqual(stage.told, []);
    stage.pass(2 * LOOK_MS);
    assert.deepEqual(stage.told, ["10 exec"]);
    assert.deepEqual(stage.enrichment.counters, { waiting: 0, late: 1, crowdedOut: 0 });
    const [document] = stage.documents;
    assert.deepEqual(
      document?.mayfly?.quality?.filter((word) => word.startsWith("hash")),
      ["hash_pending"],
    );
    assert.equal(document?.process?.hash, undefined);
  });

  test("that lacks only its package says nothing of its hash", (t) => {
    const stage = new Stage(t);
    stage.exec(10, 7);
    stage.hashed(7);
    stage.pass(DEADLINE_MS + LOOK_MS);
    const [document] = stage.documents;
    assert.equal(document?.process?.hash?.sha256, "hash of 7");
    assert.ok(!document?.mayfly?.quality?.includes("hash_pending"));
  });

  test("does not wait for what is not to be had", (t) => {
    const stage = new Stage(t);
    stage.exec(10, 7);
    stage.hashed(7, { kind: "none", reason: "gone" });
    stage.packaged(7, null);
    assert.deepEqual(stage.told, ["10 exec"]);
    assert.ok(stage.documents[0]?.mayfly?.quality?.includes("hash_pending"));
  });

  test("of a process that was found waits longer", (t) => {
    const stage = new Stage(t);
    stage.find(10, 7);
    stage.exec(11, 7);
    stage.pass(FOUND_MS - LOOK_MS);
    assert.deepEqual(stage.told, ["11 exec"]);
    stage.pass(2 * LOOK_MS);
    assert.deepEqual(stage.told, ["11 exec", "10 found"]);
  });

  test("of a process that was found waits as long as the others where they wait longer than that", (t) => {
    const stage = new Stage(t, 10_000);
    stage.find(10, 7);
    stage.pass(10_000 - LOOK_MS);
    assert.deepEqual(stage.told, []);
    stage.pass(2 * LOOK_MS);
    assert.deepEqual(stage.told, ["10 found"]);
  });

  test("does not overtake one of the same process, but those of others", (t) => {
    const stage = new Stage(t);
    stage.exec(10, 7);
    stage.exec(11, 8);
    stage.know(8);
    stage.exec(10, 8);
    stage.exit(10);
    stage.exit(11);
    assert.deepEqual(stage.told, ["11 exec", "11 end"]);
    stage.know(7);
    assert.deepEqual(stage.told.slice(2), ["10 exec", "10 exec", "10 end"]);
  });
});

describe("lives that wait", () => {
  test("are waited for by the watermark", (t) => {
    const stage = new Stage(t);
    assert.equal(stage.enrichment.earliest(), undefined);
    stage.exec(10, 7);
    stage.exec(11, 8, { time: { seconds: 0, nanos: 1_000_000 } });
    assert.equal(stage.enrichment.earliest()?.since, 1);
    stage.know(8);
    assert.equal(stage.enrichment.earliest()?.since, 2);
    stage.know(7);
    assert.equal(stage.enrichment.earliest(), undefined);
  });

  test("stay while whoever takes them is behind, also beyond their deadline", (t) => {
    const stage = new Stage(t);
    stage.exec(10, 7);
    stage.exec(11, 8);
    stage.behind = true;
    stage.know(7);
    stage.pass(2 * DEADLINE_MS);
    assert.deepEqual(stage.told, []);
    stage.behind = false;
    stage.pass(LOOK_MS);
    assert.deepEqual(stage.told, ["10 exec", "11 exec"]);
    assert.equal(stage.enrichment.counters.late, 1, "one of them was ready");
  });

  test("in a crowd leave at the regular looks, a thousand at each", (t) => {
    const stage = new Stage(t);
    for (let pid = 10; pid < 1510; pid++) stage.exec(pid, 7);
    assert.equal(stage.enrichment.counters.waiting, 1500);
    stage.know(7);
    assert.equal(stage.left.length, 0);
    stage.pass(LOOK_MS);
    assert.equal(stage.left.length, RELEASE_MOST);
    stage.pass(LOOK_MS);
    assert.equal(stage.left.length, 1500);
  });

  test("make room for others, the oldest first, and are counted", (t) => {
    const stage = new Stage(t);
    for (let one = 0; one < MOST + 2; one++) stage.exec(10 + (one % 900), 7);
    assert.deepEqual(stage.told, ["10 exec", "11 exec"]);
    assert.deepEqual(stage.enrichment.counters, { waiting: MOST, late: 0, crowdedOut: 2 });
  });

  test("leave with the names that were asked for anew every second", (t) => {
    const stage = new Stage(t);
    stage.exec(10, 7);
    stage.know(7);
    stage.names.known.set(0, "toor");
    stage.pass(1000 - LOOK_MS);
    stage.exec(10, 7);
    stage.pass(2 * LOOK_MS);
    stage.exit(10);
    assert.deepEqual(
      stage.documents.map(({ user }) => user),
      ["root", "root", "toor"].map((name) => ({ ...stage.documents[0]?.user, ...effective(name), name })),
    );
  });
});

function effective(name: string): object {
  return { effective: { id: "0", name }, Ext: { real: { id: "0", name } } };
}

describe("at the end", () => {
  test("all leave as soon as all is known", async (t) => {
    const stage = new Stage(t);
    stage.exec(10, 7);
    stage.exec(11, 8);
    const drained = stage.enrichment.drain(() => Promise.resolve());
    stage.know(8);
    stage.know(7);
    stage.pass(LOOK_MS);
    await drained;
    assert.deepEqual(stage.told, ["11 exec", "10 exec"]);
    assert.equal(Date.now(), LOOK_MS);
    assert.equal(stage.enrichment.counters.late, 0);
  });

  test("who is not ready leaves at the deadline, with turns for the takers, who may be behind", async (t) => {
    const stage = new Stage(t);
    stage.find(9, 6);
    for (let pid = 10; pid < 1510; pid++) stage.exec(pid, pid === 10 ? 8 : 7);
    stage.know(8);
    stage.behind = true;
    let turns = 0;
    const drained = stage.enrichment.drain(() => {
      turns++;
      return Promise.resolve();
    });
    for (let passed = 0; passed <= DEADLINE_MS; passed += LOOK_MS) {
      stage.pass(LOOK_MS);
      await Promise.resolve();
      await Promise.resolve();
    }
    await drained;
    assert.equal(stage.left.length, 1501);
    assert.equal(turns, 2);
    assert.deepEqual(stage.enrichment.counters, { waiting: 0, late: 1500, crowdedOut: 0 });
  });
});
