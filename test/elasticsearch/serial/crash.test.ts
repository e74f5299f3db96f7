import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { Document } from "../../harness/document.ts";
import { eventually } from "../../harness/elasticsearch/eventually.ts";
import { isInGap, lengthOf, toldGaps } from "../../harness/elasticsearch/gaps.ts";
import { indexLittle } from "../../harness/elasticsearch/index_little.ts";
import { Namespace } from "../../harness/elasticsearch/namespace.ts";
import { needs, plain, plainServer } from "../../harness/elasticsearch/needs.ts";
import { FaultProxy } from "../../harness/elasticsearch/proxy.ts";
import { dice } from "../../harness/elasticsearch/rules.ts";
import type { Hit } from "../../harness/elasticsearch/server.ts";
import { Shipper } from "../../harness/elasticsearch/shipper.ts";
import { drained, readSpooled, spoolIn } from "../../harness/elasticsearch/spooled.ts";
import { compareTruth, truthFields } from "../../harness/elasticsearch/truth.ts";
import { Workload } from "../../harness/elasticsearch/workload.ts";
import { live } from "../../harness/live.ts";

const KILLS = 50;
/** Lives a second. */
const RATE = 300;
/** ms. A gap begins up to about two seconds before the kill: most runs lie in gaps wholly, the others show their beginnings. */
const SHORT_SHARE = 0.8;
const SHORT = { least: 0, most: 400 };
const LONG = { least: 2_000, most: 4_500 };

interface Told extends Document {
  readonly agent?: { readonly ephemeral_id?: string };
}

/** What the kills left behind. */
interface Wreckage {
  /** Ids whose write into the spool had returned when a run was killed. */
  readonly written: Set<string>;
  /** When, ms since the epoch. */
  readonly kills: number[];
  /** Kills in the middle of a write, and those that left documents waiting. */
  torn: number;
  waiting: number;
}

/** The moments of the kills are drawn, for any moment may be one; that of the first is its first sign of life. */
async function killAgainAndAgain(shipper: Shipper): Promise<Wreckage> {
  const roll = dice(4);
  const beats = (): true | undefined => existsSync(join(shipper.state, "heartbeat.json")) || undefined;
  await eventually(beats, 10_000, "the first run has a heartbeat");
  const wreckage: Wreckage = { written: new Set(), kills: [], torn: 0, waiting: 0 };
  for (let kill = 0; kill < KILLS; kill++) {
    const { least, most } = roll() < SHORT_SHARE ? SHORT : LONG;
    if (kill > 0) await delay(least + roll() * (most - least));
    wreckage.kills.push(Date.now());
    await shipper.kill();
    const { written, waiting, damaged } = await readSpooled(spoolIn(shipper.state));
    for (const id of written) wreckage.written.add(id);
    if (waiting.size > 0) wreckage.waiting++;
    if (damaged > 0) wreckage.torn++;
    await shipper.restart();
  }
  return wreckage;
}

/** Everything arrives, and the run ends in order. Returns its agent.ephemeral_id. */
async function endInOrder(shipper: Shipper): Promise<string> {
  await drained(shipper);
  assert.equal((await shipper.stop()).status, "0", shipper.stderr);
  const beat = JSON.parse(readFileSync(join(shipper.state, "heartbeat.json"), "utf8")) as { ephemeral_id: string };
  return beat.ephemeral_id;
}

/** The index holds what had been written when a run was killed, all of it, nothing else, and nothing twice. */
function assertWrittenIsThere({ written }: Wreckage, hits: readonly Hit<Told>[], lastRun: string): void {
  const there = new Set(hits.map(({ _id }) => _id));
  assert.equal(there.size, hits.length, "an id stands twice");
  const gone = [...written].filter((id) => !there.has(id));
  assert.deepEqual(gone, [], `${gone.length} of ${written.size} written documents are not in the index`);
  const unwritten = hits.filter(({ _id, _source }) => _source.agent?.ephemeral_id !== lastRun && !written.has(_id));
  assert.deepEqual(unwritten, [], `${unwritten.length} documents are in the index and were never in the spool`);
}

test(
  `killed ${KILLS} times in a storm: what was written is in the index once, and what lacks lies in a told gap`,
  needs(live, plain),
  async (t) => {
    const server = plainServer();
    const namespace = Namespace.fresh(t, server);
    await indexLittle(t, server, namespace);
    const proxy = await FaultProxy.start(t, server.url);
    // Long enough for kills to come between what the server did and its answer.
    proxy.rules = [{ delayAnswer: 150 }];
    const storm = Workload.start(t, { count: 1_000_000, rate: RATE });
    const shipper = await Shipper.start(t, { hosts: [proxy.url], namespace: namespace.name, telemetry: true });
    const began = Date.now();
    const wreckage = await killAgainAndAgain(shipper);
    const truth = await storm.stop();
    const lasted = Date.now() - began;
    const lastRun = await endInOrder(shipper);

    const fields = [...truthFields, "agent.ephemeral_id"];
    const hits = await server.search<Told>(`${namespace.processes},${namespace.notes}`, { fields });
    assertWrittenIsThere(wreckage, hits, lastRun);

    const sources = hits.map(({ _source }) => _source);
    const { missing, partial, doubled, untrue } = compareTruth(truth, sources);
    assert.deepEqual(doubled, []);
    assert.deepEqual(untrue, []);
    const gaps = await toldGaps(server, namespace.notes);
    const untold = wreckage.kills.filter((at) => !isInGap(gaps, { begin: at, end: at }));
    assert.deepEqual(untold, [], "a kill lies in no told gap");
    const spanOf = (token: string) => storm.spans.get(token) ?? assert.fail(`${token} never lived`);
    // Before the first run watched nothing was promised.
    const lacking = [...missing, ...partial].filter((token) => spanOf(token).begin > began);
    const unexplained = lacking.filter((token) => !isInGap(gaps, spanOf(token)));
    assert.deepEqual(unexplained.slice(0, 5), [], `${unexplained.length} lives lack and lie in no told gap`);
    const vouchedFor = [...storm.spans.values()].filter((span) => span.begin > began && !isInGap(gaps, span)).length;
    assert.ok(
      vouchedFor > truth.pids.size / 20,
      `only ${vouchedFor} of ${truth.pids.size} lives are outside of all gaps`,
    );
    t.diagnostic(
      `${truth.pids.size} lives in ${lasted} ms: ${missing.length} missing, ${partial.length} in part; ${vouchedFor} outside of all gaps and told; ` +
        `${gaps.length} gaps of together ${Math.round(lengthOf(gaps))} ms; ${wreckage.written.size} ids written; ` +
        `kills that left documents waiting ${wreckage.waiting}, a torn write ${wreckage.torn}; ` +
        `${proxy.traffic.sentAgain.length} documents sent again`,
    );
  },
);
