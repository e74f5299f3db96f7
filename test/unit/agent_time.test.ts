import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Quality } from "../../src/process/facts.ts";
import { Transition } from "../../src/process/lifecycle.ts";
import { init, pass, pids, shell, stage, standStill, told } from "./agent.fixture.ts";
import { clock, exec, exit, fork, NOBODY, ref } from "./world.fixture.ts";

const { fork: F, found: O } = Transition;
standStill();

describe("lives that wait", () => {
  test("leave when their hold is over, though no record comes", async () => {
    const { source, events, agent } = stage(1000);
    const ended = agent.run(true);
    source.encoder.clock(clock(5000));
    source.encoder.fork(fork(shell, init, 5000));
    await source.deliver();
    pass(900);
    assert.equal(events.lives.length, 0);
    pass(200);
    assert.deepEqual(told(events.lives), [[100, F]]);
    agent.stop();
    await ended;
  });

  test("leave by the records' time alone at a replay", async () => {
    const { source, events, agent } = stage(1000);
    const ended = agent.run(false);
    source.encoder.clock(clock(5000));
    source.encoder.fork(fork(shell, init, 5000));
    await source.deliver();
    pass(60_000);
    assert.equal(events.lives.length, 0);
    source.encoder.clock(clock(6000));
    await source.deliver();
    assert.deepEqual(told(events.lives), [[100, F]]);
    agent.stop();
    await ended;
  });

  test("leave little by little when a crowd comes of age together", async () => {
    const { source, events, agent } = stage(1000);
    const ended = agent.run(true);
    source.encoder.clock(clock(5000));
    for (const pid of pids(1000, 10_000)) source.encoder.fork(fork(ref(pid, 5000), init, 5000));
    await source.deliver();
    const left: number[] = [];
    for (let look = 0; look < 40; look++) {
      const before = events.lives.length;
      pass(100);
      left.push(events.lives.length - before);
    }
    assert.equal(events.lives.length, 10_000);
    assert.ok(Math.max(...left) <= 2000, `${Math.max(...left)} at one look`);
    agent.stop();
    await ended;
  });

  test("all leave at the end, in order, with turns for the outputs in between", async () => {
    const { source, events, agent } = stage(60_000);
    const ended = agent.run(true);
    for (const pid of pids(1000, 5000)) source.encoder.fork(fork(ref(pid, 5000), init, 5000));
    await source.deliver();
    assert.equal(events.lives.length, 0);
    events.looks.length = 0;
    agent.stop();
    await ended;
    assert.deepEqual(
      events.lives.map(({ identity }) => identity.pid),
      pids(1000, 5000),
    );
    assert.ok(
      events.looks.some((lives) => lives > 0 && lives < 5000),
      `looks at ${events.looks.join()}`,
    );
    assert.equal(agent.tracker.aggregation.pending, 0);
  });

  test("all leave when the source breaks, and the fault is told", async () => {
    const { source, events, agent } = stage();
    const ended = agent.run(false);
    source.encoder.fork(fork(shell, init, 5000));
    await source.deliver();
    source.break(new Error("damaged from here on"));
    await assert.rejects(ended, /damaged from here on/);
    assert.deepEqual(told(events.lives), [[100, F]]);
  });
});

describe("a wall clock that is set", () => {
  /** A sample whose wall clock is ahead of what it would be. */
  const set = (ms: number, seconds: number) => {
    const record = clock(ms);
    return { ...record, realtime: { ...record.realtime, seconds: record.realtime.seconds + seconds } };
  };

  test("is warned of, and flagged on what began between the two samples and on nothing else", async () => {
    const { source, events, agent, logged } = stage();
    const ended = agent.run(true);
    const { encoder } = source;
    encoder.clock(clock(5000));
    encoder.fork(fork(shell, init, 5100));
    encoder.exit(exit(shell, 0, 5200));
    encoder.clock(set(6000, 3600));
    encoder.fork(fork(ref(101, 6100), init, 6100));
    encoder.exit(exit(ref(101, 6100), 0, 6200));
    await source.deliver();
    assert.equal(logged.filter((line) => /warn {2}the wall clock was set/.test(line)).length, 1);
    assert.match(logged.join("\n"), /code=clock_stepped/);
    encoder.clock(set(7000, 3600));
    encoder.fork(fork(ref(102, 7100), init, 7100));
    encoder.exit(exit(ref(102, 7100), 0, 7200));
    await source.deliver();
    agent.stop();
    await ended;
    const flagged = events.lives.map(({ quality }) => (quality & Quality.clockStepped) !== 0);
    assert.deepEqual(flagged, [false, true, false]);
    assert.equal(logged.length, 1, "warned of once");
  });

  test("moves the times of what happens, and no process's start", async () => {
    const { source, events, agent } = stage();
    const ended = agent.run(true);
    source.encoder.clock(clock(5000));
    source.encoder.clock(set(6000, 3600));
    source.encoder.fork(fork(shell, init, 6100));
    await source.deliver();
    agent.stop();
    await ended;
    assert.equal(events.lives[0]?.time.seconds, 1_700_003_606);
    assert.equal(events.lives[0]?.identity.start.seconds, 1_700_000_005);
  });
});

describe("the start-up scan", () => {
  test("is told once, with as many as it found, and later scans are not", async () => {
    const { source, events, agent } = stage();
    const ended = agent.run(true);
    source.encoder.clock(clock(6000));
    source.encoder.task(exec(init, "/sbin/init", 6001, { parent: NOBODY }));
    source.encoder.task(exec(shell, "/bin/sh", 6001, { parent: init }));
    await source.deliver();
    assert.deepEqual(events.watching, []);
    source.encoder.scanned(clock(6001));
    await source.deliver();
    assert.deepEqual(events.watching, [2]);
    source.encoder.task(exec(ref(300, 6500), "/bin/more", 7000, { parent: init }));
    source.encoder.scanned(clock(7000));
    await source.deliver();
    agent.stop();
    await ended;
    assert.deepEqual(events.watching, [2]);
    assert.deepEqual(told(events.lives).slice(0, 2), [
      [1, O],
      [100, O],
    ]);
  });

  test("may stay untold: then it only teaches who was there", async () => {
    const { source, events, agent } = stage(1000, false);
    const ended = agent.run(true);
    source.encoder.clock(clock(6000));
    source.encoder.task(exec(shell, "/bin/sh", 6001, { parent: NOBODY }));
    source.encoder.scanned(clock(6001));
    source.encoder.fork(fork(ref(101, 6100), shell, 6100));
    await source.deliver();
    agent.stop();
    await ended;
    assert.deepEqual(events.watching, [1]);
    assert.deepEqual(told(events.lives), [[101, F]]);
    assert.equal(events.lives[0]?.origin.parent?.image?.executable, "/bin/sh");
  });
});
