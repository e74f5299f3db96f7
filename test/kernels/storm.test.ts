import { test } from "node:test";
import { live } from "../harness/live.ts";
import { assertComplete, spawnUnderCollector } from "../serial/spawned.ts";

test("2,000 processes from two loops come out as 2,000 lives, none twice, none lost", live, async () => {
  assertComplete(await spawnUnderCollector(2, 1000), 2000);
});
