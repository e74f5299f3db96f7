import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { Agent, type AgentLoss } from "../../src/agent.ts";
import { Quality } from "../../src/process/facts.ts";
import { EntityIds } from "../../src/process/identity.ts";
import { type Lifecycle, Transition } from "../../src/process/lifecycle.ts";
import type { Pid, Ticks } from "../../src/record/record.ts";
import { offsetOf } from "../../src/source/clock.ts";
import { KernelSource } from "../../src/source/kernel.ts";
import type { SourceLosses } from "../../src/source/source.ts";
import { Log } from "../../src/telemetry/log.ts";
import { programPath } from "../harness/checkout.ts";
import { command } from "../harness/command.ts";
import { until, within } from "../harness/deadline.ts";
import { type ProcIdentity, procIdentity } from "../harness/identity.ts";
import { live } from "../harness/live.ts";

/*
 * A ring of 64 KiB that is looked into once a second holds some 70 lives, so losing records is easy. While this test keeps
 * JavaScript busy the agent asks for no scan either: what happens in a full ring is lost for certain.
 */

const RING = { ringBytes: 64 * 1024, wakeupBytes: 1 << 30, drainMs: 1000 };
/** Lives that more than fill the ring, and lives that show that it is full: each of them is lost whole. */
const FILLING = 300;
const PROVING = 5;
const ATTEMPTS = 6;
const STORM = 2000;
const PF_KTHREAD = 0x00200000;

const EXISTING = programPath("existing");

class Watch {
  readonly lives: Lifecycle[] = [];
  readonly told: AgentLoss[] = [];
  readonly logged: string[] = [];
  readonly source = new KernelSource({ kernelThreads: false, argsMaxBytes: 131_072, scan: true, ring: RING });
  readonly agent: Agent;
  ended = Promise.resolve();
  isWatching = false;

  constructor() {
    const offset = offsetOf(this.source.open());
    const ids = new EntityIds("0123456789abcdef0123456789abcdef", "00000000-0000-4000-8000-000000000000");
    const events = {
      onLife: (life: Lifecycle) => void this.lives.push({ ...life }),
      onWatching: () => {
        this.isWatching = true;
      },
      onLoss: (loss: AgentLoss) => void this.told.push(loss),
      behind: () => false,
      catchUp: () => Promise.resolve(),
    };
    const write = (line: string): void => void this.logged.push(line);
    const log = new Log({ level: "warn", format: "text", colour: false, now: Date.now, write });
    const settings = { hold: 100, maxPending: 65_536, tellFound: true };
    this.agent = new Agent(this.source, settings, offset, ids, events, log);
  }

  async start(): Promise<void> {
    this.ended = this.agent.run(true);
    await until(() => this.isWatching, 20_000, "the first scan is applied");
  }

  async stop(): Promise<void> {
    this.agent.stop();
    await within(this.ended, 20_000, () => "the agent has not ended");
  }

  livesOf({ pid, startTicks }: ProcIdentity): Lifecycle[] {
    return this.lives.filter(({ identity }) => identity.pid === pid && identity.startTicks === startTicks);
  }

  has({ pid, startTicks }: ProcIdentity): boolean {
    return this.agent.tracker.table.get(pid as Pid, startTicks as Ticks) !== undefined;
  }
}

/** Runs so many lives, one after the other, before it returns. */
function spawnLives(count: number): void {
  const { status, stderr } = spawnSync(programPath("spawn"), [String(count), programPath("tiny")], { timeout: 20_000 });
  assert.equal(status, 0, String(stderr));
}

/** Whether the ring has no room for any record: tries it. */
function isFull(source: KernelSource): boolean {
  const before = source.losses();
  spawnLives(PROVING);
  const after = source.losses();
  const lostAll = (kind: "fork" | "exec" | "exit"): boolean => after[kind] - before[kind] >= PROVING;
  return lostAll("fork") && lostAll("exec") && lostAll("exit");
}

/**
 * Does something in a full ring. The ring was full before and is full after, and emptied in between it would not be
 * full again: so whatever was done was lost. Where it was emptied in between, all is done again.
 */
