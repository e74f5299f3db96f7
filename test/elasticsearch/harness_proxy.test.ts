import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import type { Owner } from "../harness/elasticsearch/at_end.ts";
import type { BulkAnswer } from "../harness/elasticsearch/bulk_body.ts";
import { eventually } from "../harness/elasticsearch/eventually.ts";
import { Namespace } from "../harness/elasticsearch/namespace.ts";
import { plain, plainServer } from "../harness/elasticsearch/needs.ts";
import { FaultProxy } from "../harness/elasticsearch/proxy.ts";
import { anyRequest } from "../harness/elasticsearch/rules.ts";
import { type Answer, Server } from "../harness/elasticsearch/server.ts";

/** A proxy in front of the real server, and a client of each. */
async function stage(owner: Owner) {
  const server = plainServer();
  const namespace = Namespace.fresh(owner, server);
  const proxy = await FaultProxy.start(owner, server.url);
  return { server, namespace, proxy, client: new Server(proxy.url), bulk: bulkBody(namespace, "a", 20) };
}

/** `count` documents with the ids PREFIX0, PREFIX1, ... */
function bulkBody(namespace: Namespace, prefix: string, count: number): string {
  const lines = Array.from({ length: count }, (_, number) => {
    const action = { create: { _index: namespace.processes, _id: `${prefix}${number}` } };
    return `${JSON.stringify(action)}\n{"@timestamp":"2026-11-21T09:42:02.120001234Z","message":"ä ${number}"}\n`;
  });
  return lines.join("");
}

function statuses({ body }: Answer): number[] {
  return (body as BulkAnswer).items.map((item) => item["create"]?.status ?? 0);
}

/** The code of the fault that cut the connection. */
async function brokenBy(request: Promise<unknown>): Promise<string> {
  try {
    await request;
  } catch (fault) {
    const { cause } = fault as { cause?: { code?: string } };
    return cause?.code ?? String(fault);
  }
  throw new Error("the request was answered");
}

test("without rules everything passes unchanged and is counted", plain, async (t) => {
  const { server, namespace, proxy, client, bulk } = await stage(t);
  const answer = await client.request("POST", "/_bulk", bulk);
  assert.deepEqual(statuses(answer), Array<number>(20).fill(201));
  assert.equal(await server.count(namespace.processes), 20);
  assert.equal((await client.request("GET", "/")).status, 200);
  assert.equal((await client.request("HEAD", `/${namespace.processes}`)).status, 200);

  const { traffic } = proxy;
  assert.equal(traffic.exchanges.length, 3);
  const [first] = traffic.bulks;
  assert.equal(traffic.bulks.length, 1);
  assert.deepEqual(
    { bytes: first?.bytes, documents: first?.documents, forwarded: first?.forwarded, status: first?.status },
    { bytes: Buffer.byteLength(bulk), documents: 20, forwarded: 20, status: 200 },
  );
  assert.equal(first?.fate, "answered");
  assert.deepEqual([traffic.forwardedAgain, traffic.mostInFlight, traffic.connections], [[], 1, 1]);
});

test("documents sent again are counted, and are the server's to refuse", plain, async (t) => {
  const { proxy, client, bulk } = await stage(t);
  await client.request("POST", "/_bulk", bulk);
  assert.deepEqual(statuses(await client.request("POST", "/_bulk", bulk)), Array<number>(20).fill(409));
  assert.equal(proxy.traffic.sentAgain.length, 20);
  assert.equal(proxy.traffic.forwarded.get("a7"), 2);
});

test("a proxy that is down refuses connections, and is up again on its port", plain, async (t) => {
  const { proxy, client } = await stage(t);
  const { url } = proxy;
  assert.equal((await client.request("GET", "/")).status, 200);
  await proxy.down();
  // The client may first try the connection it had, which was reset.
  const refused = async () => ((await brokenBy(client.request("GET", "/"))) === "ECONNREFUSED" ? true : undefined);
  await eventually(refused, 5000, "refused");
  await proxy.up();
  assert.equal(proxy.url, url);
  assert.equal((await client.request("GET", "/")).status, 200);
});

