import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Lifecycle, Transition } from "../../src/process/lifecycle.ts";
import type { Encoder } from "../../src/record/encode.ts";
import type { TaskRef } from "../../src/record/record.ts";
import { init, pass, type Stage, stage, standStill } from "./agent.fixture.ts";
import { clock, exec, exit, fork, ref } from "./world.fixture.ts";

/*
 * What a kill -9 may take with it: at any moment, each transition that no life handed on has told, in whatever place between
 * kernel and sink it is, is not before the watermark of that moment. The reader is played as native/reader.cc works.
 */

standStill();

/** What a process does, and when: milliseconds since the step before; time stamps are up to 0.1 ms late, each by itself. */
interface Step {
  readonly what: "fork" | "exec" | "exit" | "unseen fork";
  readonly who: number;
  readonly after: number;
  readonly late: number;
}

/** What the reader does until it looks again. */
interface Look {
  readonly sleeps: number;
  /** Whether JavaScript gets what was handed over by now. */
  readonly arrives: boolean;
  /** Whether a batch ends between the clock and what was in the ring. */
  readonly splits: boolean;
  readonly scans: boolean;
}

const steps = fc.array(
  fc.record<Step>({
    what: fc.constantFrom("fork", "fork", "fork", "exec", "exec", "exit", "exit", "unseen fork"),
    who: fc.nat(1000),
    after: fc.oneof(
      fc.constant(0),
      fc.nat(30).map((tenths) => tenths / 10),
      fc.nat(400),
    ),
    late: fc.constantFrom(0, 0.05, 0.1),
  }),
  { minLength: 5, maxLength: 80 },
);
const looks = fc.array(
  fc.record<Look>({
    sleeps: fc.oneof({ weight: 8, arbitrary: fc.integer({ min: 1, max: 60 }) }, fc.integer({ min: 500, max: 3000 })),
    arrives: fc.boolean(),
    splits: fc.boolean(),
    scans: fc.nat(9).map((n) => n === 0),
  }),
  { minLength: 5, maxLength: 80 },
);

/** Something that happened, as its document names it. */
interface Truth {
  readonly key: string;
  /** When its record was reserved in the ring, and when it is dated; ms of the boot clock. */
  readonly reserved: number;
  readonly dated: number;
  /** undefined for what the kernel has no record of. */
  readonly encode: ((encoder: Encoder) => void) | undefined;
}

function script(list: readonly Step[]): { readonly truth: Truth[]; readonly unseen: readonly TaskRef[] } {
  const truth: Truth[] = [];
  const alive: TaskRef[] = [];
  const unseen: TaskRef[] = [];
  /** Of one process nothing is dated before what came before it. */
  const lastDated = new Map<number, number>();
  let reserved = 5000;
  list.forEach(({ what, who, after, late }, number) => {
    reserved += after;
    const born = ref(1000 + number, reserved);
    const actor = alive[who % Math.max(1, alive.length)];
    const subject = what === "fork" || actor === undefined ? born : actor;
    const dated = Math.max(reserved + late, lastDated.get(subject.pid) ?? 0);
    lastDated.set(subject.pid, dated);
    const note = (key: string, encode: Truth["encode"]): void => {
      truth.push({ key, reserved, dated, encode });
    };
    if (what === "unseen fork") unseen.push(born);
    else if (what === "fork" || actor === undefined) {
      alive.push(born);
      note(`${born.pid} fork`, (encoder) => encoder.fork(fork(born, init, dated)));
    } else if (what === "exec") {
      note(`${actor.pid} exec image${number}`, (encoder) => encoder.exec(exec(actor, `/bin/image${number}`, dated)));
    } else {
      alive.splice(alive.indexOf(actor), 1);
      note(`${actor.pid} end`, (encoder) => encoder.exit(exit(actor, 0, dated)));
    }
  });
  return { truth, unseen };
}

function keysOf({ identity, transitions, image }: Lifecycle): string[] {
  const keys: string[] = [];
  if ((transitions & Transition.fork) !== 0) keys.push(`${identity.pid} fork`);
  if ((transitions & Transition.exec) !== 0) keys.push(`${identity.pid} exec ${image?.name}`);
  if ((transitions & Transition.end) !== 0) keys.push(`${identity.pid} end`);
  return keys;
}

