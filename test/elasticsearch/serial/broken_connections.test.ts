import assert from "node:assert/strict";
import { test } from "node:test";
import { agentKey } from "../../harness/elasticsearch/agent_key.ts";
import { lossesIn } from "../../harness/elasticsearch/arrivals.ts";
import { eventually } from "../../harness/elasticsearch/eventually.ts";
import { needs, plain, plainServer, secure, secureServer } from "../../harness/elasticsearch/needs.ts";
import type { Asked, Rule } from "../../harness/elasticsearch/rules.ts";
import { Scene } from "../../harness/elasticsearch/scene.ts";
import { live } from "../../harness/live.ts";

test("requests that are reset on their way are sent again, and nothing is missing", needs(live, plain), async (t) => {
  const scene = await Scene.set(t, plainServer());
  scene.proxy.rules = turns([{ resetAfter: 0 }, {}, { resetAfter: 3000 }]);
  const lives = await scene.live(400);
  const arrivals = await scene.arrivals(lives);
  assert.equal(arrivals.difference.summary, "");
  assert.deepEqual(arrivals.doubled, []);
  scene.proxy.rules = [];
  const metrics = await scene.settled();
  assert.ok((metrics.get('mayfly_bulk_requests_total{result="failed"}') ?? 0) >= 2);
  assert.deepEqual(lossesIn(metrics), {});
  assert.match((await retrying(scene)).message, /the connection broke before the answer was complete/);
});

test("answers that break off: what they spoke of is sent again, and stands once", needs(live, plain), async (t) => {
  const scene = await Scene.set(t, plainServer());
  scene.proxy.rules = turns([{ cutAnswer: 0 }, {}, { cutAnswer: 200 }]);
  const lives = await scene.live(400);
  const arrivals = await scene.arrivals(lives);
  assert.equal(arrivals.difference.summary, "");
  scene.proxy.rules = [];
  const metrics = await scene.settled();
  assert.deepEqual((await scene.arrivals(lives)).doubled, []);
  assert.ok((metrics.get('mayfly_delivered_documents_total{result="already_there"}') ?? 0) > 0);
  assert.deepEqual(lossesIn(metrics), {});
  await retrying(scene);
});

test("an answer lost before a rollover doubles nothing where the key may read", needs(live, plain), async (t) => {
  const scene = await Scene.set(t, plainServer());
  const { lives, lost } = await loseAnswerAndRollOver(scene);
  const arrivals = await scene.arrivals(lives);
  const metrics = await scene.settled();
  assert.equal(arrivals.difference.summary, "");
  assert.deepEqual(arrivals.doubled, []);
  assert.equal(new Set(arrivals.hits.map(({ _index }) => _index)).size, 2, "both backing indexes hold documents");
  assert.ok((metrics.get('mayfly_delivered_documents_total{result="already_there"}') ?? 0) >= lost);
  assert.deepEqual(lossesIn(metrics), {});
});

test("the same where the proxy forbids the look: each double is counted and told", needs(live, plain), async (t) => {
  const scene = await Scene.set(t, plainServer());
  const forbidden: Rule = { answer: { status: 403 }, when: ({ path }) => path.includes("/_mget") };
  await assertDoublesAreCounted(scene, [forbidden]);
});

test("the same with a key that may only create: each double is counted and told", needs(live, secure), async (t) => {
  const server = secureServer();
  const encoded = await agentKey(t, server);
  const scene = await Scene.set(t, server, { elasticsearch: { api_key: encoded } });
  await assertDoublesAreCounted(scene, []);
  assert.ok(!scene.shipper.stderr.includes(encoded));
});

async function assertDoublesAreCounted(scene: Scene, rules: readonly Rule[]): Promise<void> {
  const { lives, lost } = await loseAnswerAndRollOver(scene, rules);
  await scene.arrivals(lives);
  const metrics = await scene.settled();
  const arrivals = await scene.arrivals(lives);
  const { missing, partial, untrue } = arrivals.difference;
  assert.deepEqual({ missing, partial, untrue }, { missing: [], partial: [], untrue: [] });
  const possible = metrics.get("mayfly_possible_duplicates_total") ?? 0;
  assert.ok(arrivals.doubled.length >= lost, `${arrivals.doubled.length} stand twice, ${lost} were in the lost answer`);
  assert.equal(arrivals.doubled.length, possible);
  assert.deepEqual(lossesIn(metrics), { mayfly_possible_duplicates_total: possible });
  const told = await scene.shipper.waitForLog(({ mayfly }) => mayfly?.["code"] === "possible_duplicates");
  assert.match(told.message, /twice/);
}

/** Some lives are delivered; of the next ones the server has the documents and the client no answer; then a rollover. */
async function loseAnswerAndRollOver(scene: Scene, rules: readonly Rule[] = []) {
  const { proxy, server, namespace, shipper } = scene;
  await scene.arrivals(await scene.live(50));
  let bulks = 0;
  proxy.rules = [
    { cutAnswer: 0, when: ({ bulk }) => bulk && ++bulks === 1 },
    // Refused whole, before anything was done.
    { answer: { status: 429 }, when: ({ bulk }) => bulk && bulks > 1 },
    ...rules,
  ];
  const living = scene.live(300);
  const cut = await eventually(
    () => proxy.traffic.bulks.find(({ fate }) => fate === "cut"),
    20_000,
    "an answer is lost",
  );
  await server.rollover(namespace.processes);
  const lives = await living;
  proxy.rules = rules;
  assert.ok(cut.forwarded > 0);
  await shipper.waitForLog(({ mayfly }) => mayfly?.["code"] === "delivery_retrying");
  return { lives, lost: cut.forwarded };
}

/** One bulk request after another gets these faults in turn; then no more. */
function turns(faults: readonly Omit<Rule, "when" | "times">[]): readonly Rule[] {
  let bulks = 0;
  const count = { when: ({ bulk }: Asked) => bulk && ++bulks < 0 };
  return [count, ...faults.map((fault, turn) => ({ ...fault, when: ({ bulk }: Asked) => bulk && bulks === turn + 1 }))];
}

function retrying({ shipper }: Scene) {
  return shipper.waitForLog(({ mayfly }) => mayfly?.["code"] === "delivery_retrying");
}
