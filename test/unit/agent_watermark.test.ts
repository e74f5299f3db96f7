import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Transition } from "../../src/process/lifecycle.ts";
import { NO_LOSSES } from "../../src/source/source.ts";
import { init, pass, type Stage, shell, stage, standStill, told } from "./agent.fixture.ts";
import { clock, exec, exit, fork, ref } from "./world.fixture.ts";

standStill();

/** An agent that watches, at 5,000 ms of the boot clock. */
async function watching(hold = 1000): Promise<Stage & { readonly ended: Promise<void> }> {
  const s = stage(hold);
  const ended = s.agent.run(true);
  s.source.encoder.clock(clock(5000));
  s.source.encoder.scanned(clock(5000));
  await s.source.deliver();
  return { ...s, ended };
}

/** The watermark in milliseconds of the boot clock, by the wall clock; both say the same unless a test sets one. */
function markOf({ agent }: Stage): number | undefined {
  const mark = agent.watermark();
  return mark && (mark.time.seconds - 1_700_000_000) * 1000 + mark.time.nanos / 1e6;
}

/** The time of the host and of mayfly goes on for a second, and the reader says so. */
async function second({ source }: Stage, ms: number): Promise<void> {
  pass(1000);
  source.encoder.clock(clock(ms));
  await source.deliver();
}

describe("the watermark", () => {
  test("is not known before watching has begun and the clock has been heard twice", async () => {
    const s = stage();
    const ended = s.agent.run(true);
    s.source.encoder.clock(clock(5000));
    s.source.encoder.clock(clock(6000));
    await s.source.deliver();
    assert.equal(s.agent.watermark(), undefined, "no scan yet");
    s.source.encoder.scanned(clock(6000));
    await s.source.deliver();
    assert.equal(markOf(s), 5000);
    s.agent.stop();
    await ended;
  });

  test("follows the clock one sample behind: what happened before the last one may still be in the ring", async () => {
    const s = await watching();
    assert.equal(s.agent.watermark(), undefined);
    await second(s, 6000);
    assert.equal(markOf(s), 5000);
    await second(s, 7000);
    assert.equal(markOf(s), 6000);
    s.agent.stop();
    await s.ended;
  });

  test("waits for the oldest life that waits", async () => {
    const s = await watching(10_000);
    s.source.encoder.fork(fork(shell, init, 5400));
    for (const ms of [6000, 7000, 8000]) await second(s, ms);
    assert.equal(markOf(s), 5400);
    s.source.encoder.exit(exit(shell, 0, 8100));
    await s.source.deliver();
    assert.equal(markOf(s), 7000);
    s.agent.stop();
    await s.ended;
  });

  test("waits for a life that began earlier than what was told before it, too", async () => {
    const s = await watching(10_000);
    s.source.encoder.fork(fork(ref(200, 5500.1), init, 5500.1));
    s.source.encoder.fork(fork(ref(201, 5500), init, 5500));
    for (const ms of [6000, 7000]) await second(s, ms);
    assert.equal(markOf(s), 5500);
    s.agent.stop();
    await s.ended;
  });

  test("waits until what was lost in the kernel is told", async () => {
    const s = await watching();
    await second(s, 6000);
    const looked = markOf(s) ?? Number.NaN;
    s.source.lost = { ...NO_LOSSES, exit: 1 };
    s.source.encoder.clock(clock(9000));
    s.source.encoder.clock(clock(10_000));
    await s.source.deliver();
    assert.equal(s.events.losses.length, 0);
    assert.ok((markOf(s) ?? Number.NaN) <= looked + 1000, `${markOf(s)}`);
    await second(s, 11_000);
    await second(s, 12_000);
    assert.equal(s.events.losses.length, 1);
    assert.ok((markOf(s) ?? Number.NaN) >= 10_000, `${markOf(s)}`);
    s.agent.stop();
    await s.ended;
  });

  test("is the last moment of all at an orderly end", async () => {
    const s = await watching();
    s.source.encoder.fork(fork(shell, init, 5400));
    s.source.encoder.clock(clock(5500));
    await s.source.deliver();
    s.agent.stop();
    await s.ended;
    assert.equal(s.events.lives.length, 1);
    assert.equal(markOf(s), 5500);
  });

  test("does not move on when the source breaks: what it still had is unknown", async () => {
    const s = await watching();
    await second(s, 6000);
    s.source.break(new Error("broken"));
    await assert.rejects(s.ended);
    assert.equal(markOf(s), 5000);
  });

  test("is the earliest by either clock when the wall clock is set back", async () => {
    const s = await watching(10_000);
    s.source.encoder.fork(fork(shell, init, 5400));
    const set = clock(6000);
    const realtime = { ...set.realtime, seconds: set.realtime.seconds - 3600 };
    s.source.encoder.clock({ ...set, realtime });
    s.source.encoder.fork(fork(ref(300, 6100), init, 6100));
    await s.source.deliver();
    const mark = s.agent.watermark();
    assert.deepEqual(mark?.boot, { seconds: 5, nanos: 0 });
    assert.equal(mark?.time.seconds, 1_700_000_005 - 3600);
    s.agent.stop();
    await s.ended;
  });
});