function inFullRing<T>(source: KernelSource, act: () => T, undo: (done: T) => void): T {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    spawnLives(FILLING);
    if (!isFull(source)) continue;
    const done = act();
    if (isFull(source)) return done;
    undo(done);
  }
  throw new Error("the ring could not be kept full");
}

/** Returns when it has ended and waits to be reaped: its exit has passed the probes. Keeps JavaScript busy meanwhile. */
function endAtOnce({ pid }: ProcIdentity): void {
  process.kill(pid, "SIGKILL");
  for (const end = Date.now() + 5000; stateOf(pid) !== "Z"; ) assert.ok(Date.now() < end, `${pid} has not ended`);
}

function statOf(pid: number): string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}

function stateOf(pid: number): string | undefined {
  return statOf(pid)[0];
}

/** Processes that live now, without kernel threads. */
function livingProcesses(): ProcIdentity[] {
  return readdirSync("/proc").flatMap((name) => {
    const pid = Number(name);
    if (!Number.isInteger(pid) || isClosed(pid)) return [];
    const identity = procIdentity(pid);
    return identity !== undefined && isWatched(pid) ? [identity] : [];
  });
}

function isWatched(pid: number): boolean {
  try {
    const fields = statOf(pid);
    return fields[0] !== "Z" && fields[0] !== "X" && (Number(fields[6]) & PF_KTHREAD) === 0;
  } catch {
    return false; // it has ended since
  }
}

/** A process that this one may not look into: a machine may hide its own init from root and from BPF. */
function isClosed(pid: number): boolean {
  try {
    readlinkSync(`/proc/${pid}/exe`);
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EACCES";
  }
  return false;
}

/** Whether it lives: also where its leader has ended and another thread goes on. */
function isAlive({ pid, startTicks }: ProcIdentity): boolean {
  try {
    const fields = statOf(pid);
    const threads = Number(fields[17]);
    return Number(fields[19]) === startTicks && ((fields[0] !== "Z" && fields[0] !== "X") || threads > 1);
  } catch {
    return false; // it has ended since
  }
}

/** What the table has wrong at this moment. Others' processes come and go: what is wrong and stays so is a fault. */
function wrongIn(watch: Watch): (() => string | undefined)[] {
  const missing = livingProcesses()
    .filter((process) => !watch.has(process))
    .map((process) => () => (isAlive(process) && !watch.has(process) ? `${name(process)} is missing` : undefined));
  const dead = [...watch.agent.tracker.table.values()]
    .map(({ identity }) => identity)
    .filter((process) => !isAlive(process))
    .map((process) => () => (watch.has(process) ? `${name(process)} is dead` : undefined));
  return [...missing, ...dead];
}

function name({ pid, startTicks }: ProcIdentity): string {
  return `pid ${pid} of tick ${startTicks}`;
}

function total(told: readonly AgentLoss[], kind: keyof SourceLosses): number {
  return told.reduce((sum, { lost }) => sum + lost[kind], 0);
}

