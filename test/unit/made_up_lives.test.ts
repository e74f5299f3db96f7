import assert from "node:assert/strict";
import { test } from "node:test";
import { MadeUpLives } from "../../src/cli/made_up_lives.ts";
import { Clock } from "../../src/process/clock.ts";
import { type Lifecycle, Transition } from "../../src/process/lifecycle.ts";
import { Tracker } from "../../src/process/tracker.ts";
import { Decoder } from "../../src/record/decode.ts";
import { layout } from "../../src/record/layout.ts";
import { entityIds } from "./ecs_lives.ts";

const GENERATIONS = 3;

test("made-up lives are whole and of many shapes, generation after generation, and leave only their ancestors", () => {
  const lives: Lifecycle[] = [];
  const tracker = new Tracker(
    { hold: 1000, maxPending: 1024, maxProcesses: 1024, tellFound: false },
    new Clock({ seconds: 1_700_000_000, nanos: 0 }),
    entityIds,
    { onLife: (life) => void lives.push({ ...life }) },
  );
  const decoder = new Decoder(layout, tracker);
  const made = new MadeUpLives();
  decoder.decode(made.ancestors());
  const ancestors = tracker.table.size;
  for (let i = 0; i < GENERATIONS; i++) decoder.decode(made.next());
  while (tracker.aggregation.flush(100));

  const { forks, exits, unseenForks, lostExits, doubleExits } = tracker.counters;
  const children = GENERATIONS * MadeUpLives.count;
  assert.deepEqual([forks, exits], [children + ancestors - 1, children]);
  assert.deepEqual([unseenForks, lostExits, doubleExits, decoder.failures], [0, 0, 0, 0]);
  assert.equal(tracker.table.size, ancestors);

  const { fork, exec, end } = Transition;
  const met = new Set(lives.map(({ transitions }) => transitions));
  assert.deepEqual(met, new Set([fork | exec, end, fork | end, exec | end, fork | exec | end]));
  const shapes: readonly ((life: Lifecycle) => boolean)[] = [
    ({ leaders, identity }) => leaders.session?.pid === identity.pid,
    ({ leaders, identity }) => leaders.group?.pid === identity.pid && leaders.session?.pid !== identity.pid,
    ({ leaders }) => leaders.session !== undefined && leaders.session.identity === undefined,
    ({ leaders }) => leaders.entryType === "init",
    ({ origin }) => origin.parent !== undefined && origin.parent.image === undefined,
    ({ session }) => session.ttyMajor !== 0,
    ({ credentials }) => credentials.uid !== 0,
    ({ image }) => image?.env !== undefined,
    ({ exit }) => exit?.status === 9,
  ];
  for (const shape of shapes) assert.ok(lives.some(shape), `none has ${shape.toString()}`);
});
