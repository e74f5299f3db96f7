import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { DocumentWriter } from "../../ecs/document.ts";
import { type Gap, gapBetween } from "../../src/process/gap.ts";
import { Instant } from "../../src/process/instant.ts";
import type { Watermark } from "../../src/process/watermark.ts";
import type { LastBeat } from "../../src/source/heartbeat.ts";
import * as lives from "./ecs_lives.ts";

interface Note {
  readonly event: Readonly<Record<string, unknown>>;
  readonly message: string;
  readonly error: { readonly code: string } | undefined;
  readonly mayfly: Readonly<Record<string, unknown>>;
  readonly data_stream: unknown;
}

const EPOCH = 1_795_254_000;

/** A beat that many seconds after a moment when the boot clock was at 5,000 s. */
function beat(seconds: number, changed: Partial<LastBeat> = {}): LastBeat {
  const at = momentOf(seconds);
  return {
    version: "0.1.0",
    bootId: "boot",
    ephemeralId: "run",
    time: { seconds: EPOCH + at.seconds, nanos: at.nanos },
    boot: { seconds: 5000 + at.seconds, nanos: at.nanos },
    clean: false,
    ...changed,
  };
}

/** @param set seconds by which the wall clock was set ahead meanwhile */
function watch(seconds: number, set = 0): Watermark {
  const at = momentOf(seconds);
  return {
    time: new Instant(EPOCH + set + at.seconds, at.nanos),
    boot: { seconds: 5000 + at.seconds, nanos: at.nanos },
  };
}

function momentOf(seconds: number) {
  return { seconds: Math.floor(seconds), nanos: Math.round((seconds - Math.floor(seconds)) * 1e9) };
}

function text({ from, to, ...flags }: Gap): unknown {
  return [from.iso().slice(14), to.iso().slice(14), ...Object.values(flags)];
}

describe("the gap between two runs", () => {
  test("goes from the watermark of the one to the first moment of the other", () => {
    const gap = gapBetween(beat(0.9), watch(12.25), "boot");
    assert.deepEqual(text(gap), ["40:00.900000000Z", "40:12.250000000Z", false, false, false]);
  });

  test("says whether the end was an orderly one", () => {
    assert.equal(gapBetween(beat(0, { clean: true }), watch(1), "boot").clean, true);
  });

  test("reaches over a reboot, and says so", () => {
    const since = { time: new Instant(EPOCH + 90, 0), boot: { seconds: 12, nanos: 0 } };
    assert.deepEqual(text(gapBetween(beat(0), since, "next boot")), [
      "40:00.000000000Z",
      "41:30.000000000Z",
      false,
      true,
      false,
    ]);
  });

  test("begins where the boot clock says when the wall clock was set back", () => {
    const gap = gapBetween(beat(10), watch(15.5, -600), "boot");
    assert.deepEqual(text(gap), ["30:10.000000000Z", "30:15.500000000Z", false, false, true]);
  });

  test("begins at the watermark when the wall clock was set ahead: what happened before that is dated so", () => {
    const gap = gapBetween(beat(10), watch(15, 600), "boot");
    assert.deepEqual(text(gap), ["40:10.000000000Z", "50:15.000000000Z", false, false, true]);
  });

  test("is of no length, and says why, when a clock was set back over a reboot", () => {
    const since = { time: new Instant(EPOCH - 90, 0), boot: { seconds: 12, nanos: 0 } };
    assert.deepEqual(text(gapBetween(beat(0), since, "next boot")), [
      "38:30.000000000Z",
      "38:30.000000000Z",
      false,
      true,
      true,
    ]);
  });

  test("does not take the drift of a clock over weeks for a set one", () => {
    const weeks = 3 * 7 * 86_400;
    assert.equal(gapBetween(beat(0), watch(weeks, -300), "boot").clockStepped, false);
    assert.equal(gapBetween(beat(0), watch(60, -300), "boot").clockStepped, true);
  });

  test("never ends before it begins, and begins no later than by either clock", () => {
    const moment = fc.record({ seconds: fc.nat(10_000), nanos: fc.nat(999_999_999) });
    const wall = (at: { seconds: number; nanos: number }, set: number) =>
      new Instant(EPOCH + at.seconds + set, at.nanos);
    const order = (a: Instant, b: Instant): number => a.seconds - b.seconds || a.nanos - b.nanos;
    fc.assert(
      fc.property(moment, moment, fc.integer({ min: -5000, max: 5000 }), fc.boolean(), (last, now, set, reboot) => {
        const kept = beat(0, { time: wall(last, 0), boot: last });
        const since = { time: wall(now, set), boot: now };
        const { from, to } = gapBetween(kept, since, reboot ? "next boot" : "boot");
        assert.equal(to, since.time);
        assert.ok(order(from, to) <= 0);
        assert.ok(order(from, wall(last, 0)) <= 0, "no later than the watermark");
        const isLater = now.seconds > last.seconds;
        if (!reboot && isLater) assert.ok(order(from, wall(last, set)) <= 0, "no later than by the present clock");
      }),
    );
  });
});

