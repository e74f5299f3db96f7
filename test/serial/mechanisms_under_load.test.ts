import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { before, describe, test } from "node:test";
import { Collector } from "../harness/collector.ts";
import { until } from "../harness/deadline.ts";
import { assertNone } from "../harness/differences.ts";
import type { Document } from "../harness/document.ts";
import { differences } from "../harness/expect.ts";
import { type Life, livesOf } from "../harness/life.ts";
import { live } from "../harness/live.ts";
import { mechanisms } from "../harness/mechanism.ts";
import { runProgram } from "../harness/program.ts";
import { StormBeside } from "./storm_beside.ts";

/*
 * The programs of test/live/mechanisms.test.ts once more, all at once, while every CPU is busy with short lives; and again
 * where the pids come round several times meanwhile. Every field is compared as there. Only this may differ:
 *
 * - the hold may be over between two transitions that the program makes right after each other (`splitByHold`)
 */

const TIMINGS = { together: { hold: "10s", pauseMs: 0 }, apart: { hold: "250ms", pauseMs: 1000 } } as const;
const CROWD_LEAST = 1000;
const PID_MAX = "/proc/sys/kernel/pid_max";
const all = mechanisms();

for (const fewPids of [undefined, 4000])
  for (const timing of ["together", "apart"] as const) {
    const where = fewPids === undefined ? "on busy CPUs" : `on busy CPUs and with ${fewPids} pids`;

    describe(`${where}, with transitions ${timing}`, live, () => {
      let told: ReadonlyMap<string, Life>[] = [];
      let crowd: Crowd;

      before(async () => {
        const pidMax = readFileSync(PID_MAX, "utf8");
        const collector = await Collector.start({ hold: TIMINGS[timing].hold, into: "file" });
        try {
          // Should this process be killed in between, a low pid_max is the only trace: it is harmless, and a reboot resets it.
          if (fewPids !== undefined) writeFileSync(PID_MAX, String(fewPids));
          const storm = new StormBeside();
          try {
            // Pids have come round once before the programs run, and do so again after them.
            if (fewPids !== undefined) await comeRound(storm);
            const { pauseMs } = TIMINGS[timing];
            told = await Promise.all(all.map(({ program, args }) => runProgram(program, args, pauseMs).then(livesOf)));
            if (fewPids !== undefined) await comeRound(storm);
            // A second is enough, but for a machine that has little left for the storm.
            await until(() => storm.pids >= 2 * CROWD_LEAST, 40_000, "the crowd is there");
          } finally {
            await storm.end();
            writeFileSync(PID_MAX, pidMax);
          }
          await collector.stop();
          crowd = new Crowd(told.flatMap((lives) => [...lives.values()].map(({ entityId }) => entityId)));
          await collector.eachDocument((document) => crowd.take(document));
        } finally {
          await collector.kill();
        }
      });

      all.forEach((mechanism, index) => {
        test(`${[mechanism.program, ...mechanism.args].join(" ")} is told as it was`, () => {
          const lives = told[index];
          assert.ok(lives !== undefined, "the programs ran");
          assert.deepEqual([...lives.keys()].sort(), [...mechanism[timing].keys()].sort(), "roles told and expected");
          const found = [...mechanism[timing]].flatMap(([role, expected]) => {
            const life = lives.get(role);
            if (life === undefined) return [];
            const documents = crowd.of(life.entityId);
            return differences(life, splitByHold(role, expected, documents), documents, "lifecycle");
          });
          assertNone(found);
        });
      });

      test("there was a crowd around them, nothing was lost and nothing told twice", (t) => {
        t.diagnostic(`${crowd.count} short lives, of one pid up to ${crowd.mostOfOnePid}`);
        assert.equal(crowd.losses, 0);
        assert.equal(crowd.twice, 0);
        assert.ok(crowd.count >= CROWD_LEAST, `${crowd.count} short lives`);
        if (fewPids !== undefined) assert.ok(crowd.mostOfOnePid >= 2, "pids came round");
      });
    });
  }

function comeRound(storm: StormBeside): Promise<void> {
  const { rounds } = storm;
  return until(() => storm.rounds > rounds, 20_000, "pids come round");
}

/**
 * The expectation where it was found split further, as a busy machine does it: the same transitions in the same order, and what was
 * expected apart is apart. Else the expectation as it is. That `main` is forked and runs later is `differences`' own rule.
 */
function splitByHold(role: string, expected: readonly string[], documents: readonly Document[]): readonly string[] {
  const found = documents.map(({ mayfly }) => mayfly?.transitions ?? "");
  const [first, second = "", ...rest] = found;
  const whole = role === "main" && first === "fork" && second.startsWith("exec") ? [`fork+${second}`, ...rest] : found;
  const isSame = expected.join("+") === whole.join("+");
  const isApart = ends(expected).every((end) => ends(whole).includes(end));
  return isSame && isApart ? whole : expected;
}

/** How many transitions there are up to the end of each document. */
function ends(documents: readonly string[]): number[] {
  let count = 0;
  return documents.map((transitions) => {
    count += transitions.split("+").length;
    return count;
  });
}

/** All documents of a run: those of a few processes are kept, the others counted. */
class Crowd {
  /** Lives of the storm, told whole in one document. */
  count = 0;
  losses = 0;
  /** Documents whose event.id stood in one before. */
  twice = 0;
  readonly #kept: ReadonlyMap<string, Document[]>;
  readonly #ids = new Set<string>();
  readonly #livesOfPid = new Map<number, number>();

  constructor(kept: readonly string[]) {
    this.#kept = new Map(kept.map((entityId) => [entityId, []]));
  }

  take(document: Document): void {
    const { event, process } = document;
    if (event?.kind === "pipeline_error") this.losses++;
    if (this.#ids.has(event?.id ?? "")) this.twice++;
    this.#ids.add(event?.id ?? "");
    this.#kept.get(process?.entity_id ?? "")?.push(document);
    if (!StormBeside.isOfStorm(document)) return;
    this.count++;
    const pid = process?.pid ?? 0;
    this.#livesOfPid.set(pid, (this.#livesOfPid.get(pid) ?? 0) + 1);
  }

  of(entityId: string): readonly Document[] {
    return this.#kept.get(entityId) ?? [];
  }

  get mostOfOnePid(): number {
    return Math.max(...this.#livesOfPid.values());
  }
}
