import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { Document } from "../../harness/document.ts";
import { eventually } from "../../harness/elasticsearch/eventually.ts";
import { indexLittle } from "../../harness/elasticsearch/index_little.ts";
import { Namespace } from "../../harness/elasticsearch/namespace.ts";
import { needs, plain, plainServer } from "../../harness/elasticsearch/needs.ts";
import { FaultProxy } from "../../harness/elasticsearch/proxy.ts";
import type { Rule } from "../../harness/elasticsearch/rules.ts";
import type { Server } from "../../harness/elasticsearch/server.ts";
import { Shipper } from "../../harness/elasticsearch/shipper.ts";
import type { Ending } from "../../harness/elasticsearch/shipper_run.ts";
import { drained, readSpooled, spoolIn } from "../../harness/elasticsearch/spooled.ts";
import { compareTruth, truthFields } from "../../harness/elasticsearch/truth.ts";
import { Workload } from "../../harness/elasticsearch/workload.ts";
import { live } from "../../harness/live.ts";

/** ms that an end by signal may take, whatever waits and whatever the server does. */
const END_MS = 5_000;
const LIVES = 3_000;

interface Place {
  readonly server: Server;
  readonly namespace: Namespace;
  readonly proxy: FaultProxy;
  readonly shipper: Shipper;
}

async function place(t: TestContext): Promise<Place> {
  const server = plainServer();
  const namespace = Namespace.fresh(t, server);
  await indexLittle(t, server, namespace);
  const proxy = await FaultProxy.start(t, server.url);
  const shipper = await Shipper.start(t, { hosts: [proxy.url], namespace: namespace.name, telemetry: true });
  return { server, namespace, proxy, shipper };
}

/** Everything that lived is in the index, once, and everything that was in the spool. */
async function assertAllOnce(here: Place, workload: Workload, spooled: ReadonlySet<string>): Promise<void> {
  const { server, namespace, shipper } = here;
  await drained(shipper);
  assert.equal((await shipper.stop()).status, "0", shipper.stderr);
  const hits = await server.search<Document>(`${namespace.processes},${namespace.notes}`, { fields: truthFields });
  const there = new Set(hits.map(({ _id }) => _id));
  assert.equal(there.size, hits.length, "an id stands twice");
  assert.deepEqual(
    [...spooled].filter((id) => !there.has(id)),
    [],
    "documents of the spool are missing",
  );
  const documents = hits.map(({ _source }) => _source);
  assert.equal(compareTruth(await workload.end(10_000), documents).summary, "");
}

const hung: readonly Rule[] = [{ delay: 60_000, when: () => true }];
const slow: readonly Rule[] = [{ delayAnswer: 10_000 }];

for (const [what, rules, signal] of [
  ["a server that hangs", hung, "SIGTERM"],
  ["a server that needs 10 s for a request", slow, "SIGTERM"],
  ["a server that is down", undefined, "SIGINT"],
] as const)
  test(
    `${signal} while thousands of documents wait for ${what}: they are spooled, the end comes within 5 s, the next run delivers`,
    needs(live, plain),
    async (t) => {
      const here = await place(t);
      const { proxy, shipper } = here;
      if (rules === undefined) await proxy.down();
      else proxy.rules = rules;
      const workload = Workload.start(t, { count: LIVES, rate: 1_000 });
      await workload.end(20_000);
      const { status, took } = await shipper.stop(signal);
      t.diagnostic(`ended after ${Math.round(took)} ms`);
      assert.equal(status, "0", shipper.stderr);
      assert.ok(took <= END_MS, `the end took ${took} ms; ${shipper.stderr.slice(-3000)}`);
      const { waiting, damaged } = await readSpooled(spoolIn(shipper.state));
      assert.equal(damaged, 0);
      assert.ok(waiting.size >= LIVES, `only ${waiting.size} documents waited`);

      proxy.rules = [];
      await proxy.up();
      await shipper.restart();
      await assertAllOnce(here, workload, waiting);
    },
  );

test(
  "a second SIGTERM ends at once, and what was in the spool is delivered by the next run",
  needs(live, plain),
  async (t) => {
    const here = await place(t);
    const { proxy, shipper } = here;
    proxy.rules = hung;
    const workload = Workload.start(t, { count: 2_000, rate: 1_000 });
    await workload.end(20_000);
    await eventually(
      async () => {
        const metrics = await shipper.metrics();
        const done = metrics.get("mayfly_spool_open_documents") === 0 && metrics.get("mayfly_pending_lives") === 0;
        return done ? true : undefined;
      },
      20_000,
      "everything is written",
    );
    process.kill(shipper.pid, "SIGTERM");
    // Signals of one kind that wait are one: the first must have been taken.
    const stopping = async () =>
      (await shipper.get("/readyz")).text.includes('"state":"stopping"') ? true : undefined;
    await eventually(stopping, 5_000, "the first signal is taken");
    const { status, took } = await shipper.stop("SIGTERM");
    t.diagnostic(`ended ${Math.round(took)} ms after the second signal`);
    assert.equal(status, "143", shipper.stderr);
    const { waiting, damaged } = await readSpooled(spoolIn(shipper.state));
    assert.equal(damaged, 0);
    proxy.rules = [];
    await shipper.restart();
    await assertAllOnce(here, workload, waiting);
  },
);

test(
  "SIGTERM at any moment of a start ends it, and a later run delivers what waited",
  needs(live, plain),
  async (t) => {
    const here = await place(t);
    const { proxy, shipper } = here;
    await proxy.down();
    const workload = Workload.start(t, { count: 500, rate: 500 });
    await workload.end(20_000);
    assert.equal((await shipper.stop()).status, "0", shipper.stderr);
    const { waiting } = await readSpooled(spoolIn(shipper.state));
    assert.ok(waiting.size >= 500);
    const ends: string[] = [];
    for (const ms of [0, 150, 300, 450, 600, 750, 900]) {
      const { status, took } = await endAfter(shipper, ms);
      // Before its first instructions a signal ends a process by itself.
      assert.match(status, /^(0|SIGTERM)$/, `after ${ms} ms: ${shipper.stderr}`);
      assert.ok(took <= END_MS, `after ${ms} ms the end took ${took} ms`);
      ends.push(`${ms}: ${status} in ${Math.round(took)}`);
    }
    t.diagnostic(ends.join(", "));
    await shipper.restart();
    assert.equal((await shipper.stop()).status, "0", shipper.stderr);
    await proxy.up();
    await shipper.restart();
    await assertAllOnce(here, workload, waiting);
  },
);

/** Starts it and ends it so many ms later, wherever it is then. */
async function endAfter(shipper: Shipper, ms: number): Promise<Ending> {
  const starting = shipper.restart().catch(() => undefined);
  await delay(ms);
  const ending = await shipper.stop();
  await starting;
  return ending;
}
