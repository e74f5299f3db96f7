import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Collector } from "../harness/collector.ts";
import { PATIENCE } from "../harness/deadline.ts";
import { assertNone } from "../harness/differences.ts";
import { differences } from "../harness/expect.ts";
import { type Life, livesOf } from "../harness/life.ts";
import { live } from "../harness/live.ts";
import { type Mechanism, mechanisms } from "../harness/mechanism.ts";
import { runProgram } from "../harness/program.ts";

/*
 * Every way in which a process can come, change and go: each is a program in test/programs/ that tells its own truth and
 * whose opening comment says which documents must come of it (test/harness/mechanism.ts says how). A new mechanism is
 * one new file there and nothing here.
 *
 * All programs run once under three collectors, one for each profile, and once more with transitions that wait for each
 * other (which the profile transitions always has). Documents are looked at after the collectors' end, so that one too many is seen as well.
 */

/** In a guest whose processors are emulated: each collector costs a minute there, and words are no matter of the kernel. */
const SLOW = PATIENCE > 1;
const PROFILES = {
  together: SLOW ? (["lifecycle"] as const) : (["lifecycle", "elastic", "transitions"] as const),
  apart: SLOW ? (["lifecycle"] as const) : (["lifecycle", "elastic"] as const),
} as const;
const TIMINGS = {
  // 10 s are the longest hold there is; with few at once none takes that long.
  together: { hold: "10s", pauseMs: 0, atOnce: SLOW ? 3 : 8 },
  // Programs mostly wait for their own pauses.
  apart: { hold: SLOW ? "1500ms" : "250ms", pauseMs: SLOW ? 4000 : 1000, atOnce: SLOW ? 12 : 8 },
} as const;

const all = mechanisms();

for (const timing of ["together", "apart"] as const) {
  const { hold, pauseMs, atOnce } = TIMINGS[timing];

  describe(`with transitions ${timing} (hold ${hold}, pauses of ${pauseMs} ms)`, live, () => {
    const collectors: Collector[] = [];
    let told: ReadonlyMap<string, Life>[] = [];

    before(async () => {
      for (const profile of PROFILES[timing]) collectors.push(await Collector.start({ profile, hold }));
      told = await inTurns(atOnce, all, ({ program, args }) => runProgram(program, args, pauseMs).then(livesOf));
      for (const collector of collectors) await collector.stop();
    });
    after(() => Promise.all(collectors.map((collector) => collector.kill())));

    all.forEach((mechanism, index) => {
      for (const [place, profile] of PROFILES[timing].entries()) {
        test(`${nameOf(mechanism)} is told as it was, in the words of ${profile}`, () => {
          const collector = collectors[place];
          const lives = told[index];
          assert.ok(collector !== undefined && lives !== undefined, "the programs ran");
          const expectation = profile === "transitions" ? mechanism.transitions : mechanism[timing];
          assert.deepEqual([...lives.keys()].sort(), [...expectation.keys()].sort(), "roles told and roles expected");
          const found = [...expectation].flatMap(([role, expected]) => {
            const life = lives.get(role);
            return life === undefined ? [] : differences(life, expected, collector.of(life.entityId), profile);
          });
          assertNone(found);
        });
      }
    });

    test("no event.id stands in two documents, and event.sequence counts from 1 without a gap", () => {
      for (const { documents } of collectors) {
        const ids = documents.map((document) => document.event?.id);
        assert.equal(new Set(ids).size, ids.length);
        const counts = documents.map((document) => document.event?.sequence);
        assert.deepEqual(
          counts,
          counts.map((_, place) => place + 1),
        );
      }
    });
  });
}

function nameOf({ program, args }: Mechanism): string {
  return [program, ...args].join(" ");
}

/** At most `atOnce` at a time; results in the order of the items. */
async function inTurns<T, R>(atOnce: number, items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  const queue = items.entries();
  const lane = async (): Promise<void> => {
    for (const [index, item] of queue) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  return results;
}
