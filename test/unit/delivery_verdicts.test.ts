import assert from "node:assert/strict";
import { test } from "node:test";
import {
  answer,
  CONFLICT,
  frameOf,
  type ItemScript,
  idOf,
  items,
  REJECTED,
  settled,
  unanswered,
} from "./delivery.fixture.ts";
import { numbers, Stage, some } from "./delivery_stage.fixture.ts";

test("a full batch does not wait for the flush, and a frame may be split over requests", async () => {
  const stage = new Stage();
  for (let at = 0; at < 4; at++) stage.store.write(frameOf(at * 1000, 1000));
  await settled();
  assert.deepEqual(stage.sizes(), [1600, 1600]);
  await stage.system.advance(10_000);
  assert.deepEqual(stage.sizes(), [1600, 1600, 800]);
  assert.equal(stage.store.finished.length, 4);
});

test("an item's 5xx may have been carried out: a later 409 is success", async () => {
  const stage = new Stage();
  stage.connection.bulk = some([1], { status: 503, error: { type: "unavailable_shards_exception", reason: "" } });
  stage.store.write(frameOf(0, 10));
  await stage.system.advance(5000);
  stage.connection.bulk = some([1], CONFLICT);
  await stage.system.advance(1000);
  const { alreadyThere, collisions } = stage.delivery.stats();
  assert.deepEqual({ alreadyThere, collisions }, { alreadyThere: 1, collisions: 0 });
  assert.equal(stage.store.finished.length, 1);
});

for (const [what, reply, later] of [
  ["cannot be reached", unanswered(false), "collision"],
  ["breaks off", unanswered(true), "done"],
  ["takes too long", unanswered(true, true), "done"],
  ["answers 503", answer(503, "{}"), "done"],
  ["answers 502 with a page", answer(502, "<html>Bad Gateway</html>", { isElasticsearch: false }), "done"],
  ["answers 429", answer(429, "{}"), "collision"],
  ["answers half a JSON", answer(200, '{"took":1,"items":[{"cre'), "done"],
  ["answers for another number of documents", items([201]), "done"],
] as const)
  test(`when the server ${what} the same documents are sent again after a while, and a 409 is then: ${later}`, async () => {
    const stage = new Stage();
    stage.connection.bulk = () => reply;
    stage.store.write(frameOf(0, 10));
    await stage.system.advance(5000);
    assert.equal(stage.delivery.stats().state, "retrying");
    assert.deepEqual(stage.told.codes(), ["delivery_retrying"]);
    assert.equal(stage.store.finished.length, 0);
    stage.connection.bulk = ({ documents }) => items(documents.map(() => CONFLICT));
    await stage.system.advance(500);
    assert.deepEqual(stage.sizes(), [10, 10]);
    const { alreadyThere, collisions, state } = stage.delivery.stats();
    assert.deepEqual([alreadyThere, collisions], later === "done" ? [10, 0] : [0, 10]);
    assert.equal(state, "delivering");
    assert.equal(stage.store.finished.length, 1);
  });

const security =
  '{"error":{"type":"security_exception","reason":"unable to authenticate with provided credentials"},"status":401}';

for (const [what, reply, advice] of [
  ["401", answer(401, security), /api_key/],
  [
    "403",
    answer(403, '{"error":{"type":"security_exception","reason":"no"}}'),
    /create_doc and auto_configure on logs-mayfly\.\*-\*/,
  ],
  ["404", answer(404, '{"error":"no handler found"}'), /spool/],
  ["400", answer(400, '{"error":{"type":"illegal_argument_exception","reason":"no"}}'), /spool/],
  ["a redirect", answer(301, "", { location: "https://es.example.org" }), /https:\/\/es\.example\.org/],
  [
    "a page of something else",
    answer(200, "<html></html>", { isElasticsearch: false }),
    /does not answer like Elasticsearch/,
  ],
  [
    "no data stream",
    items([{ status: 404, error: { type: "index_not_found_exception", reason: "no such index" } }]),
    /mayfly setup/,
  ],
  [
    "a full disk",
    items([{ status: 429, error: { type: "cluster_block_exception", reason: "blocked by: flood-stage" } }]),
    /make room/,
  ],
] as const)
  test(`${what} stops the delivery, says what to do, keeps everything, asks now and then, and goes on`, async () => {
    const stage = new Stage({ preset: "latency" });
    stage.connection.bulk = () => reply;
    stage.store.write(frameOf(0, 1));
    await stage.system.advance(1000);
    assert.equal(stage.delivery.stats().state, "stopped");
    assert.deepEqual(stage.told.codes(), ["delivery_stopped"]);
    assert.match(stage.told.warnings[0]?.message ?? "", advice);
    assert.match(stage.delivery.stats().reason ?? "", advice);
    for (let at = 1; at < 10; at++) stage.store.write(frameOf(at * 100, 100));
    const before = stage.sizes().length;
    // What is scripted as an answer for one document is answered for each of the probe's.
    if (reply.kind === "answered" && reply.status === 200 && reply.isElasticsearch)
      stage.connection.bulk = ({ documents }) => {
        const { items: list } = JSON.parse(reply.text) as { items: { create: ItemScript }[] };
        return items(documents.map(() => list[0]?.create ?? 500));
      };
    await stage.system.advance(120_000);
    const probes = stage.sizes().slice(before);
    assert.ok(probes.length >= 3 && probes.length <= 8, `${probes.length} probes in two minutes`);
    assert.ok(
      probes.every((size) => size <= 50),
      `probes of ${probes.join()}`,
    );
    stage.connection.bulk = ({ documents }) => items(documents.map(() => 201));
    await stage.system.advance(62_000);
    assert.equal(stage.delivery.stats().state, "delivering");
    assert.equal(stage.delivery.stats().accepted, 901);
    assert.equal(stage.store.finished.length, 10);
    assert.equal(stage.told.infos.at(-1)?.code, "delivery_resumed");
  });

