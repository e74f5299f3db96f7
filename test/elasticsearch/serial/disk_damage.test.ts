import assert from "node:assert/strict";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { Document } from "../../harness/document.ts";
import { indexLittle } from "../../harness/elasticsearch/index_little.ts";
import { Namespace } from "../../harness/elasticsearch/namespace.ts";
import { needs, plain, plainServer } from "../../harness/elasticsearch/needs.ts";
import { FaultProxy } from "../../harness/elasticsearch/proxy.ts";
import { dice } from "../../harness/elasticsearch/rules.ts";
import type { Server } from "../../harness/elasticsearch/server.ts";
import { Shipper } from "../../harness/elasticsearch/shipper.ts";
import { drained, type PlacedFrame, placedFrames, readSpooled, spoolIn } from "../../harness/elasticsearch/spooled.ts";
import { compareTruth, type Truth, truthFields } from "../../harness/elasticsearch/truth.ts";
import { Workload } from "../../harness/elasticsearch/workload.ts";
import { live } from "../../harness/live.ts";

/** 12 MiB on the disk, in segments of 2 MiB. */
const FLOOD = { count: 1_000, rate: 300, noise: 16_000 };
const PLACES = 20;

interface Filled {
  readonly server: Server;
  readonly namespace: Namespace;
  readonly proxy: FaultProxy;
  readonly shipper: Shipper;
  readonly truth: Truth;
  /** The spool of the collector, which has ended in order. */
  readonly spool: string;
}

async function fillSpool(t: TestContext): Promise<Filled> {
  const server = plainServer();
  const namespace = Namespace.fresh(t, server);
  await indexLittle(t, server, namespace);
  const proxy = await FaultProxy.start(t, server.url);
  await proxy.down();
  const config = { spool: { max_size: "16MiB", when_full: "drop_newest" } };
  const shipper = await Shipper.start(t, { hosts: [proxy.url], namespace: namespace.name, telemetry: true, config });
  const truth = await Workload.start(t, FLOOD).end(60_000);
  assert.equal((await shipper.stop()).status, "0", shipper.stderr);
  await proxy.up();
  return { server, namespace, proxy, shipper, truth, spool: spoolIn(shipper.state) };
}

/** Bytes that a harm reaches at most. */
const REACH = 512;

const harms: readonly ((bytes: Buffer, at: number) => Buffer)[] = [
  (bytes, at) => bytes.fill((bytes[at] ?? 0) ^ 0x10, at, at + 1),
  (bytes, at) => bytes.fill(0, at, Math.min(bytes.length, at + REACH)),
  (bytes, at) => Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 16)]),
  (bytes, at) => Buffer.concat([bytes.subarray(0, at), Buffer.from("not of the spool"), bytes.subarray(at)]),
];
/** Harms the files of a spool at drawn places, and its end. Returns the frames that were hit. */
function damage(frames: readonly PlacedFrame[], seed: number): ReadonlySet<PlacedFrame> {
  const roll = dice(seed);
  const pick = (below: number): number => Math.floor(roll() * below);
  const paths = [...new Set(frames.map(({ path }) => path))];
  const last = frames.at(-1) ?? assert.fail("there is no frame");
  const drawn = Array.from({ length: PLACES - 1 }, () => {
    const path = paths[pick(paths.length)] as string;
    return { path, at: pick(readFileSync(path).length) };
  });
  // And the end, which is found when the spool is opened and cut off: all else is found when it is read.
  const places = [...drawn, { path: last.path, at: last.to - 1 }];
  // From behind, so that places keep their meaning when bytes are taken out or put in.
  for (const { path, at } of places.toSorted((a, b) => b.at - a.at))
    writeFileSync(path, harms[pick(harms.length)]?.(readFileSync(path), at) ?? assert.fail());
  const isHit = (frame: PlacedFrame) =>
    places.some(({ path, at }) => path === frame.path && at + REACH > frame.from && at < frame.to);
  return new Set(frames.filter(isHit));
}

