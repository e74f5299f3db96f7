import assert from "node:assert/strict";
import { test } from "node:test";
import type { Reply } from "../../src/output/elasticsearch/reply.ts";
import { answer, CONFLICT, frameOf, idOf, items, settled, TOO_MANY, unanswered } from "./delivery.fixture.ts";
import { numbers, Stage, some } from "./delivery_stage.fixture.ts";

test("documents go out at the next flush, what is open is committed first, and the frames are done", async () => {
  const stage = new Stage();
  stage.store.write(frameOf(0, 3));
  stage.store.write(frameOf(3, 2));
  await settled();
  assert.deepEqual(stage.sizes(), []);
  await stage.system.advance(10_000);
  assert.equal(stage.store.commits, 1);
  assert.deepEqual(stage.sizes(), [5]);
  assert.equal(stage.store.finished.length, 2);
  const { accepted, state, requests, lastAccepted } = stage.delivery.stats();
  assert.deepEqual({ accepted, state, requests }, { accepted: 5, state: "delivering", requests: 1 });
  assert.equal(lastAccepted, Date.parse("2026-11-21T10:00:05Z"));
  assert.equal(stage.firsts, 1);
});

test("the bytes of a request are those of the frames", async () => {
  const stage = new Stage();
  const frames = [frameOf(0, 3), frameOf(3, 2)];
  for (const frame of frames) stage.store.write(frame);
  await stage.system.advance(10_000);
  const body = Buffer.concat(stage.connection.bulks[0]?.body as Buffer[]);
  assert.ok(body.equals(Buffer.concat(frames.map((frame) => frame.body))));
});

test("a request has 5 MiB at most, and a larger document goes alone", async () => {
  const stage = new Stage();
  stage.store.write(frameOf(0, 3, { more: `,"a":"${"x".repeat(2_500_000)}"` }));
  stage.store.write(frameOf(3, 1, { more: `,"a":"${"x".repeat(6_000_000)}"` }));
  stage.store.write(frameOf(4, 1));
  await stage.system.advance(10_000);
  assert.deepEqual(stage.sizes(), [2, 1, 1, 1]);
  assert.equal(stage.store.finished.length, 3);
});

test("one request is in flight when there is no backlog, and four while there is one", async () => {
  const waiting: ((reply: Reply) => void)[] = [];
  const hold = (stage: Stage): void => {
    stage.connection.bulk = () => new Promise((resolve) => waiting.push(resolve));
  };
  const live = new Stage({}, [], hold);
  live.store.write(frameOf(0, 10));
  await live.system.advance(10_000);
  live.store.write(frameOf(10, 10));
  await live.system.advance(20_000);
  assert.equal(live.delivery.stats().inFlight, 1);
  const backlog = numbers(0, 10).map((at) => frameOf(at * 1600, 1600, { replayed: true }));
  const draining = new Stage({}, backlog, hold);
  await draining.system.advance(0);
  assert.equal(draining.delivery.stats().inFlight, 4);
});

test("while a backlog is drained live documents take three quarters of a request and overtake it", async () => {
  const backlog = numbers(0, 10).map((at) => frameOf(at * 1600, 1600, { replayed: true }));
  let held: ((reply: Reply) => void) | undefined;
  const stage = new Stage({}, backlog, ({ connection }) => {
    connection.bulk = () =>
      new Promise((resolve) => {
        held = resolve;
        connection.bulk = ({ documents }) => items(documents.map(() => 201));
      });
  });
  for (let at = 0; at < 3; at++) stage.store.write(frameOf(100_000 + at * 1000, 1000));
  await settled();
  held?.(items(numbers(0, 1600).map(() => 201)));
  await stage.system.advance(0);
  const live = stage.connection.bulks.map(
    ({ documents }) => documents.filter(({ id }) => Number(id.slice(2)) >= 100_000).length,
  );
  assert.ok(Math.max(...live) <= 1200, `live documents by request: ${live.join()}`);
  assert.ok(live.slice(0, 6).reduce((sum, count) => sum + count) === 3000, `live documents by request: ${live.join()}`);
  assert.equal(stage.store.finished.length, 13);
});