describe("a gap as a note", () => {
  const crash: Gap = {
    from: new Instant(lives.second, 0),
    to: new Instant(lives.second + 12, 340_000_000),
    clean: false,
    rebooted: false,
    clockStepped: false,
  };
  const note = (gap: Gap): Note => JSON.parse(new DocumentWriter(lives.options()).writeGap(gap)) as Note;

  test("tells from when to when, in a sentence, too", () => {
    const { event, mayfly, message, error } = note(crash);
    assert.deepEqual([event["start"], event["end"]], [crash.from.iso(), crash.to.iso()]);
    assert.deepEqual([event["action"], event["kind"]], ["not_watching", "pipeline_error"]);
    assert.equal(
      message,
      `mayfly was not watching from ${crash.from.iso()} to ${crash.to.iso()} (12.3 s): it ended without a word (killed, crashed ` +
        "or a power cut); what it saw last may be missing, too.",
    );
    assert.equal(error?.code, "NOT_WATCHING");
    assert.deepEqual(mayfly["gap"], {
      from: crash.from.iso(),
      to: crash.to.iso(),
      clean: false,
      rebooted: false,
      clock_stepped: false,
    });
  });

  test("is no error after an orderly end", () => {
    const { error, message } = note({ ...crash, clean: true });
    assert.equal(error, undefined);
    assert.match(message, /it had been stopped; what it had seen before is told\.$/);
  });

  test("says that the host was started anew or the clock was set", () => {
    assert.match(note({ ...crash, rebooted: true }).message, /started anew in between\.$/);
    assert.match(note({ ...crash, clockStepped: true }).message, /wall clock was set in between/);
  });

  test("has an id that no other note of the run has", () => {
    const writer = new DocumentWriter(lives.options());
    const loss = { time: crash.to, from: crash.from, to: crash.to, lost: { spool_full: 1 } };
    const ids = [writer.writeGap(crash), writer.writeLoss(loss), writer.writeGap(crash)].map((line) =>
      line.slice(62, 86),
    );
    assert.equal(new Set(ids).size, 3);
  });
});

test("documents that were lost are told as documents, what was lost before them as events", () => {
  const writer = new DocumentWriter(lives.options({ namespace: "prod" }));
  const [from, to] = [new Instant(lives.second, 0), new Instant(lives.second + 2, 5)];
  const line = writer.writeLoss({
    time: to,
    from,
    to,
    lost: { spool_full: 1200, spool_unwritable: 0, spool_damaged: 3 },
  });
  const note = JSON.parse(line) as Note;
  assert.equal(note.event["action"], "documents_lost");
  assert.equal(note.error?.code, "DOCUMENTS_LOST");
  assert.deepEqual(note.mayfly, { lost: { spool_full: 1200, spool_damaged: 3 } });
  assert.match(note.message, /^1203 documents were lost between .*: 1200 spool_full, 3 spool_damaged\.$/);
  assert.deepEqual(note.data_stream, { type: "logs", dataset: "mayfly.agent", namespace: "prod" });
});
