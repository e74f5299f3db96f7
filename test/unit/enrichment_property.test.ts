import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import fc from "fast-check";
import { DEADLINE_MS, LOOK_MS, Stage } from "./enrichment.fixture.ts";
import { state } from "./world.fixture.ts";

const ANY = fc.integer({ min: 2, max: 5 });

/** What can happen, in any order: lives come, answers come, time passes. */
const event = fc.oneof(
  fc.record({ kind: fc.constant("exec" as const), pid: ANY, inode: ANY, euid: fc.constantFrom(0, 5000, 5001) }),
  fc.record({ kind: fc.constantFrom("fork" as const, "exit" as const), pid: ANY }),
  fc.record({ kind: fc.constantFrom("hashed" as const, "packaged" as const), inode: ANY }),
  fc.record({ kind: fc.constant("named" as const), id: fc.constantFrom(5000, 5001) }),
  fc.record({ kind: fc.constant("behind" as const), ms: fc.integer({ min: 1, max: 100 }) }),
  fc.record({ kind: fc.constant("pass" as const), ms: fc.integer({ min: 1, max: 300 }) }),
);
type Event = typeof event extends fc.Arbitrary<infer T> ? T : never;

/** Does it, and returns how long the takers were behind. */
function happen(stage: Stage, one: Event): number {
  switch (one.kind) {
    case "exec":
      stage.exec(one.pid, one.inode, { state: state({ euid: one.euid }) });
      break;
    case "fork":
      stage.fork(one.pid);
      break;
    case "exit":
      stage.exit(one.pid);
      break;
    case "hashed":
      stage.hashed(one.inode);
      break;
    case "packaged":
      stage.packaged(one.inode);
      break;
    case "named":
      stage.named(one.id, "eve");
      break;
    case "pass":
      stage.pass(one.ms);
      break;
    case "behind":
      stage.behind = true;
      stage.pass(one.ms);
      stage.behind = false;
      return one.ms;
  }
  return 0;
}

function run(t: TestContext, events: readonly Event[]): void {
  t.mock.timers.reset();
  const stage = new Stage(t);
  /** Of each life that came: its process, and when. */
  const came: { readonly pid: number; readonly transitions: number; readonly ms: number }[] = [];
  const { enrichment } = stage;
  const onLife = enrichment.onLife.bind(enrichment);
  enrichment.onLife = (life) => {
    came.push({ pid: life.identity.pid, transitions: life.transitions, ms: Date.now() });
    onLife(life);
  };
  let behind = 0;
  for (const one of events) behind += happen(stage, one);
  stage.pass(DEADLINE_MS + LOOK_MS);

  assert.equal(stage.enrichment.counters.waiting, 0);
  assert.equal(stage.left.length, came.length);
  for (const pid of [2, 3, 4, 5]) {
    const before = came.filter((life) => life.pid === pid);
    const after = stage.left.filter(({ life }) => life.identity.pid === pid);
    assert.deepEqual(
      after.map(({ life }) => life.transitions),
      before.map(({ transitions }) => transitions),
    );
    for (const [index, { ms }] of after.entries()) {
      const waited = ms - (before[index]?.ms ?? 0);
      assert.ok(waited <= DEADLINE_MS + LOOK_MS + behind, `${waited} ms`);
    }
  }
}

test("whatever is known when: each life leaves once, of one process in order, no later than its deadline and one look", (t) => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 40 }), (events) => run(t, events)),
    { numRuns: 300 },
  );
});