test("413 splits the request, and what is too large alone goes to the dead letter file", async () => {
  const stage = new Stage();
  const page = answer(413, "<html>nginx</html>", { isElasticsearch: false });
  stage.connection.bulk = (request) => {
    const bytes = (request.body as Buffer[]).reduce((sum, part) => sum + part.length, 0);
    return bytes > 10_000 ? page : items(request.documents.map(() => 201));
  };
  stage.store.write(frameOf(0, 200));
  stage.store.write(frameOf(200, 1, { more: `,"a":"${"x".repeat(20_000)}"` }));
  stage.store.write(frameOf(201, 5));
  await stage.system.advance(10_000);
  assert.equal(stage.store.finished.length, 3);
  assert.equal(stage.delivery.stats().accepted, 205);
  const [letter, ...others] = stage.deadLetters.letters;
  assert.equal(others.length, 0);
  assert.deepEqual([letter?.id, letter?.status], [idOf(200), 413]);
  assert.equal(stage.delivery.stats().state, "delivering");
});

test("a few rejected documents go to the dead letter file, byte for byte, and nothing of them is told", async () => {
  const stage = new Stage();
  stage.connection.bulk = some([3, 5], REJECTED);
  const frame = frameOf(0, 100);
  stage.store.write(frame);
  await stage.system.advance(10_000);
  const letters = stage.deadLetters.letters;
  assert.deepEqual(
    letters.map(({ id }) => id),
    [idOf(3), idOf(5)],
  );
  const lines = frame.body.toString("utf8").split("\n");
  assert.deepEqual(
    letters.map(({ document }) => document),
    [lines[7], lines[11]],
  );
  assert.equal(stage.store.finished.length, 1);
  assert.deepEqual(stage.told.codes(), ["documents_rejected"]);
  assert.doesNotMatch(stage.told.warnings[0]?.message ?? "", /secret/);
  const { accepted, deadLettered, state } = stage.delivery.stats();
  assert.deepEqual({ accepted, deadLettered, state }, { accepted: 98, deadLettered: 2, state: "delivering" });
});

test("more rejected documents than 10 and 1 % stop the delivery; they are held and delivered once the mapping is repaired", async () => {
  const stage = new Stage({ preset: "latency" });
  stage.connection.bulk = ({ documents }) => items(documents.map(() => REJECTED));
  stage.store.write(frameOf(0, 100));
  await stage.system.advance(1000);
  assert.equal(stage.delivery.stats().state, "stopped");
  assert.match(stage.told.warnings[0]?.message ?? "", /mapping must be wrong/);
  for (let at = 1; at < 5; at++) stage.store.write(frameOf(at * 100, 100));
  await stage.system.advance(600_000);
  assert.equal(stage.delivery.stats().deadLettered, 0);
  assert.equal(stage.delivery.stats().state, "stopped");
  stage.connection.bulk = ({ documents }) => items(documents.map(() => 201));
  await stage.system.advance(65_000);
  assert.equal(stage.delivery.stats().state, "delivering");
  assert.equal(stage.delivery.stats().accepted, 500);
  assert.equal(stage.store.finished.length, 5);
});