test("a request that waits when the proxy goes down does not reach the server", plain, async (t) => {
  const { server, namespace, proxy, client, bulk } = await stage(t);
  proxy.rules = [{ delay: 60_000 }];
  const broken = brokenBy(client.request("POST", "/_bulk", bulk));
  await eventually(() => (proxy.traffic.sent.size === 20 ? true : undefined), 5000, "the request is in");
  await proxy.down();
  assert.equal(await broken, "ECONNRESET");
  assert.equal(await server.count(namespace.processes), 0);
  assert.equal(proxy.traffic.bulks[0]?.fate, "lost");
});

test("requests and answers are delayed", plain, async (t) => {
  const { server, namespace, proxy, client, bulk } = await stage(t);
  proxy.rules = [{ delay: 300, delayAnswer: 400 }];
  const began = performance.now();
  const answer = client.request("POST", "/_bulk", bulk);
  // Searchable in the server while the client still waits.
  await server.waitForCount(namespace.processes, 20);
  assert.equal(proxy.traffic.bulks[0]?.fate, "under way");
  assert.deepEqual(statuses(await answer), Array<number>(20).fill(201));
  assert.ok(performance.now() - began >= 690, "it took both delays");
});

test("a connection reset in the middle of a request leaves the server without it", plain, async (t) => {
  const { server, namespace, proxy, client, bulk } = await stage(t);
  proxy.rules = [{ resetAfter: 100, times: 1 }];
  assert.equal(await brokenBy(client.request("POST", "/_bulk", bulk)), "ECONNRESET");
  assert.equal(await server.count(namespace.processes), 0);
  assert.deepEqual([proxy.traffic.bulks[0]?.fate, proxy.traffic.forwarded.size], ["reset", 0]);
  assert.equal((await client.request("POST", "/_bulk", bulk)).status, 200, "only once");
});

for (const after of [0, 100]) {
  test(`an answer cut after ${after} bytes was given by a server that has done its work`, plain, async (t) => {
    const { server, namespace, proxy, client, bulk } = await stage(t);
    proxy.rules = [{ cutAnswer: after, times: 1 }];
    const code = await brokenBy(client.request("POST", "/_bulk", bulk));
    assert.equal(code, after === 0 ? "ECONNRESET" : "UND_ERR_SOCKET");
    assert.equal(await server.count(namespace.processes), 20);
    assert.deepEqual([proxy.traffic.bulks[0]?.fate, proxy.traffic.forwarded.size], ["cut", 20]);
  });
}

for (const encoding of [undefined, "gzip"]) {
  test(`a share of documents is answered 429 and kept from the server (${encoding ?? "plain"})`, plain, async (t) => {
    const { server, namespace, proxy } = await stage(t);
    const text = bulkBody(namespace, "b", 400);
    const body = encoding === "gzip" ? gzipSync(text) : text;
    const headers = {
      "content-type": "application/x-ndjson",
      ...(encoding !== undefined && { "content-encoding": encoding }),
    };
    proxy.rules = [{ reject: { items: 0.3 } }];
    const response = await fetch(`${proxy.url}/_bulk`, { method: "POST", headers, body });
    const { items, errors } = (await response.json()) as BulkAnswer;
    assert.equal(errors, true);
    assert.deepEqual(
      items.map((item) => item["create"]?._id),
      Array.from({ length: 400 }, (_, number) => `b${number}`),
      "answers stand where the documents stood",
    );
    const created = items.filter((item) => item["create"]?.status === 201).map((item) => item["create"]?._id ?? "");
    const refused = items.filter((item) => item["create"]?.status === 429);
    assert.equal(created.length + refused.length, 400);
    // Of 400 with chance 0.3, six standard deviations are 55.
    assert.ok(Math.abs(refused.length - 120) < 55, `${refused.length} refused`);
    assert.deepEqual((await server.ids(namespace.processes)).sort(), created.sort());
    assert.equal(proxy.traffic.bulks[0]?.forwarded, created.length);
    assert.equal(refused[0]?.["create"]?.error?.type, "es_rejected_execution_exception");
  });
}

test("the same seed refuses the same documents", plain, async (t) => {
  const draw = async (seed: number): Promise<number[]> => {
    const proxy = await FaultProxy.start(t, plainServer().url, { seed });
    proxy.rules = [{ reject: { items: 0.5 } }];
    const namespace = Namespace.fresh(t, plainServer());
    return statuses(await new Server(proxy.url).request("POST", "/_bulk", bulkBody(namespace, "c", 40)));
  };
  assert.deepEqual(await draw(5), await draw(5));
  assert.notDeepEqual(await draw(5), await draw(6));
});