for (const seed of [1, 2])
  test(
    `a spool damaged at ${PLACES} places (seed ${seed}): what was not hit arrives once, what was is counted and told`,
    needs(live, plain),
    async (t) => {
      const { server, namespace, shipper, truth, spool } = await fillSpool(t);
      const frames = placedFrames(spool);
      const before = frames.flatMap(({ ids }) => ids);
      assert.ok(frames.length > 2 * PLACES, `only ${frames.length} frames`);
      const hit = damage(frames, seed);

      await shipper.restart();
      const metrics = await drained(shipper);
      const damaged = metrics.get('mayfly_dropped_total{place="spool_damaged",what="documents"}') ?? Number.NaN;
      const told = shipper.log.filter(({ mayfly }) => mayfly?.["code"] === "spool_damaged");
      assert.equal((await shipper.stop()).status, "0", shipper.stderr);

      const hits = await server.search<Document>(`${namespace.processes},${namespace.notes}`, { fields: truthFields });
      const there = new Set(hits.map(({ _id }) => _id));
      assert.equal(there.size, hits.length, "an id stands twice");
      const missing = before.filter((id) => !there.has(id));
      const harmed = new Set([...hit].flatMap(({ ids }) => ids));
      assert.deepEqual(
        missing.filter((id) => !harmed.has(id)),
        [],
        "documents that were not hit are missing",
      );
      assert.ok(damaged > 0 && missing.length > 0, "nothing was damaged");
      assert.equal(missing.length, damaged, "what is missing and what was counted differ");
      const logged = told.reduce((sum, { mayfly }) => sum + Number(mayfly?.["documents"]), 0);
      assert.equal(logged, damaged);
      const notes = await server.search<{ mayfly?: { lost?: { spool_damaged?: number } } }>(namespace.notes);
      const noted = notes.reduce((sum, { _source: { mayfly } }) => sum + (mayfly?.lost?.spool_damaged ?? 0), 0);
      assert.equal(noted, damaged);
      const {
        missing: lives,
        partial,
        doubled,
        untrue,
      } = compareTruth(
        truth,
        hits.map(({ _source }) => _source),
      );
      assert.deepEqual({ partial, doubled, untrue }, { partial: [], doubled: [], untrue: [] });
      assert.ok(lives.length <= damaged);
      t.diagnostic(
        `${frames.length} frames of ${before.length} documents, ${hit.size} hit; ${damaged} documents counted, ` +
          `${lives.length} of ${FLOOD.count} lives missing`,
      );
    },
  );

test(
  "without done.json nothing is lost and nothing stands twice: all is sent again, and told",
  needs(live, plain),
  async (t) => {
    const { server, namespace, proxy, shipper, truth, spool } = await fillSpool(t);
    const before = placedFrames(spool).flatMap(({ ids }) => ids);
    // Some is delivered, and the knowledge of it lost.
    proxy.rules = [{ answer: { status: 503 }, when: ({ bulk }) => bulk && proxy.traffic.bulks.length > 2 }];
    await shipper.restart();
    await server.waitForCount(namespace.processes, 1);
    await shipper.kill();
    const { written } = await readSpooled(spool);
    const file = join(spool, "done.json");
    assert.ok(existsSync(file));
    rmSync(file);
    proxy.rules = [];
    await shipper.restart();
    await shipper.waitForLog((line) => line.mayfly?.["code"] === "spool_state_lost");
    await drained(shipper);
    assert.equal((await shipper.stop()).status, "0", shipper.stderr);
    assert.ok(proxy.traffic.forwardedAgain.length > 0, "nothing was sent again");
    const hits = await server.search<Document>(`${namespace.processes},${namespace.notes}`, { fields: truthFields });
    const there = new Set(hits.map(({ _id }) => _id));
    assert.equal(there.size, hits.length, "an id stands twice");
    assert.deepEqual(
      [...before, ...written].filter((id) => !there.has(id)),
      [],
    );
    assert.equal(
      compareTruth(
        truth,
        hits.map(({ _source }) => _source),
      ).summary,
      "",
    );
  },
);
