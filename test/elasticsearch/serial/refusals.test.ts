import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { DeadLetter } from "../../../src/output/elasticsearch/dead_letter.ts";
import { programPath } from "../../harness/checkout.ts";
import { agentKey } from "../../harness/elasticsearch/agent_key.ts";
import { lossesIn } from "../../harness/elasticsearch/arrivals.ts";
import { atEnd } from "../../harness/elasticsearch/at_end.ts";
import { eventually } from "../../harness/elasticsearch/eventually.ts";
import { needs, plain, plainServer, secure, secureServer } from "../../harness/elasticsearch/needs.ts";
import { Scene } from "../../harness/elasticsearch/scene.ts";
import { live } from "../../harness/live.ts";

test(
  "a wrong API key: everything waits and it is told; with the right one it arrives",
  needs(live, secure),
  async (t) => {
    const server = secureServer();
    const encoded = await agentKey(t, server);
    const file = secretFile(t, "wrong-id:wrong-secret");
    const scene = await Scene.set(t, server, { elasticsearch: { api_key_file: file } });
    const { shipper, proxy } = scene;

    const first = await scene.live(200);
    const stopped = await shipper.waitForLog(({ mayfly }) => mayfly?.["code"] === "delivery_stopped");
    assert.match(stopped.message, /401 .*check output\.elasticsearch\.api_key.*nothing is lost/);
    await scene.state("stopped");
    assert.match((await shipper.get("/readyz")).text, /delivery_stopped/);
    assert.doesNotMatch(shipper.stderr, /wrong-secret|d3JvbmctaWQ6/);
    assert.equal((await shipper.stop()).status, "0");
    assert.ok(proxy.traffic.exchanges.every(({ status }) => status === 401));

    writeFileSync(file, `${encoded}\n`);
    await shipper.restart();
    const second = await scene.live(50);
    for (const lives of [first, second]) {
      const arrivals = await scene.arrivals(lives);
      assert.equal(arrivals.difference.summary, "");
      assert.deepEqual(arrivals.doubled, []);
    }
    assert.deepEqual(lossesIn(await scene.settled()), {});
    assert.ok(!shipper.stderr.includes(encoded));
    assert.doesNotMatch(readFileSync(`/proc/${shipper.pid}/cmdline`, "latin1"), new RegExp(encoded.slice(0, 20)));
  },
);

test(
  "an index that the flood stage made read-only: everything waits until it is lifted",
  needs(live, plain),
  async (t) => {
    const server = plainServer();
    const scene = await Scene.set(t, server);
    const { namespace, shipper } = scene;
    const before = await scene.live(50);
    await scene.arrivals(before);
    const block = (value: true | null) =>
      server.putSettings(namespace.processes, { "index.blocks.read_only_allow_delete": value });
    await block(true);
    const blocked = scene.live(400);
    const stopped = await eventually(
      async () => {
        // A server whose disk has room lifts the block by itself, every 30 s.
        await block(true);
        return shipper.log.find(({ mayfly }) => mayfly?.["code"] === "delivery_stopped");
      },
      20_000,
      () => `the delivery stops; stderr:\n${shipper.stderr}`,
    );
    assert.match(stopped.message, /429 cluster_block_exception: .*disk is full.*nothing is lost/);
    assert.equal((await scene.state("stopped")).get("mayfly_dead_letter_documents_total"), 0);
    assert.match((await shipper.get("/readyz")).text, /delivery_stopped/);
    await block(null);
    for (const lives of [before, await blocked]) {
      const arrivals = await scene.arrivals(lives);
      assert.equal(arrivals.difference.summary, "");
      assert.deepEqual(arrivals.doubled, []);
    }
    await shipper.waitForLog("Elasticsearch takes documents again");
    assert.deepEqual(lossesIn(await scene.settled()), {});
    assert.equal((await shipper.get("/readyz")).status, 200);
  },
);

test(
  "a mapping conflict in 1 of 100 documents: those are dead letters, the others arrive",
  needs(live, plain),
  async (t) => {
    // What does not fit: a process with more than 127 arguments.
    const scene = await Scene.set(t, plainServer(), { properties: { "process.args_count": { type: "byte" } } });
    const { shipper } = scene;
    const conflicting = `conflict-${process.pid}-${Date.now()}`;
    const few = 6;
    const living = scene.live(594);
    for (let number = 0; number < few; number++) {
      const args = [`${conflicting}.${number}`, ...Array.from({ length: 200 }, () => "x")];
      assert.equal(spawnSync(programPath("tiny"), args).status, 0);
    }
    const arrivals = await scene.arrivals(await living);
    assert.equal(arrivals.difference.summary, "");
    assert.deepEqual(arrivals.doubled, []);

    const letters = await eventually(
      () => {
        const all = deadLettersOf(shipper.state);
        return all.filter(({ document }) => document.includes(conflicting)).length >= few ? all : undefined;
      },
      20_000,
      () => `${few} dead letters; stderr:\n${shipper.stderr}`,
    );
    const own = letters.filter(({ document }) => document.includes(conflicting));
    assert.equal(own.length, few);
    for (const { index, id, status, type, reason, document } of own) {
      assert.deepEqual(
        { index, status, type },
        { index: scene.namespace.processes, status: 400, type: "document_parsing_exception" },
      );
      assert.match(reason, /process\.args_count/);
      assert.equal((JSON.parse(document) as { event: { id: string } }).event.id, id);
    }
    const metrics = await scene.settled();
    const counted = metrics.get("mayfly_dead_letter_documents_total") ?? 0;
    assert.equal(counted, deadLettersOf(shipper.state).length);
    assert.deepEqual(lossesIn(metrics), { mayfly_dead_letter_documents_total: counted });
    const told = await shipper.waitForLog(({ mayfly }) => mayfly?.["code"] === "documents_rejected");
    assert.match(told.message, /document_parsing_exception: .*process\.args_count.*dead-letter\.ndjson/);
    assert.equal(metrics.get('mayfly_delivery_state{state="delivering"}'), 1);
  },
);

function deadLettersOf(state: string): readonly DeadLetter[] {
  try {
    const lines = readFileSync(join(state, "dead-letter.ndjson"), "utf8").split("\n");
    return lines.slice(0, -1).map((line) => JSON.parse(line) as DeadLetter);
  } catch (fault) {
    if ((fault as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw fault;
  }
}

function secretFile(t: TestContext, secret: string): string {
  const folder = mkdtempSync(join(tmpdir(), "mayfly-key-"));
  atEnd(t, () => rmSync(folder, { recursive: true }));
  const path = join(folder, "api-key");
  writeFileSync(path, secret, { mode: 0o600 });
  return path;
}
