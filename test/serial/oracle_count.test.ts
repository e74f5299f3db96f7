import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { programPath } from "../harness/checkout.ts";
import { Collector } from "../harness/collector.ts";
import { command } from "../harness/command.ts";
import { assertNone } from "../harness/differences.ts";
import type { Document } from "../harness/document.ts";
import { entityId } from "../harness/identity.ts";
import { live } from "../harness/live.ts";
import { mechanisms } from "../harness/mechanism.ts";
import { comparable, countDifferences } from "../harness/oracle/count_differences.ts";
import { Counter, type Counts } from "../harness/oracle/counter.ts";
import { Tally } from "../harness/oracle/tally.ts";
import { runProgram } from "../harness/program.ts";

/*
 * A second, trivial BPF program (test/oracle) counts what the documents are made of: for each process of the whole host its
 * forks, execs, ends and children have to be the same in both. Left out by rule is only what was running before either of
 * the two started, or still ran when either ended (count_differences.ts).
 */

const STORM = 10_000;
/** The situations with threads, each so many times at once. */
const THREADS = {
  programs: ["exit_group_threads", "leader_exits_alone", "leader_exits_first", "thread_exec"],
  times: 8,
};
/** Each round makes at least 8 processes: subshells, pipes, something in the background that is killed, an exec. */
const ROUNDS = 100;
const PIPELINES = `
  for i in $(seq ${ROUNDS}); do
    echo $i | cat | (tr 1 2; exit 3) | wc -c
    (exec true) && (exit $((i % 256)))
    sleep 10 & kill -9 $!; wait $!
  done`;
/** Of so many documents, evenly chosen, each is dropped, told twice and given to another process. */
const MUTATED = 100;

interface Watched {
  readonly counts: Counts;
  readonly tally: Tally;
  /** Empty unless they are kept: storms make many. */
  readonly documents: readonly Document[];
}

/** Does the work under the collector and the oracle. The collector comes first and goes last. */
async function watch(work: () => Promise<unknown>, keep = false): Promise<Watched> {
  const collector = await Collector.start({ into: "file" });
  let counter: Counter | undefined;
  try {
    counter = await Counter.start();
    await work();
    const counts = await counter.stop();
    await collector.stop();
    const tally = new Tally();
    const documents: Document[] = [];
    await collector.eachDocument((document) => {
      tally.take(document);
      if (keep) documents.push(document);
    });
    return { counts, tally, documents };
  } finally {
    counter?.kill();
    await collector.kill();
  }
}

/** `least`: so many processes at least were made for it. */
function assertSame({ counts, tally }: Watched, least: number): void {
  assert.deepEqual({ skipped: counts.skipped, untold: counts.untold }, { skipped: 0, untold: 0 }, "the oracle saw all");
  assert.equal(tally.losses, 0, "nothing was lost");
  const compared = comparable(counts).length;
  assert.ok(compared >= least, `${compared} processes were compared, ${least} were made`);
  assertNone(countDifferences(counts, tally));
}

async function shell(script: string): Promise<void> {
  const { stderr } = await command("/bin/sh", ["-c", script], { withinMs: 60_000 });
  assert.doesNotMatch(stderr, /not found|cannot/);
}

test(`a storm of ${STORM} processes from two loops: each counts as the oracle counts it`, live, async () => {
  const args = ["-p", "2", String(STORM / 2), programPath("tiny")];
  const watched = await watch(() => command(programPath("spawn"), args, { withinMs: 60_000 }));
  assertSame(watched, STORM + 3);
});

test("all mechanisms at once: each process counts as the oracle counts it", live, async () => {
  let made = 0;
  const watched = await watch(async () => {
    const told = await Promise.all(mechanisms().map(({ program, args }) => runProgram(program, args)));
    made = told.reduce((sum, { selves }) => sum + new Set(selves.map(({ pid }) => pid)).size, 0);
  });
  assertSame(watched, made);
});

test(
  "threads that die together, leave one by one or exec: each process counts as the oracle counts it",
  live,
  async () => {
    const runs = THREADS.programs.flatMap((name) => Array<string>(THREADS.times).fill(name));
    const watched = await watch(() => Promise.all(runs.map((name) => runProgram(name))));
    assertSame(watched, 2 * runs.length);
  },
);

describe("pipelines of two shells", live, () => {
  let watched: Watched;

  before(async () => {
    watched = await watch(() => Promise.all([shell(PIPELINES), shell(PIPELINES)]), true);
  });

  test("each process counts as the oracle counts it", () => {
    assertSame(watched, 2 * (ROUNDS * 8 + 1));
  });

  test("a document that is dropped, told twice or given to another process is a difference with the pid", () => {
    const { counts, documents } = watched;
    const known = new Set(comparable(counts).map(({ pid, start_ticks }) => entityId({ pid, startTicks: start_ticks })));
    const places = [...documents.keys()].filter((place) => known.has(documents[place]?.process?.entity_id ?? ""));
    const step = Math.ceil(places.length / MUTATED);
    for (const place of places.filter((_, count) => count % step === 0)) {
      for (const instead of mutations(documents[place])) {
        const tally = new Tally();
        for (const one of [...documents.slice(0, place), ...instead, ...documents.slice(place + 1)]) tally.take(one);
        const start = `pid ${documents[place]?.process?.pid} of tick`;
        const found = countDifferences(counts, tally).filter((line) => line.startsWith(start));
        assert.equal(found.length, 1, `no difference for ${start} with ${instead.length} documents instead of one`);
      }
    }
  });
});

/** What may stand in the place of a document: nothing, itself twice, itself of another process. */
function mutations(document: Document | undefined): Document[][] {
  if (document === undefined) throw new Error("there is a document");
  const stranger = { ...document.process, entity_id: entityId({ pid: 1, startTicks: 1 }) };
  return [[], [document, document], [{ ...document, process: stranger }]];
}