describe("the moment since which is watched", () => {
  test("is the first one that the reader tells, and told with what was found", async () => {
    const { events, agent, ended } = await watching();
    assert.deepEqual(events.watching, [0]);
    assert.deepEqual(events.since[0]?.boot, { seconds: 5, nanos: 0 });
    assert.equal(events.since[0]?.time.iso(), "2023-11-14T22:13:25.000000000Z");
    agent.stop();
    await ended;
  });

  test("is waited for where a scan of /proc comes before it", async () => {
    const { source, events, agent } = stage();
    const ended = agent.run(true);
    source.encoder.task(exec(shell, "/bin/sh", 4990, { parent: init }));
    source.encoder.scanned(clock(4990));
    await source.deliver();
    assert.deepEqual(events.watching, []);
    source.encoder.clock(clock(5003));
    await source.deliver();
    assert.deepEqual(events.watching, [1]);
    assert.deepEqual(events.since[0]?.boot, { seconds: 5, nanos: 3_000_000 });
    agent.stop();
    await ended;
  });
});

describe("found processes whose documents are spread", () => {
  const { found: O, exec: X, end: E, fork: F } = Transition;

  async function crowd(count: number): Promise<Stage & { readonly ended: Promise<void> }> {
    const s = stage(1000, true, 60_000);
    const ended = s.agent.run(true);
    s.source.encoder.clock(clock(5000));
    for (let i = 0; i < count; i++)
      s.source.encoder.task(exec(ref(1000 + i, 100 + i * 10), `/bin/tool${i}`, 5000, { parent: init }));
    s.source.encoder.scanned(clock(5001));
    await s.source.deliver();
    return { ...s, ended };
  }

  test("leave evenly, in order, the last at the end of the time", async () => {
    const s = await crowd(600);
    const left: number[] = [];
    for (let look = 0; look < 12; look++) {
      const before = s.events.lives.length;
      for (let i = 0; i < 5; i++) await second(s, 6000 + look * 5000 + i * 1000);
      left.push(s.events.lives.length - before);
    }
    assert.equal(s.events.lives.length, 600);
    assert.ok(Math.min(...left) >= 45 && Math.max(...left) <= 55, `${left.join()} in 5 s each`);
    assert.deepEqual(
      s.events.lives.map(({ identity }) => identity.pid),
      Array.from({ length: 600 }, (_, i) => 1000 + i),
    );
    s.agent.stop();
    await s.ended;
  });

  test("hold up no other life", async () => {
    const s = await crowd(100);
    s.source.encoder.fork(fork(shell, init, 5500));
    await s.source.deliver();
    pass(2000);
    assert.ok(told(s.events.lives).some(([pid, transitions]) => pid === 100 && transitions === F));
    assert.ok(s.events.lives.length < 10);
    s.agent.stop();
    await s.ended;
  });

  test("leave before what happens to them meanwhile", async () => {
    const s = await crowd(100);
    s.source.encoder.exec(exec(ref(1099, 1090), "/bin/other", 6000));
    s.source.encoder.exit(exit(ref(1098, 1080), 0, 6001));
    s.source.encoder.exit(exit(ref(1099, 1090), 0, 6002));
    await s.source.deliver();
    assert.deepEqual(
      told(s.events.lives).filter(([pid]) => pid >= 1098),
      [
        [1099, O],
        [1098, O],
        [1098, E],
        [1099, X | E],
      ],
    );
    s.agent.stop();
    await s.ended;
    assert.equal(s.events.lives.length, 102, "and all others at the end");
  });

  test("keep the watermark at their scan until the last has left", async () => {
    const s = await crowd(60);
    for (let ms = 6000; ms <= 60_000; ms += 1000) {
      await second(s, ms);
      assert.equal(markOf(s), 5000);
    }
    for (let ms = 61_000; ms <= 67_000; ms += 1000) await second(s, ms);
    assert.equal(markOf(s), 66_000);
    s.agent.stop();
    await s.ended;
  });

  test("are no more than may wait: then the first leave early", async () => {
    const s = await crowd(70_000);
    assert.equal(s.agent.tracker.aggregation.pending, 65_536);
    assert.equal(s.events.lives.length, 70_000 - 65_536);
    s.agent.stop();
    await s.ended;
    assert.equal(s.events.lives.length, 70_000);
  });
});
