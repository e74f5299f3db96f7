import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { Arrivals, lossesIn, recordsLostIn } from "../../harness/elasticsearch/arrivals.ts";
import { eventually } from "../../harness/elasticsearch/eventually.ts";
import { needs, plain, plainServer } from "../../harness/elasticsearch/needs.ts";
import { type Lives, Scene } from "../../harness/elasticsearch/scene.ts";
import type { Traffic } from "../../harness/elasticsearch/traffic.ts";
import { Workload } from "../../harness/elasticsearch/workload.ts";
import { live } from "../../harness/live.ts";

const OUTAGE_MS = 60_000;
/** Lives a second. */
const RATE = 1000;
/** 60 s is the longest wait between two tries. */
const RESUME_MS = 75_000;
const DRAIN_MS = 180_000;

test(
  "down at the start: the collector watches and spools, and delivers when it is up",
  needs(live, plain),
  async (t) => {
    const scene = await Scene.set(t, plainServer(), { up: false });
    const { shipper } = scene;
    const told = await shipper.waitForLog(({ mayfly }) => mayfly?.["code"] === "elasticsearch_unchecked");
    assert.match(told.message, /nobody listens there.*kept in the spool/);
    const lives = await scene.live(500);
    const waiting = await scene.state("retrying");
    assert.equal(waiting.get('mayfly_delivered_documents_total{result="accepted"}'), 0);
    const retrying = await shipper.waitForLog(({ mayfly }) => mayfly?.["code"] === "delivery_retrying");
    assert.match(retrying.message, /nobody listens there.*nothing is lost/);
    assert.equal((await shipper.get("/readyz")).status, 200, "that the server is away is no fault of the collector");
    await eventually(
      async () => ((await spooled(scene)) >= 500 ? true : undefined),
      10_000,
      "500 documents are spooled",
    );

    await scene.proxy.up();
    const arrivals = await scene.arrivals(lives, RESUME_MS);
    assert.equal(arrivals.difference.summary, "");
    assert.deepEqual(arrivals.doubled, []);
    await shipper.waitForLog(({ mayfly }) => mayfly?.["code"] === "delivery_resumed");
    assert.deepEqual(lossesIn(await scene.settled()), {});
  },
);

test("down for 60 s under 1,000 lives/s: nothing lost, nothing doubled, news first", needs(live, plain), async (t) => {
  const scene = await Scene.set(t, plainServer());
  const { shipper, proxy, server, namespace } = scene;
  const storm = Workload.start(t, { count: 400 * RATE, rate: RATE });
  await server.waitForCount(namespace.processes, 3 * RATE, 20_000, storm.query);
  await proxy.down();
  const before = storm.lived;
  await scene.state("retrying");
  await delay(OUTAGE_MS);
  const lived = storm.lived - before;
  assert.ok(lived > 0.8 * RATE * (OUTAGE_MS / 1000), `only ${lived} lives while the server was down`);
  assert.ok(((await shipper.metrics()).get("mayfly_spool_oldest_age_seconds") ?? 0) > OUTAGE_MS / 1000 - 5);

  await proxy.up();
  await shipper.waitForLog(({ mayfly }) => mayfly?.["code"] === "delivery_resumed", RESUME_MS);
  const truth = await storm.stop();
  const backlog = await spooled(scene);
  const newsFrom = Date.now();
  const news = await scene.live(20, 100);
  await scene.arrivals(news, DRAIN_MS);
  const newsTook = Date.now() - newsFrom;
  const metrics = await scene.settled(DRAIN_MS);
  t.diagnostic(`${backlog} waited and were delivered in ${Date.now() - newsFrom} ms; what was new took ${newsTook} ms`);
  t.diagnostic(`${truth.pids.size} lives, ${recordsLostIn(metrics)} records lost in the kernel's ring`);
  assert.deepEqual(lossesIn(metrics), {});
  assert.equal((await shipper.stop()).status, "0");

  const arrivals = await Arrivals.read(server, namespace, truth);
  const { missing, partial, doubled, untrue, summary } = arrivals.difference;
  const recordsLost = recordsLostIn(metrics);
  assert.ok(missing.length + partial.length <= recordsLost, `${summary}; ${recordsLost} records were lost`);
  assert.deepEqual({ doubled, untrue }, { doubled: [], untrue: [] });
  assert.deepEqual(arrivals.doubled, []);
  assert.deepEqual(arrivals.missingOf(proxy.traffic), [], "ids in the index are the ids that were sent");
  // Their order is judged and not the time, which is the machine's.
  const overtaken = olderThatCameLater(proxy.traffic, arrivals, news, newsFrom);
  assert.ok(overtaken > backlog / 10, `of ${backlog} that waited only ${overtaken} were overtaken`);
});

async function spooled({ shipper }: Scene): Promise<number> {
  return (await shipper.metrics()).get("mayfly_spool_documents") ?? 0;
}

/** Documents from before a moment that were sent only after all of these lives had been. */
function olderThatCameLater(traffic: Traffic, { hits }: Arrivals, { truth }: Lives, moment: number): number {
  const sentAs = new Map([...traffic.sent.keys()].map((id, place) => [id, place]));
  const placeOf = (id: string): number => sentAs.get(id) ?? 0;
  const news = hits.filter(({ _source }) => truth.pids.has(_source.process?.args?.[1] ?? ""));
  const last = Math.max(...news.map(({ _id }) => placeOf(_id)));
  return hits.filter(({ _id, _source }) => placeOf(_id) > last && Date.parse(_source["@timestamp"] ?? "") < moment)
    .length;
}
