import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Quality } from "../../src/process/facts.ts";
import { Transition } from "../../src/process/lifecycle.ts";
import { NO_LOSSES } from "../../src/source/source.ts";
import { counts, init, pass, shell, stage, standStill, told } from "./agent.fixture.ts";
import { clock, exec, fork, ref } from "./world.fixture.ts";

const { fork: F, end: E } = Transition;
standStill();

describe("losses", () => {
  test("that rise are told once, by kind, with the time between two looks, and a scan is asked for", async () => {
    const { source, events, agent, logged } = stage();
    const ended = agent.run(true);
    source.encoder.clock(clock(5000));
    await source.deliver();
    pass(1000);
    assert.deepEqual([events.losses.length, source.rescans], [0, 0]);

    source.lost = { fork: 1, exec: 2, exit: 3, change: 7, missed: 4, malformed: 5, failedScans: 6 };
    pass(1000);
    const [loss] = events.losses;
    assert.deepEqual(counts(loss), { ...source.lost });
    assert.equal(loss?.from.iso(), "2023-11-14T22:13:26.000000000Z");
    assert.equal(loss?.to.iso(), "2023-11-14T22:13:27.000000000Z");
    assert.equal(source.rescans, 1);
    assert.match(logged.join("\n"), /warn {2}records were lost.*fork=1 exec=2 exit=3 change=7 missed=4/);

    pass(5000);
    assert.deepEqual([events.losses.length, source.rescans], [1, 1], "not again");
    agent.stop();
    await ended;
  });

  test("are told as what came since the last time, so that their sum is all there were", async () => {
    const { source, events, agent } = stage();
    const ended = agent.run(true);
    source.encoder.clock(clock(5000));
    await source.deliver();
    for (const exits of [3, 3, 10]) {
      source.lost = { ...NO_LOSSES, exit: exits };
      pass(1000);
    }
    assert.deepEqual(
      events.losses.map(({ lost }) => lost.exit),
      [3, 7],
    );
    assert.equal(source.rescans, 2);
    source.lost = { ...NO_LOSSES, exit: 15 };
    agent.stop();
    await ended;
    assert.deepEqual(
      events.losses.map(({ lost }) => lost.exit),
      [3, 7, 5],
      "those of the last second, too",
    );
  });

  test("that follow one another leave no time out", async () => {
    const { source, events, agent } = stage();
    const ended = agent.run(true);
    source.encoder.clock(clock(5000));
    await source.deliver();
    for (const exits of [0, 1, 2, 3]) {
      source.lost = { ...NO_LOSSES, exit: exits };
      pass(1000);
    }
    const [first, second, third] = events.losses;
    assert.equal(second?.from.iso(), first?.to.iso());
    assert.equal(third?.from.iso(), second?.to.iso());
    agent.stop();
    await ended;
  });

  test("of a recording are told at its end: it has no time of its own to look", async () => {
    const { source, events, agent } = stage();
    const ended = agent.run(false);
    source.lost = { ...NO_LOSSES, fork: 1 };
    pass(10_000);
    assert.equal(events.losses.length, 0);
    agent.stop();
    await ended;
    assert.equal(events.losses[0]?.lost.fork, 1);
  });

  test("are healed by the scan that was asked for: who is gone ends, who is new starts", async () => {
    const { source, events, agent } = stage(100);
    const ended = agent.run(true);
    source.encoder.clock(clock(4000));
    source.encoder.scanned(clock(4000));
    source.encoder.fork(fork(shell, init, 5000));
    await source.deliver();
    source.lost = { ...NO_LOSSES, fork: 1, exit: 1 };
    pass(1000);
    assert.equal(source.rescans, 1);
    source.encoder.task(exec(ref(400, 7000), "/bin/new", 8000, { parent: init }));
    source.encoder.scanned(clock(8000));
    source.encoder.clock(clock(8300));
    await source.deliver();
    agent.stop();
    await ended;
    assert.deepEqual(told(events.lives), [
      [100, F],
      [100, E],
      [400, F],
    ]);
    assert.equal((events.lives[1]?.quality ?? 0) & Quality.exitLost, Quality.exitLost);
    assert.equal((events.lives[2]?.quality ?? 0) & Quality.forkUnseen, Quality.forkUnseen);
  });
});
