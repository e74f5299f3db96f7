import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Histogram } from "../../src/output/histogram.ts";
import { EventLoopDelay } from "../../src/telemetry/event_loop.ts";
import { quantile } from "../../src/telemetry/quantile.ts";

test("values are evenly spread within their bucket", () => {
  const buckets = { bounds: [1, 2, 4], counts: [0, 2, 2, 0] };
  assert.equal(quantile(buckets, 0.25), 1.5);
  assert.equal(quantile(buckets, 0.5), 2);
  assert.equal(quantile(buckets, 0.75), 3);
  assert.equal(quantile(buckets, 1), 4);
});

test("there is none of nothing, and what lies behind the last bound is said to be that", () => {
  assert.equal(quantile({ bounds: [1], counts: [0, 0] }, 0.5), undefined);
  assert.equal(quantile({ bounds: [1], counts: [1, 9] }, 0.99), 1);
});

test("a quantile lies in the bucket of the value that it stands for", () => {
  const bounds = [0.1, 0.5, 1, 5];
  const values = fc.array(fc.double({ min: 0, max: 10, noNaN: true }), { minLength: 1, maxLength: 200 });
  fc.assert(
    fc.property(values, fc.constantFrom(0.01, 0.5, 0.9, 0.99, 1), (seconds, share) => {
      const histogram = new Histogram(bounds);
      for (const value of seconds) histogram.add(value);
      const exact = seconds.toSorted((a, b) => a - b)[Math.ceil(share * seconds.length) - 1] as number;
      const estimate = quantile(histogram, share) as number;
      const bucketOf = (value: number): number => bounds.findIndex((bound) => Math.min(value, 5) <= bound + 1e-9);
      assert.equal(bucketOf(estimate), bucketOf(exact), `${estimate} for ${exact}`);
    }),
  );
});

test("the event loop's delay is what a timer comes late, and an early one is not late", () => {
  const clock = { now: 1000 };
  const delay = new EventLoopDelay(() => clock.now);
  for (const elapsed of [250, 249, 250 + 300]) {
    clock.now += elapsed;
    delay.tick();
  }
  assert.equal(delay.seconds.sum, 0.3);
  assert.equal(
    delay.seconds.counts.reduce((sum, count) => sum + count, 0),
    3,
  );
});
