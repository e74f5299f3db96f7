import assert from "node:assert/strict";
import { test } from "node:test";
import { atEnd } from "../harness/elasticsearch/at_end.ts";
import { Namespace } from "../harness/elasticsearch/namespace.ts";
import { plain, plainServer, secure, secureServer } from "../harness/elasticsearch/needs.ts";
import { Server } from "../harness/elasticsearch/server.ts";

function documents(namespace: Namespace, from: number, count: number): string {
  const lines = Array.from({ length: count }, (_, number) => {
    const action = { create: { _index: namespace.processes, _id: `d${from + number}` } };
    const document = { "@timestamp": "2026-11-21T09:42:02.12Z", event: { sequence: from + number } };
    return `${JSON.stringify(action)}\n${JSON.stringify(document)}\n`;
  });
  return lines.join("");
}

test("every document of a data stream is read, over pages and backing indices", plain, async (t) => {
  const server = plainServer();
  const namespace = Namespace.fresh(t, server);
  await server.call("POST", "/_bulk", documents(namespace, 0, 12_000));
  const { from, to } = await server.rollover(namespace.processes);
  assert.notEqual(from, to);
  // The first ten again: the new write index does not know them.
  await server.call("POST", "/_bulk", documents(namespace, 0, 10));
  assert.equal(await server.count(namespace.processes), 12_010);
  const ids = await server.ids(namespace.processes);
  assert.deepEqual([ids.length, new Set(ids).size], [12_010, 12_000]);

  const query = { term: { "event.sequence": 3 } };
  const found = await server.search<{ event: { sequence: number } }>(namespace.processes, { query, fields: ["event"] });
  assert.deepEqual(new Set(found.map((hit) => hit._index)), new Set([from, to]));
  assert.deepEqual(
    found.map((hit) => hit._source),
    [{ event: { sequence: 3 } }, { event: { sequence: 3 } }],
  );
});

test("a data stream that is not there yet is empty", plain, async (t) => {
  const server = plainServer();
  const namespace = Namespace.fresh(t, server);
  assert.equal(await server.count(namespace.processes), 0);
  assert.deepEqual(await server.ids(namespace.processes), []);
  await assert.rejects(
    server.waitForCount(namespace.processes, 1, 100),
    /after 100 ms still not: .* holds 1 documents/,
  );
});

test("a namespace leaves nothing behind, even when its streams refuse writes", plain, async (t) => {
  const server = plainServer();
  let name = "";
  await t.test("one that writes", async (inner) => {
    const namespace = Namespace.fresh(inner, server);
    name = namespace.name;
    await server.call("POST", "/_bulk", documents(namespace, 0, 3));
    await server.putSettings(namespace.processes, { "index.blocks.read_only_allow_delete": true });
  });
  const left = (await server.call("GET", `/_data_stream/*${name}`)) as { data_streams: unknown[] };
  assert.deepEqual(left.data_streams, []);
});

test("what was opened last is closed first, and all of it when one cannot be closed", async () => {
  const order: string[] = [];
  let close = () => Promise.resolve();
  const owner = { after: (given: () => Promise<void>) => void (close = given) };
  atEnd(owner, () => void order.push("first"));
  atEnd(owner, () => {
    throw new Error("stuck");
  });
  atEnd(owner, () => void order.push("last"));
  await assert.rejects(close(), /stuck/);
  assert.deepEqual(order, ["last", "first"]);
});

test("with security, a request without a login is refused", secure, async () => {
  const server = secureServer();
  assert.equal((await new Server(server.url).request("GET", "/")).status, 401);
  assert.equal((await server.request("GET", "/", undefined, "ApiKey none")).status, 401);
  assert.equal((await server.request("GET", "/_security/_authenticate")).status, 200);
});
