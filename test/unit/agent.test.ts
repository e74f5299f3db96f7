import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, mock, test } from "node:test";
import { Agent, type AgentEvents, type AgentLoss } from "../../src/agent.ts";
import { Quality } from "../../src/process/facts.ts";
import { EntityIds } from "../../src/process/identity.ts";
import { type Lifecycle, Transition } from "../../src/process/lifecycle.ts";
import { Encoder } from "../../src/record/encode.ts";
import { layout } from "../../src/record/layout.ts";
import { NO_LOSSES, type OnBatch, type Source, type SourceLosses } from "../../src/source/source.ts";
import { Log } from "../../src/telemetry/log.ts";
import { clock, exec, exit, fork, NOBODY, ref } from "./world.fixture.ts";

const { fork: F, exec: X, end: E, found: O } = Transition;
const init = ref(1, 10);
const shell = ref(100, 5000);

/** Hands over what a test encodes, and ends when it is asked to. */
class FakeSource implements Source {
  readonly layout = layout;
  readonly encoder = new Encoder();
  rescans = 0;
  lost: SourceLosses = NO_LOSSES;
  #onBatch: OnBatch | undefined = undefined;
  #last = Promise.resolve();
  #end: (() => void) | undefined = undefined;
  #fail: ((fault: Error) => void) | undefined = undefined;

  start(onBatch: OnBatch): Promise<void> {
    this.#onBatch = onBatch;
    return new Promise<void>((resolve, reject) => {
      this.#end = () => void this.#last.then(resolve);
      this.#fail = reject;
    });
  }

  /** Hands over what is encoded since the last time; resolves when it is worked off. */
  deliver(): Promise<void> {
    return this.deliverBytes(this.encoder.take());
  }

  deliverBytes(bytes: ArrayBuffer): Promise<void> {
    assert.ok(this.#onBatch !== undefined, "the source was started");
    this.#last = this.#onBatch(bytes);
    return this.#last;
  }

  rescan(): void {
    this.rescans++;
  }

  stop(): void {
    this.#end?.();
  }

  break(fault: Error): void {
    this.#fail?.(fault);
  }

  losses(): SourceLosses {
    return this.lost;
  }
}

/** Keeps what an agent tells; `behind` is for the test to set. */
class FakeEvents implements AgentEvents {
  readonly lives: Lifecycle[] = [];
  readonly watching: number[] = [];
  readonly losses: AgentLoss[] = [];
  /** Lives that had come at each look at the outputs. */
  readonly looks: number[] = [];
  /** Turns that were waited. */
  turns = 0;
  isBehind: () => boolean = () => false;

  onLife = (life: Lifecycle): void => {
    this.lives.push({ ...life });
  };
  onWatching = (found: number): void => {
    this.watching.push(found);
  };
  onLoss = (loss: AgentLoss): void => {
    this.losses.push(loss);
  };
  behind = (): boolean => {
    this.looks.push(this.lives.length);
    return this.isBehind();
  };
  catchUp = async (): Promise<void> => {
    this.turns++;
  };
}

interface Stage {
  readonly source: FakeSource;
  readonly events: FakeEvents;
  readonly agent: Agent;
  readonly logged: readonly string[];
}

function stage(hold = 1000, tellFound = true): Stage {
  const source = new FakeSource();
  const events = new FakeEvents();
  const logged: string[] = [];
  const log = new Log({
    level: "debug",
    format: "text",
    colour: false,
    now: () => 0,
    write: (line) => logged.push(line),
  });
  const ids = new EntityIds("0123456789abcdef0123456789abcdef", "00000000-0000-4000-8000-000000000000");
  const offset = { seconds: 1_700_000_000, nanos: 0 };
  const agent = new Agent(source, { hold, maxPending: 65_536, tellFound }, offset, ids, events, log);
  return { source, events, agent, logged };
}

function told(lives: readonly Lifecycle[]): [number, number][] {
  return lives.map(({ identity, transitions }) => [identity.pid, transitions]);
}

/** Encodes whole lives of new pids, each a fork and an exit: 416 bytes. */
function encodeLives({ encoder }: FakeSource, from: number, count: number): void {
  for (let pid = from; pid < from + count; pid++) {
    encoder.fork(fork(ref(pid, 5000), init, 5000));
    encoder.exit(exit(ref(pid, 5000), 0, 5001));
  }
}

/** What was lost, without the kinds of which nothing was. */
function counts(loss: AgentLoss | undefined): Record<string, number> {
  return Object.fromEntries(Object.entries(loss?.lost ?? {}).filter(([, count]) => count !== 0));
}

function pids(from: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => from + i);
}

/** The time of the agent's timers and the time that it measures go together, and only when a test lets them. */
let milliseconds = 0;
function pass(ms: number): void {
  milliseconds += ms;
  mock.timers.tick(ms);
}

beforeEach(() => {
  milliseconds = 50_000;
  mock.timers.enable({ apis: ["setInterval"] });
  mock.method(performance, "now", () => milliseconds);
});
afterEach(() => {
  mock.timers.reset();
  mock.restoreAll();
});

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

describe("losses", () => {
  test("that rise are told once, by kind, with the time between two looks, and a scan is asked for", async () => {
    const { source, events, agent, logged } = stage();
    const ended = agent.run(true);
    source.encoder.clock(clock(5000));
    await source.deliver();
    pass(1000);
    assert.deepEqual([events.losses.length, source.rescans], [0, 0]);

    source.lost = { fork: 1, exec: 2, exit: 3, missed: 4, malformed: 5, failedScans: 6 };
    pass(1000);
    const [loss] = events.losses;
    assert.deepEqual(counts(loss), { ...source.lost });
    assert.equal(loss?.from.iso(), "2023-11-14T22:13:26.000000000Z");
    assert.equal(loss?.to.iso(), "2023-11-14T22:13:27.000000000Z");
    assert.equal(source.rescans, 1);
    assert.match(logged.join("\n"), /warn {2}records were lost.*fork=1 exec=2 exit=3 missed=4/);

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

/** Lets promises go on until `ready`; the agent's time stands still meanwhile. */
async function until(ready: () => boolean): Promise<void> {
  for (let turn = 0; !ready(); turn++) {
    assert.ok(turn < 100_000, "it does not come");
    await Promise.resolve();
  }
}
