import assert from "node:assert/strict";
import { test } from "node:test";
import { Collector } from "../harness/collector.ts";
import { entityId } from "../harness/identity.ts";
import { live } from "../harness/live.ts";
import { Program } from "../harness/program.ts";
import { Census } from "./census.ts";

const COUNT = 10_000;

test("10,000 processes that are there at the start are each found once, and each end is seen", live, async () => {
  const sleepers = new Program("sleepers", [String(COUNT)]);
  let collector: Collector | undefined;
  try {
    await sleepers.until(({ ready }) => ready !== undefined, 60_000);
    collector = await Collector.start({ into: "file" });
    const [self] = (await sleepers.end(60_000)).selves;
    await collector.stop();

    const census = new Census();
    await collector.eachDocument((document) => census.take(document));
    assert.equal(census.losses, 0, "nothing was lost");
    assert.equal(census.twice, 0, "no event.id twice");
    assert.ok(self !== undefined);
    const parent = entityId({ pid: self.pid, startTicks: self.start_ticks });
    const found = [...census.childrenOf([parent]).values()];
    assert.deepEqual(
      found.map(({ pid }) => pid).sort((a, b) => a - b),
      [...(sleepers.ready ?? [])].sort((a, b) => a - b),
    );
    const wrong = found.filter((one) => one.found !== 1 || one.end !== 1 || one.fork !== 0 || one.exec !== 0);
    assert.deepEqual(wrong.slice(0, 5), [], `${wrong.length} are not told exactly once`);
  } finally {
    sleepers.kill();
    await collector?.kill();
  }
});