function markOf({ agent }: Stage): number {
  const mark = agent.watermark();
  if (mark === undefined) return 0;
  const byWall = (mark.time.seconds - 1_700_000_000) * 1000 + mark.time.nanos / 1e6;
  const byBoot = mark.boot.seconds * 1000 + mark.boot.nanos / 1e6;
  assert.ok(byBoot <= byWall && byBoot > byWall - 1, "both clocks mean the same moment, the one to a millisecond");
  return byWall;
}

/** Plays a run. Calls `look` whenever something may have changed, with all that has happened on the host by then. */
async function play(s: Stage, list: readonly Step[], looking: readonly Look[], look: (known: Truth[]) => void) {
  const { truth, unseen } = script(list);
  const { encoder } = s.source;
  const scanned: Truth[] = [];
  let now = 5000;
  let nextClock = now + 1000;
  let drained = 0;
  const drain = (): void => {
    for (; drained < truth.length && (truth[drained] as Truth).reserved <= now; drained++)
      truth[drained]?.encode?.(encoder);
  };
  encoder.clock(clock(now));
  encoder.scanned(clock(now));
  for (const { sleeps, arrives, splits, scans } of looking) {
    if (arrives) await s.source.deliver();
    look([...truth, ...scanned]);
    now += sleeps;
    pass(sleeps);
    look([...truth, ...scanned]);
    if (now >= nextClock) {
      encoder.clock(clock(now));
      nextClock = now + 1000;
      if (splits) await s.source.deliver();
      look([...truth, ...scanned]);
    }
    drain();
    if (!scans) continue;
    const at = now;
    now += 5;
    drain();
    for (const task of unseen.filter(({ startTicks }) => startTicks * 10 <= at)) {
      if (scanned.some(({ key }) => key === `${task.pid} fork`)) continue;
      encoder.task(exec(task, "/bin/unseen", at, { parent: init }));
      scanned.push({ key: `${task.pid} fork`, reserved: at, dated: at, encode: undefined });
    }
    for (const { pid, start, startTicks } of aliveAt(truth, at))
      encoder.task(exec({ pid, start, startTicks }, "/bin/any", at));
    encoder.scanned(clock(at));
  }
  now += 5000;
  drain();
  encoder.clock(clock(now));
  await s.source.deliver();
  look([...truth, ...scanned]);
  return [...truth.filter(({ reserved }) => reserved <= now), ...scanned];
}

/** Those that a scan meets: forked and not ended. */
function aliveAt(truth: readonly Truth[], at: number): TaskRef[] {
  const past = truth.filter(({ reserved }) => reserved <= at);
  const ended = new Set(past.filter(({ key }) => key.endsWith(" end")).map(({ key }) => key.split(" ")[0]));
  return past
    .filter(({ key }) => key.endsWith(" fork") && !ended.has(key.split(" ")[0]))
    .map(({ key, reserved }) => ref(Number(key.split(" ")[0]), reserved));
}

test("nothing that a crash takes away began before the watermark", async () => {
  let checks = 0;
  await fc.assert(
    fc.asyncProperty(steps, looks, fc.constantFrom(100, 1000, 3000), async (list, looking, hold) => {
      const s = stage(hold);
      const ended = s.agent.run(true);
      const handed = new Set<string>();
      const look = (known: readonly Truth[]): void => {
        for (const life of s.events.lives.splice(0)) for (const key of keysOf(life)) handed.add(key);
        const mark = markOf(s);
        if (mark > 5000) checks++;
        const lost = known.find(({ key, dated }) => !handed.has(key) && dated < mark - 1e-6);
        if (lost !== undefined) assert.fail(`${lost.key} of ${lost.dated} is lost, the gap begins at ${mark}`);
      };
      let all: readonly Truth[] = [];
      try {
        all = await play(s, list, looking, look);
      } finally {
        s.agent.stop();
        await ended;
      }
      look(all);
      assert.deepEqual(
        all.map(({ key }) => key).filter((key) => !handed.has(key)),
        [],
        "never told",
      );
      const last = Math.max(0, ...all.map(({ reserved }) => reserved));
      assert.ok(markOf(s) >= last, `the end, at ${markOf(s)}, is not the last moment, ${last}`);
    }),
    { numRuns: 200 },
  );
  assert.ok(checks > 200, `${checks} checks against a watermark that had moved`);
});