describe("a ring that was full", live, () => {
  const children: ChildProcess[] = [];
  /** All known to the table; one for each attempt to end it unseen. */
  const victims: ProcIdentity[] = [];
  let watch: Watch;
  let victim: ProcIdentity;
  let newcomer: ProcIdentity;

  /** Its exec has passed the probes when this returns. */
  function start(argument: string): ProcIdentity {
    const child = spawn(EXISTING, ["0", argument], { stdio: ["pipe", "ignore", "ignore"] });
    children.push(child);
    const identity = procIdentity(child.pid ?? 0);
    assert.ok(identity !== undefined, `${EXISTING} runs`);
    return identity;
  }

  before(async () => {
    watch = new Watch();
    await watch.start();
    for (let i = 0; i < ATTEMPTS; i++) victims.push(start("victim"));
    await until(() => victims.every((one) => watch.has(one)), 20_000, "all of them are known");
    [victim, newcomer] = inFullRing(
      watch.source,
      () => {
        const next = victims.pop();
        assert.ok(next !== undefined);
        endAtOnce(next);
        return [next, start("newcomer")] as const;
      },
      ([, started]) => process.kill(started.pid, "SIGKILL"),
    );
  });
  after(async () => {
    for (const child of children) child.kill("SIGKILL");
    await watch.stop();
  });

  test("makes no secret of it: the losses are logged, and told with the time between two looks", async () => {
    await until(() => watch.told.length > 0, 10_000, "a loss is told");
    for (const { from, to, lost } of watch.told) {
      const seconds = to.seconds - from.seconds + (to.nanos - from.nanos) / 1e9;
      assert.ok(seconds > 0 && seconds < 60, `${seconds} s`);
      assert.ok(lost.fork + lost.exec + lost.exit > 0);
    }
    for (const kind of ["fork", "exec", "exit"] as const) assert.ok(total(watch.told, kind) >= PROVING, kind);
    assert.ok(
      watch.logged.some((line) => /records were lost/.test(line)),
      watch.logged.join("\n"),
    );
  });

  test("gives a process whose start was lost a start document that says so", async () => {
    const starts = (): Lifecycle[] => watch.livesOf(newcomer).filter((life) => life.transitions & Transition.fork);
    await until(() => starts().length > 0, 20_000, `a start of ${name(newcomer)} is told`);
    const [life] = starts();
    assert.equal((life?.quality ?? 0) & Quality.forkUnseen, Quality.forkUnseen);
    assert.deepEqual(life?.image?.args, [EXISTING, "0", "newcomer"]);
    assert.equal(life?.origin.parent?.identity.pid, process.pid);
    assert.equal(life?.exit, undefined);
  });

  test("gives a process whose end was lost an end document that says so, and claims no status", async () => {
    const ends = (): Lifecycle[] => watch.livesOf(victim).filter((life) => life.transitions & Transition.end);
    await until(() => ends().length > 0, 20_000, `the end of ${name(victim)} is told`);
    const [life] = ends();
    assert.equal((life?.quality ?? 0) & Quality.exitLost, Quality.exitLost);
    assert.deepEqual([life?.exit?.status, life?.exit?.usage], [undefined, undefined]);
    assert.deepEqual(life?.image?.args, [EXISTING, "0", "victim"]);
    assert.ok(!watch.has(victim));
  });

  test("leaves the table as /proc is, after a storm too: nobody is missing, nobody in it is dead", async () => {
    const told = watch.told.length;
    const storm = await command(programPath("spawn"), ["-p", "2", String(STORM / 2), programPath("tiny")]);
    assert.equal(storm.code, 0, storm.stderr);
    await until(() => watch.told.length > told, 10_000, "the storm's losses are told");
    // Losses may be found once more after the last look; a scan then needs a sample of the clock to settle.
    const wrong = wrongIn(watch);
    const remaining = (): string[] => wrong.flatMap((ask) => ask() ?? []);
    await until(() => remaining().length === 0, 20_000, "the table is as /proc is").catch((cause: unknown) => {
      throw new Error(`the table is not healed: ${remaining().join(", ")}`, { cause });
    });
    assert.ok(watch.has(newcomer) && victims.filter(isAlive).every((one) => watch.has(one)));
  });

  test("tells each document's transitions once: nobody starts or ends twice by the healing", () => {
    for (const transition of [Transition.fork, Transition.end]) {
      const seen = new Set<string>();
      for (const { identity, transitions } of watch.lives) {
        if ((transitions & transition) === 0) continue;
        assert.ok(!seen.has(identity.entityId), `${name(identity)}: transition ${transition} is told twice`);
        seen.add(identity.entityId);
      }
    }
  });

  test("is told whole: the sum of what was told is what the kernel counted, kind by kind", async () => {
    await watch.stop();
    const counted = watch.source.losses();
    for (const kind of Object.keys(counted) as (keyof SourceLosses)[])
      assert.equal(total(watch.told, kind), counted[kind], kind);
    const { forks, execs } = watch.agent.tracker.counters;
    assert.ok(forks + counted.fork >= STORM && execs + counted.exec >= STORM, "each life was seen or is counted");
    assert.deepEqual([counted.malformed, counted.failedScans], [0, 0]);
  });
});
