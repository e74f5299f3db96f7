import assert from "node:assert/strict";
import { test } from "node:test";
import type { Document } from "../harness/document.ts";
import { Namespace } from "../harness/elasticsearch/namespace.ts";
import { needs, plain, plainServer } from "../harness/elasticsearch/needs.ts";
import { FaultProxy } from "../harness/elasticsearch/proxy.ts";
import { Shipper } from "../harness/elasticsearch/shipper.ts";
import { compareTruth, truthFields } from "../harness/elasticsearch/truth.ts";
import { Workload } from "../harness/elasticsearch/workload.ts";
import { live } from "../harness/live.ts";

test(
  "what lives is shipped, through a proxy, by one run after another on the same state",
  needs(live, plain),
  async (t) => {
    const server = plainServer();
    const namespace = Namespace.fresh(t, server);
    const proxy = await FaultProxy.start(t, server.url);
    const shipper = await Shipper.start(t, { hosts: [proxy.url], namespace: namespace.name, telemetry: true });

    const first = Workload.start(t, { count: 50, rate: 100 });
    const truth = await first.end(20_000);
    await server.waitForCount(namespace.processes, 50, 30_000, first.query);
    const hits = await server.search<Document>(namespace.processes, { query: first.query, fields: truthFields });
    assert.equal(
      compareTruth(
        truth,
        hits.map((hit) => hit._source),
      ).summary,
      "",
    );
    assert.deepEqual(proxy.traffic.sentAgain, []);
    assert.equal((await shipper.get("/healthz")).status, 200);
    assert.ok((await shipper.metrics()).size > 0);
    assert.match((await shipper.waitForLog("watching"))["@timestamp"], /^\d{4}-/);

    const { pid } = shipper;
    await shipper.kill();
    await shipper.restart();
    assert.notEqual(shipper.pid, pid);
    const second = Workload.start(t, { count: 50, rate: 100 });
    await second.end(20_000);
    const { status, took } = await shipper.stop();
    assert.equal(status, "0", shipper.stderr);
    assert.ok(took < 10_000, `the stop took ${took} ms`);
    assert.equal(await server.count(namespace.processes, second.query), 50);
  },
);

test("a collector that cannot start says why", needs(live, plain), async (t) => {
  const options = { hosts: ["http://127.0.0.1:1"], namespace: "none", config: { no_such_section: {} } };
  await assert.rejects(Shipper.start(t, options), /ended with 78 before it was watching; stderr:\n.*no_such_section/s);
});
