import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Pid, TaskRef, TaskState } from "../../src/record/record.ts";
import { clock, exec, exit, fork, NOBODY, ref, state, world } from "./world.fixture.ts";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

function within(session: number): TaskState {
  return state({ session: session as Pid, processGroup: session as Pid });
}

test("a chain of 2,000 dead session leaders leaves nothing behind but the last ones remembered", async () => {
  const w = world(100);
  const kept: WeakRef<object>[] = [];
  w.tracker.onTask(exec(ref(1, 10), "/sbin/init", 4000, { parent: NOBODY }));
  w.tracker.onScanned(clock(4000));
  let parent: TaskRef = ref(1, 10);
  for (let i = 0; i < 2000; i++) {
    const ms = 5000 + 10 * i;
    const child = ref(100 + i, ms);
    w.tracker.onFork(fork(child, parent, ms, { state: within(parent.pid) }));
    w.tracker.onExec(exec(child, `/bin/link${i}`, ms + 1, { state: within(child.pid) }));
    const { image } = w.tracker.table.holder(child.pid) ?? {};
    if (image !== undefined) kept.push(new WeakRef(image));
    if (i > 0) w.tracker.onExit(exit(parent, 0, ms + 2, { state: within(parent.pid) }));
    parent = child;
  }
  w.lives.length = 0;

  // What a WeakRef was asked for in this turn stays until the next.
  await nextTurn();
  collectGarbage();
  const alive = kept.filter((image) => image.deref() !== undefined).length;
  assert.ok(alive < 300, `${alive} images of the dead are kept`);
  assert.equal(w.tracker.table.size, 2);
});