test("documents can be refused one by one, for any reason, all of them too", plain, async (t) => {
  const { server, namespace, proxy, client, bulk } = await stage(t);
  const error = { type: "document_parsing_exception", reason: "failed to parse" };
  proxy.rules = [
    { reject: { items: ({ id }) => id === "a3", status: 400, error }, times: 1 },
    { reject: { items: 1 } },
  ];
  const answer = await client.request("POST", "/_bulk", bulk);
  const third = (answer.body as BulkAnswer).items[3]?.["create"];
  assert.deepEqual([third?.status, third?.error], [400, error], "of two rules the first counts");
  assert.equal(await server.count(namespace.processes), 19);
  assert.deepEqual(statuses(await client.request("POST", "/_bulk", bulk)), Array<number>(20).fill(429));
});

test("answers are changed after the server has done its work", plain, async (t) => {
  const { server, namespace, proxy, client, bulk } = await stage(t);
  proxy.rules = [
    {
      change: (answer, sent) => ({ ...answer, errors: true, items: answer.items.slice(0, sent.length - 1) }),
    },
  ];
  const { items, errors } = (await client.request("POST", "/_bulk", bulk)).body as BulkAnswer;
  assert.deepEqual([items.length, errors], [19, true]);
  assert.equal(await server.count(namespace.processes), 20);
});

test("whole requests are answered in the server's place", plain, async (t) => {
  const { server, namespace, proxy, bulk } = await stage(t);
  const headers = { "content-type": "application/x-ndjson" };
  const post = () => fetch(`${proxy.url}/_bulk`, { method: "POST", headers, body: bulk });
  proxy.rules = [
    { answer: { status: 429, retryAfter: "2" }, times: 1 },
    { answer: { status: 503 }, times: 2 },
  ];
  const [first, second] = [await post(), await post()];
  assert.deepEqual([first.status, first.headers.get("retry-after")], [429, "2"]);
  assert.deepEqual([second.status, second.headers.get("retry-after")], [503, null]);
  assert.equal(await server.count(namespace.processes), 0);
  proxy.rules = [{ largest: Buffer.byteLength(bulk) - 1 }];
  assert.equal((await post()).status, 413);
  proxy.rules = [{ largest: Buffer.byteLength(bulk) }];
  assert.equal((await post()).status, 200);
});

test("rules are for bulk requests unless they say otherwise", plain, async (t) => {
  const { proxy, client } = await stage(t);
  proxy.rules = [{ answer: { status: 503 } }];
  assert.equal((await client.request("GET", "/")).status, 200);
  proxy.rules = [{ answer: { status: 503 }, when: anyRequest }];
  assert.equal((await client.request("GET", "/")).status, 503);
  proxy.rules = [{ answer: { status: 401 }, when: ({ path, method }) => path === "/_license" && method === "GET" }];
  assert.deepEqual(
    [(await client.request("GET", "/_license")).status, (await client.request("GET", "/")).status],
    [401, 200],
  );
});

test("a rule that throws fails the test and is not taken for an outage", plain, async () => {
  let close = () => Promise.resolve();
  const { client, proxy, bulk, namespace } = await stage({ after: (given) => void (close = given) });
  proxy.rules = [
    {
      change: () => {
        throw new Error("no such item");
      },
    },
  ];
  assert.equal(await brokenBy(client.request("POST", "/_bulk", bulk)), "ECONNRESET");
  await assert.rejects(close(), /no such item/);
  assert.equal(await plainServer().count(namespace.processes), 0, "the rest is closed all the same");
});

test("requests under way at once are counted", plain, async (t) => {
  const { namespace, proxy, client } = await stage(t);
  proxy.rules = [{ delayAnswer: 200 }];
  await Promise.all(["x", "y", "z"].map((id) => client.request("POST", "/_bulk", bulkBody(namespace, id, 5))));
  assert.equal(proxy.traffic.mostInFlight, 3);
});

test("an answer stays compressed as the server made it", plain, async (t) => {
  const { proxy } = await stage(t);
  const response = await fetch(`${proxy.url}/_cluster/settings?include_defaults=true`);
  assert.equal(response.headers.get("content-encoding"), "gzip");
  assert.equal(typeof ((await response.json()) as { defaults: unknown }).defaults, "object");
});
