import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Exposition } from "../../src/telemetry/exposition.ts";
import type { HealthSnapshot } from "../../src/telemetry/health.ts";
import { Metrics } from "../../src/telemetry/metrics.ts";
import { fullHealth, quietHealth } from "./telemetry.fixture.ts";

async function scrape(health: HealthSnapshot): Promise<Exposition> {
  return new Exposition(await new Metrics(() => health).text());
}

test("every number of a snapshot stands in /metrics", async () => {
  const { samples } = await scrape(fullHealth());
  const told = new Set(samples.map(({ value }) => value));
  const { at: _, spool, delivery, ...rest } = fullHealth();
  // Bytes of the open frame are told by no figure: they are part of what documents it holds.
  const { openBytes: __, oldest: ___, ...ofSpool } = spool ?? {};
  const { lastAccepted: ____, ...ofDelivery } = delivery ?? {};
  const known = numbersIn({ ...rest, startedAt: rest.startedAt / 1000, spool: ofSpool, delivery: ofDelivery });
  assert.ok(known.length > 50, `${known.length} numbers`);
  assert.deepEqual(
    known.filter((number) => !told.has(number)),
    [],
  );
});

test("names follow Prometheus' rules: counters end in _total, every name has help and one type", async () => {
  const { types, samples } = await scrape(fullHealth());
  for (const [name, type] of types) {
    assert.match(name, /^(mayfly|process)_[a-z_]+$/);
    assert.equal(name.endsWith("_total"), type === "counter", `${name} is a ${type}`);
    assert.doesNotMatch(name, /_(ms|millis|kb|mb|ns)(_|$)/, "base units are seconds and bytes");
  }
  const named = new Set(samples.map(({ name }) => name.replace(/_(bucket|sum|count)$/, "")));
  assert.deepEqual([...types.keys()].toSorted(), [...named].toSorted());
});

test("an age is told in seconds, and no clock that was set back makes it negative", async () => {
  const { spool } = fullHealth();
  assert.equal((await scrape(fullHealth())).value("mayfly_spool_oldest_age_seconds"), 1.5);
  assert.equal((await scrape(fullHealth({ at: 0 }))).value("mayfly_spool_oldest_age_seconds"), 0);
  const none = fullHealth({ spool: spool && { ...spool, oldest: undefined } });
  assert.equal((await scrape(none)).value("mayfly_spool_oldest_age_seconds"), 0);
});

test("what is off is absent, and what has not happened is 0", async () => {
  const exposition = await scrape(quietHealth());
  const names = exposition.samples.map(({ name }) => name);
  assert.deepEqual(
    names.filter((name) => /spool|delivery|bulk|output|redactions|enrichment|hash|package|helper|names/.test(name)),
    [],
  );
  assert.equal(exposition.value("mayfly_dropped_total", { place: "ring_fork", what: "records" }), 0);
});

test("a state is 1 and the others are 0", async () => {
  const { samples } = await scrape(fullHealth());
  const states = samples.filter(({ name }) => name === "mayfly_delivery_state");
  assert.deepEqual(Object.fromEntries(states.map(({ labels, value }) => [labels["state"], value])), {
    delivering: 0,
    retrying: 1,
    stopped: 0,
    closed: 0,
  });
});

test("a histogram's buckets are cumulative, end in +Inf, and agree with its count and sum", async () => {
  const exposition = await scrape(fullHealth());
  const buckets = exposition.samples.filter(({ name }) => name === "mayfly_bulk_duration_seconds_bucket");
  assert.deepEqual(
    buckets.map(({ labels, value }) => [labels["le"], value]),
    [
      ["0.1", 1],
      ["1", 3],
      ["+Inf", 4],
    ],
  );
  assert.equal(exposition.value("mayfly_bulk_duration_seconds_count"), 4);
  assert.equal(exposition.value("mayfly_bulk_duration_seconds_sum"), 8.05);
  assert.deepEqual(exposition.histogram("mayfly_bulk_duration_seconds"), { bounds: [0.1, 1], counts: [1, 2, 1] });
});

test("any name of a rule reads back as it was", async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: "binary", minLength: 1 }), fc.nat(), async (rule, count) => {
      // As a key of an object literal it would set the prototype.
      fc.pre(rule !== "__proto__");
      const exposition = await scrape(quietHealth({ redactions: { [rule]: count } }));
      assert.equal(exposition.value("mayfly_redactions_total", { rule }), count);
    }),
    { examples: [["\r\u0000", 0]] },
  );
});

test("each scrape reads anew", async () => {
  let exits = 1;
  const metrics = new Metrics(() => quietHealth({ tracker: { ...quietHealth().tracker, exits: exits++ } }));
  const first = new Exposition(await metrics.text());
  const second = new Exposition(await metrics.text());
  const kind = { kind: "exit" };
  const difference = (second.value("mayfly_events_total", kind) ?? 0) - (first.value("mayfly_events_total", kind) ?? 0);
  assert.equal(difference, 1);
});

test("what is no exposition is refused with the line that is at fault", () => {
  const typed = "# HELP a help\n# TYPE a gauge\n";
  for (const [text, fault] of [
    ["a 1\n", /without a type: a 1/],
    [`${typed}a 1\na 1\n`, /twice: a 1/],
    [`${typed}a x\n`, /no sample: a x/],
    [`${typed}a{b="c} 1\n`, /no labels/],
    [`${typed}a{b="c"x} 1\n`, /no labels/],
    ["# what\n", /no comment/],
    [`${typed}a 1`, /cut/],
    ["<html>\n", /no sample/],
  ] as const)
    assert.throws(() => new Exposition(text), { name: "SyntaxError", message: fault }, text);
});

function numbersIn(value: unknown): number[] {
  if (typeof value === "number") return [value];
  if (typeof value !== "object" || value === null) return [];
  // A histogram is tested by itself.
  return "bounds" in value ? [] : Object.values(value).flatMap(numbersIn);
}