test("items that were put off are sent again alone, and count as sent for the first time", async () => {
  const stage = new Stage();
  stage.connection.bulk = some([1, 4], TOO_MANY);
  stage.store.write(frameOf(0, 100));
  await stage.system.advance(5000);
  assert.deepEqual(stage.sizes(), [100]);
  assert.equal(stage.store.finished.length, 0);
  stage.connection.bulk = some([4], CONFLICT);
  await stage.system.advance(1000);
  assert.deepEqual(
    stage.connection.bulks[1]?.documents.map(({ id }) => id),
    [idOf(1), idOf(4)],
  );
  const { retriedItems, collisions, deadLettered } = stage.delivery.stats();
  assert.deepEqual({ retriedItems, collisions, deadLettered }, { retriedItems: 2, collisions: 1, deadLettered: 1 });
  assert.equal(stage.store.finished.length, 1);
});

test("when most of a request is put off everything waits, longer each time", async () => {
  const stage = new Stage();
  stage.connection.bulk = ({ documents }) => items(documents.map(() => TOO_MANY));
  stage.store.write(frameOf(0, 1000));
  await stage.system.advance(5000);
  assert.equal(stage.delivery.stats().state, "retrying");
  await stage.system.advance(500);
  await stage.system.advance(1000);
  assert.deepEqual(stage.sizes(), [1000, 800, 400]);
  stage.connection.bulk = ({ documents }) => items(documents.map(() => 201));
  await stage.system.advance(20_000);
  assert.equal(stage.delivery.stats().state, "delivering");
  assert.equal(stage.store.finished.length, 1);
  assert.equal(stage.told.infos[0]?.code, "delivery_resumed");
});

test("Retry-After is waited for", async () => {
  const stage = new Stage();
  stage.connection.bulk = () => answer(503, "{}", { retryAfterMs: 30_000 });
  stage.store.write(frameOf(0, 10));
  await stage.system.advance(5000);
  await stage.system.advance(29_000);
  assert.deepEqual(stage.sizes(), [10]);
  await stage.system.advance(1500);
  assert.deepEqual(stage.sizes(), [10, 10]);
});

test("what is to be sent again is bounded: while much of it waits no further frames are taken", async () => {
  const stage = new Stage();
  stage.connection.bulk = ({ documents }) => items(documents.map((_, at) => (at % 3 === 0 ? TOO_MANY : 201)));
  stage.system.chance = 0.99;
  for (let at = 0; at < 100; at++) stage.store.write(frameOf(at * 500, 500));
  await settled();
  assert.ok(stage.store.taken.size < 50, `${stage.store.taken.size} frames are held`);
  stage.connection.bulk = ({ documents }) => items(documents.map(() => 201));
  await stage.system.advance(20_000);
  assert.equal(stage.delivery.stats().accepted, 50_000);
  assert.equal(stage.store.finished.length, 100);
});

test("close delivers what is live at once, leaves the backlog, and ends the connection", async () => {
  const stage = new Stage();
  stage.store.write(frameOf(0, 10));
  const closed = stage.delivery.close(5000);
  stage.store.backlog.push(frameOf(10, 10, { replayed: true }));
  await stage.system.advance(100);
  assert.equal(await closed, true);
  assert.deepEqual(stage.sizes(), [10]);
  assert.equal(stage.store.backlog.length, 1);
  assert.equal(stage.connection.closed, true);
  assert.equal(stage.delivery.stats().state, "closed");
});

test("close while the server is down does not wait", async () => {
  const stage = new Stage({ preset: "latency" });
  stage.connection.bulk = () => unanswered(false);
  stage.store.write(frameOf(0, 10));
  await stage.system.advance(1000);
  assert.equal(await stage.delivery.close(5000), false);
  assert.equal(stage.store.finished.length, 0);
});

test("close gives up a request that takes longer than the deadline; its documents stay in the store", async () => {
  const stage = new Stage({ preset: "latency" });
  let end: ((reply: Reply) => void) | undefined;
  stage.connection.bulk = () =>
    new Promise((resolve) => {
      end = resolve;
    });
  stage.connection.close = () => end?.(unanswered(true));
  stage.store.write(frameOf(0, 10));
  await stage.system.advance(1000);
  const closed = stage.delivery.close(2000);
  await stage.system.advance(2000);
  assert.equal(await closed, false);
  assert.equal(stage.store.taken.size, 1);
  assert.deepEqual(stage.told.codes(), []);
});
