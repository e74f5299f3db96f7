import assert from "node:assert/strict";
import { test } from "node:test";
import { Backoff, retryAfterMs } from "../../src/output/elasticsearch/backoff.ts";
import { HostPool } from "../../src/output/elasticsearch/hosts.ts";
import { LagMeter } from "../../src/output/elasticsearch/lag.ts";
import { Pace } from "../../src/output/elasticsearch/pace.ts";
import { maxBodyBytes, untilFlush } from "../../src/output/elasticsearch/presets.ts";
import { explain } from "../../src/output/elasticsearch/unanswered.ts";
import { isBearable, RejectionWindow } from "../../src/output/elasticsearch/window.ts";
import { Histogram } from "../../src/output/histogram.ts";
import { frameOf } from "./delivery.fixture.ts";

test("the next flush is never at once and at this host's phase", () => {
  for (const phase of [0, 0.25, 0.999])
    for (const now of [0, 1, 12_345_678, 1_795_000_000_123]) {
      const wait = untilFlush(now, 10_000, phase);
      assert.ok(wait > 0 && wait <= 10_000);
      assert.ok(Math.abs(((now + wait) % 10_000) - phase * 10_000) < 1);
    }
});

test("a refusal halves batch and parallelism down to 50 and 1, and ten good answers bring back a step", () => {
  const pace = new Pace(1600);
  pace.refused();
  assert.deepEqual([pace.documents, pace.parallel], [800, 2]);
  for (let times = 0; times < 10; times++) pace.refused();
  assert.deepEqual([pace.documents, pace.parallel], [50, 1]);
  for (let times = 0; times < 9; times++) pace.good();
  assert.equal(pace.documents, 50);
  pace.good();
  assert.deepEqual([pace.documents, pace.parallel], [250, 2]);
  for (let times = 0; times < 200; times++) pace.good();
  assert.deepEqual([pace.documents, pace.parallel], [1600, 4]);
});

test("a body that was too large is not tried again, and the next is half of it", () => {
  const pace = new Pace(1600);
  pace.tooLarge(2_000_000);
  assert.equal(pace.bytes, 1_000_000);
  for (let times = 0; times < 1000; times++) pace.good();
  assert.equal(pace.bytes, 1_800_000);
  assert.ok(pace.bytes < maxBodyBytes);
});

test("waiting doubles up to its cap, is drawn anew each time, and begins again after a reset", () => {
  let chance = 1;
  const backoff = new Backoff({ baseMs: 1000, capMs: 60_000, fixed: 0, random: () => chance });
  assert.deepEqual(
    Array.from({ length: 8 }, () => backoff.next()),
    [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000],
  );
  chance = 0;
  assert.equal(backoff.next(), 0);
  backoff.reset();
  chance = 0.5;
  assert.equal(backoff.next(), 500);
});

test("Retry-After is honoured in seconds and as a date, up to five minutes", () => {
  const now = Date.parse("2026-11-21T10:00:00Z");
  assert.equal(retryAfterMs("7", now), 7000);
  assert.equal(retryAfterMs("Sat, 21 Nov 2026 10:00:09 GMT", now), 9000);
  assert.equal(retryAfterMs("Sat, 21 Nov 2026 09:00:09 GMT", now), 0);
  assert.equal(retryAfterMs("soon", now), 0);
  assert.equal(retryAfterMs(undefined, now), 0);
  const backoff = new Backoff({ baseMs: 1000, capMs: 60_000, fixed: 0, random: () => 0.5 });
  assert.equal(backoff.next(7000), 7000);
  assert.equal(backoff.next(86_400_000), 300_000);
});

test("ten and one in a hundred of a minute's documents may be rejected", () => {
  const window = new RejectionWindow();
  assert.equal(window.room(0), 10);
  window.answered(0, 1000);
  assert.equal(window.room(500), 20);
  window.rejected(1000, 15);
  assert.equal(window.room(30_000), 5);
  assert.equal(window.room(59_999), 5);
  assert.equal(window.room(61_000), 10);
  window.answered(1_000_000, 100);
  assert.deepEqual(window.sum(1_000_000), { answered: 100, rejected: 0 });
});

test("a probe passes with one rejected document, or one in a hundred", () => {
  assert.ok(isBearable(1, 1));
  assert.ok(!isBearable(50, 2));
  assert.ok(isBearable(300, 3));
});

test("hosts take turns, a dead one rests longer each time, and when all are dead the soonest is asked", () => {
  const pool = new HostPool(["a", "b", "c"]);
  assert.deepEqual([pool.pick(0), pool.pick(0), pool.pick(0), pool.pick(0)], ["a", "b", "c", "a"]);
  pool.dead("b", 0);
  assert.deepEqual([pool.pick(1), pool.pick(1), pool.pick(1)], ["c", "a", "c"]);
  assert.equal(pool.pick(1), "a");
  assert.equal(pool.pick(1000), "b");
  pool.dead("b", 1000);
  pool.dead("a", 1000);
  pool.dead("c", 1500);
  assert.equal(pool.pick(1600), "a");
  pool.alive("b");
  assert.equal(pool.pick(1601), "b");
});

test("a failure says whether the request may have arrived", () => {
  const arrived = (message: string): boolean => explain(new Error(message), "http://es", false).mayHaveArrived;
  for (const message of [
    "",
    "connect ECONNREFUSED 127.0.0.1:1",
    "getaddrinfo ENOTFOUND es",
    "connect ETIMEDOUT",
    "self-signed certificate in certificate chain",
    "Client network socket disconnected before secure TLS connection was established",
  ])
    assert.equal(arrived(message), false, message);
  for (const message of [
    "Request timed out",
    "socket hang up",
    "read ECONNRESET",
    "aborted",
    "write EPIPE",
    "unheard of",
  ])
    assert.equal(arrived(message), true, message);
});

test("lag is measured from each document's own time, over minutes and streams", () => {
  const now = Date.parse("2026-11-21T10:00:00.000Z");
  const times: readonly [string, number][] = [
    ["2026-11-21T09:59:59.000000000Z", 1],
    ["2026-11-21T09:59:58.500999999Z", 1.5],
    ["2026-11-21T09:58:00.000000000Z", 120],
    ["2026-11-20T10:00:00.000000000Z", 86_400],
    ["2026-11-21T10:00:05.000000000Z", 0],
  ];
  for (const stream of ["logs-mayfly.process-default", "logs-mayfly.agent-x"])
    for (const [time, lag] of times) {
      const histogram = new Histogram([1]);
      const meter = new LagMeter(histogram);
      meter.sample(frameOf(0, 3), 2, now);
      const before = histogram.sum;
      meter.sample(frameOf(7, 4, { time, stream }), 3, now);
      assert.ok(Math.abs(histogram.sum - before - lag) < 1e-6, `${time} ${stream}: ${histogram.sum - before}`);
    }
});

test("a document without a time does not spoil the lag", () => {
  const histogram = new Histogram([1]);
  new LagMeter(histogram).sample(frameOf(0, 1, { time: "nonsense ".repeat(4).slice(0, 30) }), 0, 0);
  assert.equal(histogram.sum, 0);
});
