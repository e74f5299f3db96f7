import { test } from "node:test";
import { live } from "../harness/live.ts";
import { assertComplete, spawnUnderCollector } from "./spawned.ts";

test("50,000 processes from two loops come out as 50,000 lives, none twice, none lost", live, async () => {
  assertComplete(await spawnUnderCollector(2, 25_000), 50_000);
});
