import assert from "node:assert/strict";
import { programPath } from "../harness/checkout.ts";
import { Collector } from "../harness/collector.ts";
import { command } from "../harness/command.ts";
import { entityId, procIdentity } from "../harness/identity.ts";
import { Census } from "./census.ts";

export interface Spawned {
  readonly census: Census;
  /** One for each life: what was counted of it. */
  readonly lives: ReturnType<Census["childrenOf"]>;
}

/** Runs `tiny` in `workers` loops, `each` times in each, under a collector, and counts what its documents tell of them. */
export async function spawnUnderCollector(workers: number, each: number): Promise<Spawned> {
  const collector = await Collector.start({ into: "file" });
  const census = new Census();
  try {
    let spawner = "";
    const ended = await command(programPath("spawn"), ["-p", String(workers), String(each), programPath("tiny")], {
      withinMs: 240_000,
      meanwhile: ({ pid }) => {
        const identity = procIdentity(pid ?? 0);
        if (identity !== undefined) spawner = entityId(identity);
      },
    });
    assert.equal(ended.code, 0, ended.stderr);
    const { spawned, failed } = JSON.parse(ended.stdout) as { spawned: number; failed: number };
    assert.deepEqual({ spawned, failed }, { spawned: workers * each, failed: 0 });
    await collector.stop();
    await collector.eachDocument((document) => census.take(document));
    const loops = [...census.childrenOf([spawner]).keys()];
    assert.equal(loops.length, workers, `loops of the spawner; stderr: ${collector.stderr}`);
    return { census, lives: census.childrenOf(loops) };
  } finally {
    await collector.kill();
  }
}

/** That every life was told whole, nothing of it twice, and that there are exactly so many. */
export function assertComplete({ census, lives }: Spawned, count: number): void {
  assert.equal(census.losses, 0, "nothing was lost");
  assert.equal(census.twice, 0, "no event.id twice");
  const wrong = [...lives].filter(([, { fork, exec, end }]) => fork !== 1 || exec !== 1 || end !== 1);
  assert.deepEqual(wrong.slice(0, 5), [], `${wrong.length} lives are not told exactly once`);
  assert.equal(lives.size, count, "lifecycles");
}
