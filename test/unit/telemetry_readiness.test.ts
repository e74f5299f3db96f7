import assert from "node:assert/strict";
import { test } from "node:test";
import type { HealthSnapshot } from "../../src/telemetry/health.ts";
import { ReadinessWatch } from "../../src/telemetry/readiness.ts";
import { AT, fullHealth, quietHealth } from "./telemetry.fixture.ts";

const { spool, delivery } = fullHealth();
assert.ok(spool !== undefined && delivery !== undefined);
const goodSpool = { ...spool, fault: undefined, droppedFull: 0, droppedUnwritable: 0 };
const goodDelivery = { ...delivery, deadLetterLost: 0 };

function codes(health: HealthSnapshot): string[] {
  return new ReadinessWatch().of(health).reasons.map(({ code }) => code);
}

test("who watches, has its probes and drops nothing is ready", () => {
  assert.deepEqual(new ReadinessWatch().of(quietHealth()), { ready: true, state: "watching", reasons: [] });
});

test("before the first scan, at the end, and without probes it is not ready", () => {
  assert.deepEqual(codes(quietHealth({ state: "starting", attached: false })), ["not_watching"]);
  assert.deepEqual(codes(quietHealth({ state: "stopping" })), ["not_watching"]);
  assert.deepEqual(codes(quietHealth({ attached: false })), ["not_attached"]);
});

test("Elasticsearch being away is no reason: the spool keeps what comes", () => {
  assert.deepEqual(codes(quietHealth({ spool: goodSpool, delivery: { ...goodDelivery, state: "retrying" } })), []);
});

test("a fault of the whole stream is a reason, and its sentence is told", () => {
  const reason = "401: the API key is not valid: give another in output.elasticsearch.api_key_file";
  const health = quietHealth({ spool: goodSpool, delivery: { ...goodDelivery, state: "stopped", reason } });
  const [first] = new ReadinessWatch().of(health).reasons;
  assert.equal(first?.code, "delivery_stopped");
  assert.ok(first.message.endsWith(reason));
});

test("a spool that cannot be written is a reason", () => {
  assert.deepEqual(codes(quietHealth({ spool: { ...goodSpool, fault: "disk full" } })), ["spool_fault"]);
});

test("documents that are dropped are a reason for a minute after the last one", () => {
  const watch = new ReadinessWatch();
  const at = (seconds: number, droppedFull: number) =>
    watch.of(quietHealth({ at: AT + seconds * 1000, spool: { ...goodSpool, droppedFull } }));
  assert.ok(at(0, 0).ready);
  assert.match(at(10, 5).reasons[0]?.message ?? "", /dropped within the last minute: spool_full, 5 since the start/);
  assert.ok(!at(40, 7).ready);
  assert.ok(!at(99, 7).ready);
  assert.ok(at(100, 7).ready);
});

test("records lost in the kernel are healed and told, not a reason", () => {
  const { losses } = fullHealth();
  assert.deepEqual(codes(quietHealth({ losses })), []);
});
