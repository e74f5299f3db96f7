import assert from "node:assert/strict";
import { release } from "node:os";
import { after, before, describe, test } from "node:test";
import type { ChangesWay } from "../../src/source/addon.ts";
import { KernelSource } from "../../src/source/kernel.ts";
import { programPath } from "../harness/checkout.ts";
import { Collector } from "../harness/collector.ts";
import { command } from "../harness/command.ts";
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
    // At the same time: a program on fentry can be preempted, and the kernel skips it then for the other tasks of that CPU (bpf/twin.h).
    told.push(...(await Promise.all(programs.map(({ program, args }) => runProgram(program, args, 0).then(livesOf)))));
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

const LOOPS = 4;
const EACH = 2000;

test(`every one of ${EACH} changes of each of ${LOOPS} processes at once is told`, changing, async () => {
  const collector = await Collector.start({ profile: "transitions", into: "file" });
  const changes = new Map<number, number>();
  try {
    const loops = Array.from({ length: LOOPS }, () => command(programPath("change_loop"), [String(EACH)]));
    for (const { code, stderr } of await Promise.all(loops)) assert.equal(code, 0, stderr);
    await collector.stop();
    await collector.eachDocument(({ process, mayfly, event }) => {
      assert.notEqual(event?.kind, "pipeline_error", "something was lost");
      if (process?.name !== "change_loop" || mayfly?.transitions !== "uid_change") return;
      const pid = process.pid ?? 0;
      changes.set(pid, (changes.get(pid) ?? 0) + 1);
    });
  } finally {
    await collector.kill();
  }
  assert.deepEqual(
    [...changes.values()],
    Array.from({ length: LOOPS }, () => EACH),
  );
});
