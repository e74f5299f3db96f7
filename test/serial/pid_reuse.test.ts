import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { live } from "../harness/live.ts";
import { assertComplete, spawnUnderCollector } from "./spawned.ts";

const PID_MAX = "/proc/sys/kernel/pid_max";
const FEW = 4000;

test("pids that come round again and again are different processes", live, async () => {
  const before = readFileSync(PID_MAX, "utf8");
  // Should this process be killed in between, a low pid_max is the only trace: it is harmless, and a reboot resets it.
  writeFileSync(PID_MAX, String(FEW));
  try {
    const count = 24_000;
    const spawned = await spawnUnderCollector(2, count / 2);
    assertComplete(spawned, count);
    const pids = new Set([...spawned.lives.values()].map(({ pid }) => pid));
    assert.ok(pids.size < FEW, `${pids.size} pids for ${count} processes`);
  } finally {
    writeFileSync(PID_MAX, before);
  }
});