test("a burst of bad documents in a stream that is in order ends in the dead letter file, some at a time", async () => {
  const stage = new Stage({ preset: "latency" });
  stage.connection.bulk = some(numbers(0, 40), REJECTED);
  stage.store.write(frameOf(0, 100));
  await stage.system.advance(1000);
  assert.equal(stage.delivery.stats().state, "stopped");
  for (let second = 0; second < 600; second++) {
    stage.store.write(frameOf(1000 + second * 10, 10));
    await stage.system.advance(1000);
  }
  const { accepted, deadLettered, state } = stage.delivery.stats();
  assert.deepEqual({ accepted, deadLettered, state }, { accepted: 6060, deadLettered: 40, state: "delivering" });
  assert.equal(stage.store.finished.length, 601);
});

test("a probe that is mostly rejected gives up nothing, however much was accepted before", async () => {
  const stage = new Stage({ preset: "latency" });
  for (let at = 0; at < 40; at++) stage.store.write(frameOf(at * 1600, 1600));
  await stage.system.advance(1000);
  stage.connection.bulk = ({ documents }) => items(documents.map(() => REJECTED));
  stage.store.write(frameOf(100_000, 1600));
  await stage.system.advance(30_000);
  const { accepted, deadLettered, state } = stage.delivery.stats();
  assert.deepEqual({ accepted, deadLettered, state }, { accepted: 64_000, deadLettered: 0, state: "stopped" });
});

test("409 on a first send is a collision: counted, told, in the dead letter file", async () => {
  const stage = new Stage();
  stage.connection.bulk = some([7], CONFLICT);
  stage.store.write(frameOf(0, 10));
  await stage.system.advance(10_000);
  const { collisions, deadLettered, alreadyThere } = stage.delivery.stats();
  assert.deepEqual({ collisions, deadLettered, alreadyThere }, { collisions: 1, deadLettered: 1, alreadyThere: 0 });
  assert.match(stage.told.warnings[0]?.message ?? "", /identity\.salt.*mayfly doctor/);
  assert.equal(stage.store.finished.length, 1);
});

for (const kind of ["repeatable", "replayed"] as const)
  test(`409 for a ${kind} frame is success`, async () => {
    const stage = new Stage();
    stage.connection.bulk = ({ documents }) => items(documents.map(() => CONFLICT));
    stage.store.write(frameOf(0, 10, { [kind]: true }));
    await stage.system.advance(10_000);
    const { collisions, alreadyThere } = stage.delivery.stats();
    assert.deepEqual({ collisions, alreadyThere }, { collisions: 0, alreadyThere: 10 });
    assert.equal(stage.store.finished.length, 1);
    assert.deepEqual(stage.told.codes(), []);
  });

test("what the server put into the failure store is counted and told", async () => {
  const stage = new Stage();
  stage.connection.bulk = some([2], {
    status: 201,
    failure_store: "used",
    _index: ".fs-logs-mayfly.process-default-2026.11.21-000001",
  });
  stage.store.write(frameOf(0, 10));
  await stage.system.advance(10_000);
  const { accepted, failureStore } = stage.delivery.stats();
  assert.deepEqual({ accepted, failureStore }, { accepted: 10, failureStore: 1 });
  assert.deepEqual(stage.told.codes(), ["failure_store_used"]);
});

test("the pipeline is asked for as the setting says", async () => {
  const used = async (ingested: "always" | "late" | "off", ageMs: number): Promise<boolean> => {
    const stage = new Stage({ ingested });
    stage.store.write(frameOf(0, 1, { since: stage.system.now() - ageMs }));
    await stage.system.advance(5000);
    return stage.connection.bulks[0]?.path.includes("&pipeline=logs-mayfly@ingested") === true;
  };
  assert.equal(await used("always", 0), true);
  assert.equal(await used("late", 50_000), false);
  assert.equal(await used("late", 60_000), true);
  assert.equal(await used("off", 600_000), false);
});

test("a missing pipeline is told, and the documents go without it", async () => {
  const stage = new Stage({ ingested: "always" });
  const missing = {
    status: 400,
    error: { type: "illegal_argument_exception", reason: "pipeline with id [logs-mayfly@ingested] does not exist" },
  };
  stage.connection.bulk = ({ path, documents }) =>
    items(documents.map(() => (path.includes("pipeline=") ? missing : 201)));
  stage.store.write(frameOf(0, 10));
  await stage.system.advance(5000);
  assert.deepEqual(stage.told.codes(), ["pipeline_missing"]);
  assert.equal(stage.delivery.stats().accepted, 10);
  assert.equal(stage.delivery.stats().state, "delivering");
  assert.equal(stage.store.finished.length, 1);
});
