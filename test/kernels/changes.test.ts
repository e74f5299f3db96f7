import assert from "node:assert/strict";
import { release } from "node:os";
import { after, before, describe, test } from "node:test";
import type { ChangesWay } from "../../src/source/addon.ts";
import { KernelSource } from "../../src/source/kernel.ts";
import { Collector } from "../harness/collector.ts";
import { assertNone } from "../harness/differences.ts";
import { differences } from "../harness/expect.ts";
import { type Life, livesOf } from "../harness/life.ts";
import { live } from "../harness/live.ts";
import { mechanisms } from "../harness/mechanism.ts";
import { runProgram } from "../harness/program.ts";

/*
 * Changes of ids and sessions without an exec, in the profile transitions: the documents are the same whether fentry tells of
 * them (here, where this kernel takes it) or the exits of system calls (test/live/mechanisms.test.ts, elsewhere).
 */

const programs = mechanisms().filter(({ transitions }) =>
  [...transitions.values()].some((documents) => documents.some((one) => one.endsWith("_change"))),
);

/** How this kernel tells of changes. */
async function wayHere(): Promise<ChangesWay> {
  const source = new KernelSource({ kernelThreads: false, argsMaxBytes: 4096, changes: true, scan: false });
  source.open();
  const ended = source.start(async () => undefined);
  const { way } = source.changes;
  source.stop();
  await ended;
  return way;
}

/** bpf_get_current_task_btf, which every one of the programs needs, is of 5.11. */
const isTooOld = /^5\.10\./.test(release());

test("ids and sessions that change are told by fentry", live, async () => {
  assert.equal(await wayHere(), isTooOld ? "none" : "fentry");
});

const changing =
  isTooOld && live.skip === false ? { skip: "before 5.11 no program can ask for the current task" } : live;

describe("in the profile transitions", changing, () => {
  let collector: Collector;
  const told: ReadonlyMap<string, Life>[] = [];

  before(async () => {
    collector = await Collector.start({ profile: "transitions" });
    // One after the other: a program on fentry can be preempted, and the kernel then skips it for other tasks of that CPU, which is
    // counted as missed (mayfly_changes) and happened once on an emulated processor. Here it is to be told what is not skipped.
    for (const { program, args } of programs) told.push(livesOf(await runProgram(program, args, 0)));
    await collector.stop();
  });
  after(() => collector.kill());

  test("programs that change without an exec are among those that run", () => assert.ok(programs.length >= 5));

  programs.forEach(({ program, transitions }, index) => {
    test(`${program} is told as it was`, () => {
      const lives = told[index];
      assert.ok(lives !== undefined, "the programs ran");
      assertNone(
        [...transitions].flatMap(([role, expected]) => {
          const life = lives.get(role);
          return life === undefined
            ? [`${role} told nothing`]
            : differences(life, expected, collector.of(life.entityId), "transitions");
        }),
      );
    });
  });
});
