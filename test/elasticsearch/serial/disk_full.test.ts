import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { Document } from "../../harness/document.ts";
import { eventually } from "../../harness/elasticsearch/eventually.ts";
import { indexLittle } from "../../harness/elasticsearch/index_little.ts";
import type { Metrics } from "../../harness/elasticsearch/metrics.ts";
import { Namespace } from "../../harness/elasticsearch/namespace.ts";
import { needs, plain, plainServer } from "../../harness/elasticsearch/needs.ts";
import { absentNumbers } from "../../harness/elasticsearch/numbering.ts";
import { FaultProxy } from "../../harness/elasticsearch/proxy.ts";
import type { Server } from "../../harness/elasticsearch/server.ts";
import { type Settings, Shipper } from "../../harness/elasticsearch/shipper.ts";
import type { LogLine } from "../../harness/elasticsearch/shipper_run.ts";
import { SmallDisk } from "../../harness/elasticsearch/small_disk.ts";
import { drained } from "../../harness/elasticsearch/spooled.ts";
import { compareTruth, type Difference, truthFields } from "../../harness/elasticsearch/truth.ts";
import { Workload } from "../../harness/elasticsearch/workload.ts";
import { live } from "../../harness/live.ts";

/** Of 40 KB in memory and 12 KB on the disk each: 44 MB and 13 MB, above the 32 MiB and 8 MiB that there is room for. */
const FLOOD = { count: 1_100, rate: 400, noise: 16_000 };

interface LossNote {
  readonly mayfly?: { readonly lost?: Readonly<Record<string, number>> };
}

interface Place {
  readonly server: Server;
  readonly namespace: Namespace;
  readonly proxy: FaultProxy;
  readonly shipper: Shipper;
}

async function place(t: TestContext, spool: Settings): Promise<Place> {
  const server = plainServer();
  const namespace = Namespace.fresh(t, server);
  await indexLittle(t, server, namespace);
  const proxy = await FaultProxy.start(t, server.url);
  const options = { hosts: [proxy.url], namespace: namespace.name, telemetry: true, config: { spool } };
  return { server, namespace, proxy, shipper: await Shipper.start(t, options) };
}

async function differenceOf({ server, namespace }: Place, workload: Workload): Promise<Difference> {
  const truth = await workload.end(30_000);
  const hits = await server.search<Document>(namespace.processes, { query: workload.query, fields: truthFields });
  return compareTruth(
    truth,
    hits.map(({ _source }) => _source),
  );
}

/** What was dropped since the start, by place; 0 where nothing was. */
function dropped(metrics: Metrics): { readonly full: number; readonly unwritable: number } {
  const at = (name: string): number =>
    metrics.get(`mayfly_dropped_total{place="${name}",what="documents"}`) ?? Number.NaN;
  return { full: at("spool_full"), unwritable: at("spool_unwritable") };
}

function waitForCode(shipper: Shipper, level: string, code: string): Promise<LogLine> {
  return shipper.waitForLog((line) => line["log.level"] === level && line.mayfly?.["code"] === code);
}

async function waitForReason(shipper: Shipper, reason: string): Promise<void> {
  let last = "";
  const ask = async (): Promise<true | undefined> => {
    const { status, text } = await shipper.get("/readyz");
    last = text;
    return status === 503 && text.includes(`"code":"${reason}"`) ? true : undefined;
  };
  await eventually(ask, 10_000, () => `/readyz says ${reason}; it says ${last}`);
}

/** How many documents the log told as lost at the ends of such times. */
function loggedLost({ log }: Shipper, code: string): number {
  const ends = log.filter((line) => line["log.level"] === "info" && line.mayfly?.["code"] === code);
  return ends.reduce((sum, { mayfly }) => sum + Number(mayfly?.["dropped"]), 0);
}

/** What the last words of a run give as dropped since its start, and what it leaves to the next one. */
function absentAtEnd({ log }: Shipper): number {
  const dropped = log.findLast(({ message }) => message.startsWith("documents were dropped"));
  const left = log.findLast(({ message }) => message.includes("in the spool for the next start"));
  return Number(dropped?.mayfly?.["dropped"] ?? 0) + Number(left?.mayfly?.["waiting"] ?? 0);
}

/** How many documents the notes in the index tell as lost at this place. */
async function toldLost({ server, namespace }: Place, what: string): Promise<number> {
  const notes = await server.search<LossNote>(namespace.notes, { fields: ["mayfly.lost"] });
  return notes.reduce((sum, { _source }) => sum + (_source.mayfly?.lost?.[what] ?? 0), 0);
}

