import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Transition } from "../../src/process/lifecycle.ts";
import { counts, encodeLives, init, pass, pids, shell, stage, standStill, told, until } from "./agent.fixture.ts";
import { clock, exec, exit, fork, ref } from "./world.fixture.ts";

const { fork: F, exec: X, end: E } = Transition;
standStill();

describe("records on their way through the agent", () => {
  test("come out as lives", async () => {
    const { source, events, agent } = stage();
    const ended = agent.run(true);
    source.encoder.fork(fork(shell, init, 5000));
    source.encoder.exec(exec(shell, "/bin/sh", 5001));
    await source.deliver();
    assert.equal(events.lives.length, 0);
    source.encoder.exit(exit(shell, 3 << 8, 5002));
    await source.deliver();
    assert.deepEqual(told(events.lives), [[100, F | X | E]]);
    assert.equal(events.lives[0]?.image?.executable, "/bin/sh");
    assert.equal(events.lives[0]?.exit?.status, 3 << 8);
    agent.stop();
    await ended;
    assert.equal(events.lives.length, 1);
  });

  test("are worked off batch after batch, however many are handed over at once", async () => {
    const { source, events, agent } = stage();
    const ended = agent.run(true);
    const done: number[] = [];
    const batches = pids(0, 20).map((batch) => {
      encodeLives(source, 1000 + batch * 100, 100);
      return source.deliver().then(() => {
        done.push(batch);
        assert.equal(events.lives.length, (batch + 1) * 100, "a batch is done when all of it is");
      });
    });
    await Promise.all(batches);
    assert.deepEqual(done, pids(0, 20));
    assert.deepEqual(
      events.lives.map(({ identity }) => identity.pid),
      pids(1000, 2000),
    );
    agent.stop();
    await ended;
  });

  test("are worked off in slices, with a look at the outputs after each", async () => {
    const { source, events, agent } = stage();
    const ended = agent.run(true);
    encodeLives(source, 1000, 2000);
    await source.deliver();
    assert.equal(events.lives.length, 2000);
    assert.ok(events.looks.length >= 5, `${events.looks.length} looks in 832,000 bytes`);
    const slices = events.looks.map((lives, i) => lives - (events.looks[i - 1] ?? 0));
    assert.ok(Math.max(...slices) <= 400, `slices of ${slices.join()} lives`);
    agent.stop();
    await ended;
  });

  test("that are no records are counted and told as a loss, and what comes after them is taken", async () => {
    const { source, events, agent, logged } = stage();
    const ended = agent.run(true);
    await source.deliverBytes(new ArrayBuffer(64));
    encodeLives(source, 1000, 1);
    await source.deliver();
    pass(1000);
    assert.equal(events.losses.length, 1);
    assert.deepEqual(counts(events.losses[0]), { undecodable: 1 });
    assert.match(logged.join("\n"), /records were lost.*undecodable=1/);
    assert.deepEqual(told(events.lives), [[1000, F | E]]);
    agent.stop();
    await ended;
  });
});

describe("outputs that are behind", () => {
  test("are waited for at a replay until they have caught up, however long that takes", async () => {
    const { source, events, agent } = stage();
    const ended = agent.run(false);
    events.isBehind = () => events.turns < 500;
    encodeLives(source, 1000, 1000);
    let done = false;
    const first = source.deliver().then(() => {
      done = true;
      assert.equal(events.turns, 500);
    });
    encodeLives(source, 5000, 1);
    const second = source.deliver();
    await until(() => events.turns >= 400);
    assert.equal(done, false);
    assert.ok(events.lives.length < 1000, `${events.lives.length} lives pressed on outputs that are behind`);
    await Promise.all([first, second]);
    assert.equal(events.lives.length, 1001);
    agent.stop();
    await ended;
  });

  test("are waited for while watching, but not for ever: the kernel does not wait", async () => {
    const { source, events, agent } = stage();
    const ended = agent.run(true);
    events.isBehind = () => true;
    encodeLives(source, 1000, 10);
    await source.deliver();
    assert.ok(events.turns > 0 && events.turns <= 50, `${events.turns} turns for one slice`);
    assert.equal(events.lives.length, 10);
    agent.stop();
    await ended;
  });

  test("are waited for at each slice again", async () => {
    const { source, events, agent } = stage();
    const ended = agent.run(true);
    const waitedAt: number[] = [];
    events.isBehind = () => {
      if (waitedAt.at(-1) === events.lives.length) return false;
      waitedAt.push(events.lives.length);
      return true;
    };
    encodeLives(source, 1000, 2000);
    await source.deliver();
    assert.ok(waitedAt.length >= 5, `${waitedAt.join()} lives`);
    agent.stop();
    await ended;
  });

  test("are not waited for while so many batches are under way that the ring is in danger", async () => {
    const { source, events, agent } = stage();
    const ended = agent.run(true);
    events.isBehind = () => true;
    let atFirstTurn = -1;
    events.catchUp = async () => {
      events.turns++;
      if (atFirstTurn < 0) atFirstTurn = events.lives.length;
    };
    const batches = pids(0, 12).map((batch) => {
      encodeLives(source, 1000 + batch, 1);
      return source.deliver();
    });
    await Promise.all(batches);
    assert.ok(atFirstTurn >= 4 && atFirstTurn < 12, `${atFirstTurn} batches went through before the first wait`);
    assert.equal(events.lives.length, 12);
    agent.stop();
    await ended;
  });

  test("get no lives that only came of age, until they have caught up", async () => {
    const { source, events, agent } = stage(1000);
    const ended = agent.run(true);
    source.encoder.clock(clock(5000));
    source.encoder.fork(fork(shell, init, 5000));
    await source.deliver();
    events.isBehind = () => true;
    pass(2000);
    assert.equal(events.lives.length, 0);
    events.isBehind = () => false;
    pass(100);
    assert.deepEqual(told(events.lives), [[100, F]]);
    agent.stop();
    await ended;
  });

  test("do not keep it from ending", async () => {
    const { source, events, agent } = stage(60_000);
    const ended = agent.run(true);
    events.isBehind = () => true;
    for (const pid of pids(1000, 5000)) source.encoder.fork(fork(ref(pid, 5000), init, 5000));
    await source.deliver();
    agent.stop();
    await ended;
    assert.equal(events.lives.length, 5000);
  });
});
