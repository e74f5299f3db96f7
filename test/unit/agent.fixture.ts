import assert from "node:assert/strict";
import { afterEach, beforeEach, mock } from "node:test";
import { Agent, type AgentEvents, type AgentLoss } from "../../src/agent.ts";
import { EntityIds } from "../../src/process/identity.ts";
import type { Lifecycle } from "../../src/process/lifecycle.ts";
import type { Watermark } from "../../src/process/watermark.ts";
import { Encoder } from "../../src/record/encode.ts";
import { layout } from "../../src/record/layout.ts";
import { NO_LOSSES, type OnBatch, type Source, type SourceLosses } from "../../src/source/source.ts";
import { Log } from "../../src/telemetry/log.ts";
import { exit, fork, ref } from "./world.fixture.ts";

export const init = ref(1, 10);
export const shell = ref(100, 5000);

/** Hands over what a test encodes, and ends when it is asked to. */
export class FakeSource implements Source {
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
export class FakeEvents implements AgentEvents {
  readonly lives: Lifecycle[] = [];
  readonly watching: number[] = [];
  /** Since when it is watched, at each onWatching. */
  readonly since: Watermark[] = [];
  readonly losses: AgentLoss[] = [];
  /** Lives that had come at each look at the outputs. */
  readonly looks: number[] = [];
  /** Turns that were waited. */
  turns = 0;
  isBehind: () => boolean = () => false;

  onLife = (life: Lifecycle): void => {
    this.lives.push({ ...life });
  };
  onWatching = (found: number, since: Watermark): void => {
    this.watching.push(found);
    this.since.push(since);
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

export interface Stage {
  readonly source: FakeSource;
  readonly events: FakeEvents;
  readonly agent: Agent;
  readonly logged: readonly string[];
}

export function stage(hold = 1000, tellFound = true, spreadFoundMs = 0): Stage {
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
  const agent = new Agent(source, { hold, maxPending: 65_536, tellFound, spreadFoundMs }, offset, ids, events, log);
  return { source, events, agent, logged };
}

export function told(lives: readonly Lifecycle[]): [number, number][] {
  return lives.map(({ identity, transitions }) => [identity.pid, transitions]);
}

/** Encodes whole lives of new pids, each a fork and an exit: 408 bytes. */
export function encodeLives({ encoder }: FakeSource, from: number, count: number): void {
  for (let pid = from; pid < from + count; pid++) {
    encoder.fork(fork(ref(pid, 5000), init, 5000));
    encoder.exit(exit(ref(pid, 5000), 0, 5001));
  }
}

/** What was lost, without the kinds of which nothing was. */
export function counts(loss: AgentLoss | undefined): Record<string, number> {
  return Object.fromEntries(Object.entries(loss?.lost ?? {}).filter(([, count]) => count !== 0));
}

export function pids(from: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => from + i);
}

/** The time of the agent's timers and the time that it measures go together, and only when a test lets them. */
let milliseconds = 0;
export function pass(ms: number): void {
  milliseconds += ms;
  mock.timers.tick(ms);
}

/** For the top of a test file: each test has a clock of its own. */
export function standStill(): void {
  beforeEach(() => {
    milliseconds = 50_000;
    mock.timers.enable({ apis: ["setInterval"] });
    mock.method(performance, "now", () => milliseconds);
  });
  afterEach(() => {
    mock.timers.reset();
    mock.restoreAll();
  });
}

/** Lets promises go on until `ready`; the agent's time stands still meanwhile. */
export async function until(ready: () => boolean): Promise<void> {
  for (let turn = 0; !ready(); turn++) {
    assert.ok(turn < 100_000, "it does not come");
    await Promise.resolve();
  }
}