/** After the bad time: what is made now arrives whole, the collector ends in order, and what is not there was counted. */
async function assertGoesOn(t: TestContext, here: Place): Promise<{ full: number; unwritable: number }> {
  const after = Workload.start(t, { count: 100, rate: 200 });
  await after.end(20_000);
  await here.server.waitForCount(here.namespace.processes, 100, 30_000, after.query);
  const counted = dropped(await drained(here.shipper));
  assert.equal((await here.shipper.stop()).status, "0", here.shipper.stderr);
  assert.equal((await differenceOf(here, after)).summary, "");
  // What others on this machine made after the last look may be dropped at the end, while the disk is full, or be left: the log says so.
  const [least, most] = [counted.full + counted.unwritable, absentAtEnd(here.shipper)];
  const absent = await absentNumbers(here.server, here.namespace);
  assert.ok(least <= absent && absent <= most, `${absent} absent; ${least} counted, ${most} in all at the end`);
  return counted;
}

function assertOnlyMissing({ partial, doubled, untrue }: Difference): void {
  assert.deepEqual({ partial, doubled, untrue }, { partial: [], doubled: [], untrue: [] });
}

test(
  "disk full and server down: what memory cannot hold is counted and told, all else arrives once there is room",
  needs(live, plain),
  async (t) => {
    const disk = SmallDisk.mount(t, 1024);
    const here = await place(t, { path: disk.path });
    const { proxy, shipper } = here;
    await proxy.down();
    const flood = Workload.start(t, FLOOD);
    await waitForCode(shipper, "warn", "spool_unwritable");
    await waitForReason(shipper, "spool_fault");
    await flood.end(60_000);
    await waitForReason(shipper, "dropping");
    disk.resize(65_536);
    await waitForCode(shipper, "info", "spool_unwritable");
    await proxy.up();

    const counted = await assertGoesOn(t, here);
    const difference = await differenceOf(here, flood);
    t.diagnostic(
      `${difference.missing.length} of ${FLOOD.count} lives missing, ${counted.unwritable} documents counted`,
    );
    assertOnlyMissing(difference);
    assert.ok(difference.missing.length > 0, "the flood was too small");
    assert.ok(difference.missing.length <= counted.unwritable);
    assert.equal(await toldLost(here, "spool_unwritable"), counted.unwritable);
    assert.equal(loggedLost(shipper, "spool_unwritable"), counted.unwritable);
  },
);

test(
  "a disk that is full from the start on costs nothing while the server takes documents",
  needs(live, plain),
  async (t) => {
    const disk = SmallDisk.mount(t, 1024);
    disk.fill();
    const here = await place(t, { path: disk.path });
    await waitForCode(here.shipper, "warn", "spool_unwritable");
    const workload = Workload.start(t, { count: 500, rate: 250 });
    await workload.end(20_000);
    await here.server.waitForCount(here.namespace.processes, 500, 30_000, workload.query);
    disk.clear();
    // Nothing waits in memory, so the next write is that of a later life; and the disk is tried once in a while.
    const later = Workload.start(t, { count: 200, rate: 20 });
    await waitForCode(here.shipper, "info", "spool_unwritable");
    await later.end(20_000);
    assert.deepEqual(await assertGoesOn(t, here), { full: 0, unwritable: 0 });
    assert.equal((await differenceOf(here, workload)).summary, "");
  },
);

for (const [whenFull, which] of [
  ["drop_oldest", "the newest stay"],
  ["drop_newest", "the oldest stay"],
] as const)
  test(
    `spool.max_size reached with ${whenFull}: ${which}, what is dropped is counted and told`,
    needs(live, plain),
    async (t) => {
      const here = await place(t, { max_size: "8MiB", when_full: whenFull });
      const { proxy, shipper } = here;
      await proxy.down();
      const flood = Workload.start(t, FLOOD);
      await waitForCode(shipper, "warn", "spool_full");
      await waitForReason(shipper, "dropping");
      await flood.end(60_000);
      const size = (await shipper.metrics()).get("mayfly_spool_size_bytes") ?? Number.NaN;
      assert.ok(size > 4 * 1024 * 1024 && size <= 8 * 1024 * 1024, `the spool has ${size} bytes`);
      await proxy.up();
      await waitForCode(shipper, "info", "spool_full");

      const counted = await assertGoesOn(t, here);
      const difference = await differenceOf(here, flood);
      t.diagnostic(`${difference.missing.length} of ${FLOOD.count} lives missing, ${counted.full} documents counted`);
      assertOnlyMissing(difference);
      assert.equal(counted.unwritable, 0);
      assert.ok(difference.missing.length > 0 && difference.missing.length <= counted.full);
      // Not the very oldest: what a request under way holds is not dropped.
      const kept = whenFull === "drop_newest" ? [0, 125] : [FLOOD.count - 125, FLOOD.count];
      const numbers = difference.missing.map((token) => Number(token.slice(token.lastIndexOf(".") + 1)));
      assert.deepEqual(
        numbers.filter((number) => number >= Number(kept[0]) && number < Number(kept[1])),
        [],
        "the wrong end was dropped",
      );
      assert.equal(loggedLost(shipper, "spool_full"), counted.full);
      // Notes are dropped with the oldest documents that they stand between.
      const told = await toldLost(here, "spool_full");
      assert.ok(
        whenFull === "drop_newest" ? told === counted.full : told > 0 && told <= counted.full,
        `${told} are told`,
      );
    },
  );
