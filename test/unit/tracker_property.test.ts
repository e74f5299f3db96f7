import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Lifecycle } from "../../src/process/lifecycle.ts";
import { Transition } from "../../src/process/lifecycle.ts";
import type { TaskRef } from "../../src/record/record.ts";
import { exec, exit, finish, fork, ref, type World, world } from "./world.fixture.ts";

/** One step of a script that many processes act out; who acts and whether it may is decided by the state then. */
interface Step {
  readonly what: "fork" | "exec" | "exit";
  readonly who: number;
  /** Milliseconds since the step before. */
  readonly after: number;
}

const steps = fc.array(
  fc.record<Step>({
    what: fc.constantFrom("fork", "fork", "exec", "exec", "exit"),
    who: fc.nat(1000),
    after: fc.oneof(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 0, max: 3000 })),
  }),
  { maxLength: 120 },
);

/** What really happened, in the order it did. */
interface Truth {
  readonly pid: number;
  readonly ticks: number;
  readonly what: number;
  readonly image: string | undefined;
}

/** Few pids, so that they come round all the time. */
const PIDS = 12;

/** Acts the script out as the kernel would: any interleaving of many processes, never an event of the dead or unborn. */
function act({ tracker }: World, script: readonly Step[]): Truth[] {
  const truth: Truth[] = [];
  const alive: { ref: TaskRef; image: string | undefined }[] = [{ ref: ref(1, 10), image: undefined }];
  let ms = 5000;
  for (const { what, who, after } of script) {
    // A pid is given again 10 ms later at the earliest: start ticks are what tells its holders apart.
    ms += after + 10;
    const actor = alive[who % alive.length];
    if (actor === undefined) continue;
    const note = (subject: { ref: TaskRef; image: string | undefined }, happened: number): void => {
      truth.push({ pid: subject.ref.pid, ticks: subject.ref.startTicks, what: happened, image: subject.image });
    };
    if (what === "fork") {
      const pid = 100 + (who % PIDS);
      if (alive.some((process) => process.ref.pid === pid)) continue;
      const child = { ref: ref(pid, ms), image: actor.image };
      alive.push(child);
      tracker.onFork(fork(child.ref, actor.ref, ms));
      note(child, Transition.fork);
    } else if (actor.ref.pid !== 1 && what === "exec") {
      actor.image = `image${who}`;
      tracker.onExec(exec(actor.ref, `/bin/${actor.image}`, ms));
      note(actor, Transition.exec);
    } else if (actor.ref.pid !== 1) {
      // init was there before: it forks and does nothing else
      alive.splice(alive.indexOf(actor), 1);
      tracker.onExit(exit(actor.ref, who, ms));
      note(actor, Transition.end);
    }
  }
  return truth;
}

/** The transitions that a document tells, one by one, with the image each belongs to. */
function toldBy(life: Lifecycle): Truth[] {
  const { pid, startTicks: ticks } = life.identity;
  const all = [Transition.fork, Transition.exec, Transition.end];
  return all
    .filter((what) => (life.transitions & what) !== 0)
    .map((what) => ({ pid, ticks, what, image: life.image?.name }));
}

const text = (entry: Truth): string => `${entry.pid}@${entry.ticks} ${entry.what}`;

test("any interleaving of many processes tells each transition in exactly one document", () => {
  fc.assert(
    fc.property(steps, fc.integer({ min: 100, max: 2000 }), (script, hold) => {
      const w = world(hold);
      const truth = act(w, script);
      const told = finish(w).flatMap(toldBy);
      assert.deepEqual(told.map(text).sort(), truth.map(text).sort());
    }),
    { numRuns: 400 },
  );
});

test("a document has the image of its moment: an exec its own, an end the last one", () => {
  fc.assert(
    fc.property(steps, (script) => {
      const w = world(500);
      const truth = new Map<string, string[]>();
      for (const entry of act(w, script)) {
        if (entry.what === Transition.fork) continue;
        const key = text(entry);
        truth.set(key, [...(truth.get(key) ?? []), String(entry.image)]);
      }
      for (const entry of finish(w).flatMap(toldBy)) {
        if (entry.what === Transition.fork) continue;
        const images = truth.get(text(entry)) ?? [];
        assert.ok(
          images.includes(String(entry.image)),
          `${text(entry)} told with ${entry.image}, was ${images.join()}`,
        );
      }
    }),
    { numRuns: 400 },
  );
});

test("every image that ran is told by an exec, whatever the hold and the pressure", () => {
  const images = (script: readonly Step[], hold: number, pending: number): string[] => {
    const w = world(hold, pending);
    act(w, script);
    return finish(w)
      .filter((life) => (life.transitions & Transition.exec) !== 0)
      .map((life) => `${life.identity.entityId} ${life.image?.executable} ${life.identity.start.iso()}`)
      .sort();
  };
  fc.assert(
    fc.property(steps, (script) => {
      const first = images(script, 100, 65_536);
      assert.deepEqual(images(script, 5000, 65_536), first);
      assert.deepEqual(images(script, 1000, 2), first);
    }),
    { numRuns: 300 },
  );
});

test("documents of one process come in the order things happened, and nothing stays behind", () => {
  fc.assert(
    fc.property(steps, (script) => {
      const w = world(700);
      act(w, script);
      const lives = finish(w);
      assert.equal(w.tracker.aggregation.pending, 0);
      const ended = new Set<string>();
      for (const { identity, transitions } of lives) {
        assert.ok(!ended.has(identity.entityId), "nothing comes after an end");
        if ((transitions & Transition.end) !== 0) ended.add(identity.entityId);
      }
    }),
    { numRuns: 300 },
  );
});

test("unmerged, the same lives come whatever the hold and the pressure: one for each transition, in order", () => {
  fc.assert(
    fc.property(
      steps,
      fc.integer({ min: 100, max: 5000 }),
      fc.integer({ min: 1, max: 50 }),
      (script, hold, pending) => {
        const w = world(hold, pending, 100_000, false);
        const truth = act(w, script);
        const { pending: waiting, hurried } = w.tracker.aggregation;
        assert.deepEqual([waiting, hurried], [0, 0], "nothing waits");
        assert.deepEqual(w.lives.flatMap(toldBy).map(exact), truth.map(exact));
        assert.equal(w.lives.length, truth.length);
      },
    ),
    { numRuns: 400 },
  );
});

/** With the image, of which a bare fork has its creator's. */
const exact = (entry: Truth): string => `${text(entry)} ${entry.image}`;
