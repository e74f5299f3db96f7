import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import fc from "fast-check";
import { Clock } from "../../src/process/clock.ts";
import type { ClockRecord, Moment } from "../../src/record/record.ts";
import { type BootOffset, offsetOf, readClock } from "../../src/source/clock.ts";

const NANOS = 1_000_000_000n;
/** A change between two samples by more than this is a step. */
const STEP = 10_000_000n;

function nanosOf({ seconds, nanos }: Moment): bigint {
  return BigInt(seconds) * NANOS + BigInt(nanos);
}

function momentOf(nanos: bigint): Moment {
  return { seconds: Number(nanos / NANOS), nanos: Number(nanos % NANOS) };
}

function sample(time: Moment, realtime: Moment): ClockRecord {
  return { time, realtime, pageSize: 4096 };
}

/** A sample at which the wall clock is ahead of the boot clock by so much. */
function ahead(time: bigint, offset: bigint): ClockRecord {
  return sample(momentOf(time), momentOf(time + offset));
}

const nanos = fc.oneof(fc.constantFrom(0, 1, 999_999_999), fc.nat(999_999_999));
/** Up to 68 years of uptime, far more nanoseconds than a number holds. */
const boot = fc.record<Moment>({ seconds: fc.nat(2 ** 31 - 1), nanos });
const wall = fc.record<Moment>({ seconds: fc.integer({ min: 2 ** 31, max: 2 ** 32 - 1 }), nanos });

describe("the offset from the boot clock to the wall clock", () => {
  test("is their difference, with a second borrowed where the nanoseconds are fewer", () => {
    const time = { seconds: 10, nanos: 900_000_000 };
    const offset = (realtime: Moment): BootOffset => offsetOf(sample(time, realtime));
    assert.deepEqual(offset({ seconds: 1010, nanos: 900_000_001 }), { seconds: 1000, nanos: 1 });
    assert.deepEqual(offset({ seconds: 1010, nanos: 900_000_000 }), { seconds: 1000, nanos: 0 });
    assert.deepEqual(offset({ seconds: 1011, nanos: 100_000_000 }), { seconds: 1000, nanos: 200_000_000 });
  });

  test("is exact for all clocks, its nanoseconds never negative nor a whole second", () => {
    fc.assert(
      fc.property(boot, wall, (time, realtime) => {
        const offset = offsetOf(sample(time, realtime));
        assert.ok(offset.nanos >= 0 && offset.nanos < Number(NANOS), `${offset.nanos} ns`);
        assert.equal(nanosOf(offset), nanosOf(realtime) - nanosOf(time));
      }),
    );
  });

  test("may be negative: a machine whose wall clock was never set stands in 1970", () => {
    const offset = offsetOf(sample({ seconds: 100, nanos: 500 }, { seconds: 40, nanos: 499 }));
    assert.deepEqual(offset, { seconds: -61, nanos: 999_999_999 });
    const instant = new Clock(offset).instant({ seconds: 100, nanos: 500 });
    assert.equal(instant.iso(), "1970-01-01T00:00:40.000000499Z");
  });
});

describe("the clock of the tracker", () => {
  test("adds exactly, whatever the two nanoseconds come to", () => {
    fc.assert(
      fc.property(boot, wall, boot, (time, realtime, moment) => {
        const record = sample(time, realtime);
        const clock = new Clock(offsetOf(record));
        const expected = nanosOf(moment) + nanosOf(realtime) - nanosOf(time);
        for (const instant of [clock.instant(moment), clock.startInstant(moment)]) {
          assert.ok(instant.nanos >= 0 && instant.nanos < Number(NANOS), `${instant.nanos} ns`);
          assert.equal(nanosOf(instant), expected);
        }
      }),
    );
  });

  test("lets transitions follow the samples, and keeps process.start where it was fixed", () => {
    const clock = new Clock(momentOf(1000n * NANOS));
    const moment = { seconds: 5, nanos: 999_999_999 };
    clock.sample(ahead(10n * NANOS, 2000n * NANOS + 1n));
    assert.equal(nanosOf(clock.instant(moment)), 2006n * NANOS);
    clock.sample(ahead(11n * NANOS, 2000n * NANOS));
    assert.equal(nanosOf(clock.instant(moment)), 2006n * NANOS - 1n);
    assert.equal(nanosOf(clock.startInstant(moment)), 1006n * NANOS - 1n);
  });

  test("takes no first sample for a step, however far it is from the fixed offset", () => {
    const clock = new Clock(momentOf(1000n * NANOS));
    assert.equal(clock.stepped, false);
    clock.sample(ahead(10n * NANOS, 5000n * NANOS));
    assert.equal(clock.stepped, false);
  });

  test("tells a step from slewing, in both directions, until the next sample", () => {
    for (const direction of [1n, -1n]) {
      const clock = new Clock(momentOf(0n));
      let offset = 1000n * NANOS;
      const change = (by: bigint): boolean => {
        offset += by * direction;
        clock.sample(ahead(10n * NANOS, offset));
        return clock.stepped;
      };
      assert.equal(change(0n), false);
      assert.equal(change(500_000n), false, "the fastest slewing");
      assert.equal(change(STEP), false);
      assert.equal(change(STEP + 1n), true);
      assert.equal(change(0n), false, "the step is over");
      assert.equal(change(3600n * NANOS), true, "an hour");
      assert.equal(change(3600n * NANOS), true, "and another");
    }
  });

  test("finds exactly the steps in any row of samples", () => {
    // Many small changes, around the bound too, and a few of years.
    const change = fc.oneof(
      fc.bigInt(-2n * STEP, 2n * STEP),
      fc.constantFrom(STEP, STEP + 1n, -STEP, -STEP - 1n, 0n),
      fc.bigInt(-(10n ** 17n), 10n ** 17n),
    );
    fc.assert(
      fc.property(boot, fc.array(change, { maxLength: 20 }), (time, changes) => {
        const clock = new Clock(momentOf(0n));
        // Far enough from 1970 that no row of changes gets there.
        let offset = 4n * 10n ** 18n;
        clock.sample(ahead(nanosOf(time), offset));
        for (const by of changes) {
          offset += by;
          clock.sample(ahead(nanosOf(time), offset));
          assert.equal(clock.stepped, by > STEP || by < -STEP, `${by} ns`);
        }
      }),
    );
  });
});

test("both clocks are read without the addon to 10 ms", () => {
  const uptime = (): bigint => BigInt(readFileSync("/proc/uptime", "latin1").split(" ")[0]?.replace(".", "") ?? "");
  const before = { boot: uptime(), wall: Date.now() };
  const { time, realtime } = readClock();
  const after = { boot: uptime(), wall: Date.now() };
  const hundredths = nanosOf(time) / 10_000_000n;
  assert.ok(before.boot <= hundredths && hundredths <= after.boot, `${before.boot} ${hundredths} ${after.boot}`);
  const millis = Number(nanosOf(realtime) / 1_000_000n);
  assert.ok(before.wall <= millis && millis <= after.wall, `${before.wall} ${millis} ${after.wall}`);
});
