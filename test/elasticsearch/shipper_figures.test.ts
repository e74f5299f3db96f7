import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { mayfly } from "../harness/command.ts";
import { Namespace } from "../harness/elasticsearch/namespace.ts";
import { needs, plain, plainServer } from "../harness/elasticsearch/needs.ts";
import { Shipper } from "../harness/elasticsearch/shipper.ts";
import { live } from "../harness/live.ts";

/* What mayfly tells of itself, in Elasticsearch and to who asks. */

test("the figures arrive as documents of metrics-mayfly.agent", needs(live, plain), async (t) => {
  const server = plainServer();
  // Elasticsearch may come without a template for metrics-*-*; then only mayfly's own makes the stream.
  const setup = await mayfly(["setup", "--elasticsearch", server.url]);
  assert.equal(setup.code, 0, setup.stderr);
  const namespace = Namespace.fresh(t, server);
  const shipper = await Shipper.start(t, {
    hosts: [server.url],
    namespace: namespace.name,
    config: { telemetry: { documents: "1s" } },
  });
  const stream = `metrics-mayfly.agent-${namespace.name}`;
  const found = await server.waitForCount(stream, 2);
  await shipper.stop();
  assert.ok((await server.count(stream)) > found, "one more at the end");
  const query = { range: { "mayfly.agent.spool.committed": { gte: 1 } } };
  assert.ok((await server.count(stream, query)) >= 1);
});

/** The findings of `mayfly doctor` with a configuration that ships, and its exit code. */
async function doctor(folder: string, host: string, namespace: string): Promise<{ code: number; stdout: string }> {
  const config = join(folder, "mayfly.yml");
  const elasticsearch = { hosts: [host], namespace };
  writeFileSync(config, JSON.stringify({ state: { path: join(folder, "state") }, output: { elasticsearch } }));
  const { code, stdout } = await mayfly(["doctor", "--config", config]);
  return { code: code ?? -1, stdout };
}

test("doctor says what becomes of documents on the way to the server", needs(live, plain), async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "mayfly-doctor-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const server = plainServer();
  const namespace = Namespace.fresh(t, server);
  const ready = await doctor(folder, server.url, namespace.name);
  assert.equal(ready.code, 0, ready.stdout);
  assert.match(
    ready.stdout,
    /^ok {3}elasticsearch {3}answers; logs-mayfly\.process-test\w+ is made by the first document$/m,
  );
  assert.match(ready.stdout, /^ok {3}spool .*state\/spool, 0 B of 1\.00 GiB$/m);
  assert.match(ready.stdout, /^ok {3}dead letters {4}none$/m);

  const letter = {
    when: "2026-11-21T09:42:02.000Z",
    index: namespace.processes,
    id: "BmDGLDsDQSmvp5tBhAAAEJID",
    status: 409,
    type: "version_conflict_engine_exception",
    reason: "version conflict, document already exists",
    document: "{}",
  };
  mkdirSync(join(folder, "state"), { recursive: true });
  writeFileSync(join(folder, "state/dead-letter.ndjson"), `${JSON.stringify(letter)}\n`);
  const away = await doctor(folder, "http://127.0.0.1:1", namespace.name);
  assert.equal(away.code, 0, "run would work, and spool");
  assert.match(away.stdout, /^note elasticsearch .*\n +Until it answers, documents wait in the spool\.$/m);
  assert.match(away.stdout, /^note dead letters {4}Elasticsearch refused 1 document\n.*mayfly dead-letter send/m);
  assert.match(away.stdout, /^note identity .*machine-id and boot-id.*\n.*set identity\.salt to another text on each/m);
});
