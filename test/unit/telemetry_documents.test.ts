import assert from "node:assert/strict";
import { test } from "node:test";
import { EventIds } from "../../ecs/event_id.ts";
import { metricFields } from "../../ecs/fields_metrics.ts";
import { MetricNotes } from "../../ecs/metrics_note.ts";
import type { Host } from "../../src/enrich/host.ts";
import { MetricDocuments } from "../../src/telemetry/documents.ts";
import { figures } from "../../src/telemetry/figures/all.ts";
import { AT, fullHealth, quietHealth } from "./telemetry.fixture.ts";

const host = {
  id: "0123456789abcdef0123456789abcdef",
  name: "web-1",
  hostname: "Web-1",
  bootId: "7c1e9df4-0000-4000-8000-000000000000",
  os: { type: "linux" },
} as Host;
const agent = { id: "agent-id", name: "Web-1", version: "0.1.0", ephemeralId: "run-id" };

function documents(): MetricDocuments {
  const ids = new EventIds(new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]));
  return new MetricDocuments(new MetricNotes({ host, agent, namespace: "prod", ids }));
}

type Json = { readonly [name: string]: Json | string | number };

function at(document: Json, field: string): Json | string | number | undefined {
  let found: Json | string | number | undefined = document;
  for (const name of field.split(".")) found = typeof found === "object" ? found[name] : undefined;
  return found;
}

function* leaves(document: Json, prefix = ""): Generator<[string, string | number]> {
  for (const [name, value] of Object.entries(document)) {
    if (typeof value === "object") yield* leaves(value, `${prefix}${name}.`);
    else yield [prefix + name, value];
  }
}

test("with everything on the document has every field of the list, of its type, and no other", () => {
  const document = JSON.parse(documents().line(fullHealth())) as Json;
  const found = Object.fromEntries(leaves(document));
  assert.deepEqual(Object.keys(found).toSorted(), Object.keys(metricFields).toSorted());
  for (const [field, value] of Object.entries(found)) {
    const type = metricFields[field];
    assert.equal(typeof value, type === "long" || type === "double" ? "number" : "string", field);
    if (type === "long") assert.ok(Number.isSafeInteger(value), field);
    if (type === "date") assert.match(String(value), /^2026-11-21T\d\d:\d\d:\d\d\.\d+Z$/, field);
  }
});

test("no two figures write the same field", () => {
  const fields = figures.flatMap((figure) => ("samples" in figure ? figure.samples.map(({ field }) => field) : []));
  const written = fields.filter((field) => field !== undefined);
  assert.equal(new Set(written).size, written.length);
});

test("it begins like every line of mayfly, its id in its fixed place, and ends in one newline", () => {
  const line = documents().line(fullHealth());
  assert.match(line, /^\{"@timestamp":"2026-11-21T09:42:02\.250000000Z","event":\{"id":"[\w-]{24}",/);
  assert.equal(line.indexOf("\n"), line.length - 1);
});

test("it says where it belongs and whose it is", () => {
  const document = JSON.parse(documents().line(quietHealth())) as Json;
  assert.deepEqual(document["data_stream"], { type: "metrics", dataset: "mayfly.agent", namespace: "prod" });
  assert.equal(at(document, "event.kind"), "metric");
  assert.equal(at(document, "event.module"), "mayfly");
  assert.equal(at(document, "event.dataset"), "mayfly.agent");
  assert.equal(at(document, "host.id"), host.id);
  assert.equal(at(document, "agent.ephemeral_id"), "run-id");
});

test("two documents of one moment have two ids", () => {
  const maker = documents();
  const [first, second] = [maker.line(quietHealth()), maker.line(quietHealth())];
  assert.notEqual(at(JSON.parse(first) as Json, "event.id"), at(JSON.parse(second) as Json, "event.id"));
});

test("what is off is absent; what has not happened is 0, but has no percentiles", () => {
  const document = JSON.parse(documents().line(quietHealth())) as Json;
  assert.equal(at(document, "mayfly.agent.spool"), undefined);
  assert.equal(at(document, "mayfly.agent.delivery"), undefined);
  assert.equal(at(document, "mayfly.agent.output"), undefined);
  assert.equal(at(document, "mayfly.agent.dropped.spool_full"), undefined);
  assert.equal(at(document, "mayfly.agent.dropped.ring_exec"), 0);
  assert.deepEqual(at(document, "mayfly.agent.event_loop"), { count: 0 });
});

test("counts are since the start, percentiles of what came since the document before", () => {
  const maker = documents();
  const health = fullHealth();
  const first = JSON.parse(maker.line(health)) as Json;
  assert.deepEqual(at(first, "mayfly.agent.delivery.lag"), { count: 4, p50_seconds: 1.5, p99_seconds: 4.88 });
  health.delivery?.lagSeconds.add(0.5, 10);
  const second = JSON.parse(maker.line({ ...health, at: AT + 60_000 })) as Json;
  assert.deepEqual(at(second, "mayfly.agent.delivery.lag"), { count: 10, p50_seconds: 0.5, p99_seconds: 0.99 });
  const third = JSON.parse(maker.line(health)) as Json;
  assert.deepEqual(at(third, "mayfly.agent.delivery.lag"), { count: 0 });
  assert.equal(at(third, "mayfly.agent.delivery.accepted"), 601);
});

test("text that mayfly did not choose cannot break the line", () => {
  const spool = fullHealth().spool;
  assert.ok(spool !== undefined);
  const fault = 'a "b"\n\u001b[2J\\ \u009b \ud800';
  const line = documents().line(fullHealth({ spool: { ...spool, fault } }));
  assert.match(line, /^[^\n]*\n$/);
  assert.equal(at(JSON.parse(line) as Json, "mayfly.agent.spool.fault"), fault.replace("\ud800", "\ufffd"));
});
