import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
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

describe("in the profile transitions", live, () => {
  let collector: Collector;
  let told: ReadonlyMap<string, Life>[] = [];

  before(async () => {
    collector = await Collector.start({ profile: "transitions" });
    told = await Promise.all(programs.map(({ program, args }) => runProgram(program, args, 0).then(livesOf)));
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
