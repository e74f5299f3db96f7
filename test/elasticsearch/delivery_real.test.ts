import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import type { DeadLetter } from "../../src/output/elasticsearch/dead_letter.ts";
import { atEnd } from "../harness/elasticsearch/at_end.ts";
import { eventually } from "../harness/elasticsearch/eventually.ts";
import { Namespace } from "../harness/elasticsearch/namespace.ts";
import { plain, plainServer, secure, secureServer } from "../harness/elasticsearch/needs.ts";
import { FaultProxy } from "../harness/elasticsearch/proxy.ts";
import type { Rule } from "../harness/elasticsearch/rules.ts";
import type { Server } from "../harness/elasticsearch/server.ts";
import { idOf } from "../unit/delivery.fixture.ts";
import { connectionSettings, Shipping } from "./delivery.fixture.ts";

/** A template for one namespace: whatever else is installed on the server, this test finds its own mapping. */
async function installTemplate(
  t: TestContext,
  server: Server,
  namespace: Namespace,
  settings: object = {},
): Promise<void> {
  const name = `delivery-${namespace.name}`;
  await server.call("PUT", `/_index_template/${name}`, {
    index_patterns: [`logs-mayfly.*-${namespace.name}`],
    priority: 900,
    data_stream: {},
    template: {
      settings: { number_of_replicas: 0, ...settings },
      mappings: { properties: { "@timestamp": { type: "date" }, n: { type: "long" } } },
    },
  });
  atEnd(t, async () => void (await server.call("DELETE", `/_index_template/${name}`)));
}

async function place(t: TestContext): Promise<{ server: Server; namespace: Namespace }> {
  const server = plainServer();
  const namespace = Namespace.fresh(t, server);
  await installTemplate(t, server, namespace);
  return { server, namespace };
}

/** The next bulk request is carried out and its answer lost; those after it do not reach the server. */
function oneLostAnswer(): readonly Rule[] {
  let bulks = 0;
  return [
    { cutAnswer: 0, when: ({ bulk }) => bulk && ++bulks === 1 },
    { answer: { status: 503 }, when: ({ bulk }) => bulk && bulks > 1 },
  ];
}

async function accepted(shipping: Shipping, documents: number, ms = 30_000): Promise<void> {
  const what = (): string => `${documents} accepted; ${JSON.stringify({ ...shipping.stats(), told: shipping.told })}`;
  await eventually(() => (shipping.stats().accepted >= documents ? true : undefined), ms, what);
}

function ids(from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, at) => idOf(from + at));
}

async function assertArrivedOnce(server: Server, namespace: Namespace, to: number): Promise<void> {
  assert.deepEqual((await server.ids(namespace.processes)).sort(), ids(0, to));
}

test("10,000 documents arrive once, and the spool is empty then", plain, async (t) => {
  const { server, namespace } = await place(t);
  const shipping = await Shipping.open(t, [server.url], namespace);
  shipping.ship(0, 10_000);
  await accepted(shipping, 10_000);
  await assertArrivedOnce(server, namespace, 10_000);
  assert.equal(shipping.spoolStats().documents, 0);
  const { lagSeconds, deadLettered, collisions, state } = shipping.stats();
  assert.deepEqual({ deadLettered, collisions, state }, { deadLettered: 0, collisions: 0, state: "delivering" });
  assert.equal(
    lagSeconds.counts.reduce((sum, count) => sum + count),
    10_000,
  );
  assert.equal(await shipping.close(), true);
});

test(
  "the same documents again are collisions on a first send, and success where an earlier run may have sent them",
  plain,
  async (t) => {
    const { server, namespace } = await place(t);
    const shipping = await Shipping.open(t, [server.url], namespace);
    shipping.ship(0, 100);
    await accepted(shipping, 100);
    shipping.ship(0, 100, undefined, true);
    await eventually(() => (shipping.stats().alreadyThere === 100 ? true : undefined), 10_000, "100 are already there");
    shipping.ship(0, 5);
    await eventually(() => (shipping.stats().collisions === 5 ? true : undefined), 10_000, "5 collide");
    await eventually(() => (shipping.stats().deadLettered === 5 ? true : undefined), 10_000, "they are in the file");
    assert.ok(shipping.codes().includes("id_collision"));
    await assertArrivedOnce(server, namespace, 100);
  },
);

test("a document that the mapping refuses goes to the dead letter file, the others arrive", plain, async (t) => {
  const { server, namespace } = await place(t);
  const shipping = await Shipping.open(t, [server.url], namespace);
  shipping.ship(0, 500, (number) => (number === 7 ? "no number" : number));
  await accepted(shipping, 499);
  await eventually(() => (shipping.stats().deadLettered === 1 ? true : undefined), 10_000, "it is in the file");
  const lines = readFileSync(shipping.deadLetterPath, "utf8").trimEnd().split("\n");
  const letter = JSON.parse(lines[0] as string) as DeadLetter;
  assert.deepEqual(
    [lines.length, letter.id, letter.status, letter.type],
    [1, idOf(7), 400, "document_parsing_exception"],
  );
  assert.equal((JSON.parse(letter.document) as { n: string }).n, "no number");
  assert.ok(
    shipping.told.every(({ message }) => !message.includes("no number")),
    "the log shows what the document holds",
  );
  assert.equal(await server.count(namespace.processes), 499);
});

for (const [what, block, advice] of [
  ["read-only because its disk is full", "index.blocks.read_only_allow_delete", /make room/],
  ["blocked for writing", "index.blocks.write", /lift the block/],
] as const)
  test(`an index that is ${what} stops the delivery until it is released`, plain, async (t) => {
    const { server, namespace } = await place(t);
    const shipping = await Shipping.open(t, [server.url], namespace);
    shipping.ship(0, 10);
    await accepted(shipping, 10);
    await server.call("PUT", `/${namespace.processes}/_settings`, { [block]: true });
    shipping.ship(10, 500);
    await eventually(() => (shipping.stats().state === "stopped" ? true : undefined), 10_000, "it stops");
    assert.match(shipping.stats().reason ?? "", advice);
    await server.call("PUT", `/${namespace.processes}/_settings`, { [block]: null });
    await accepted(shipping, 500);
    await assertArrivedOnce(server, namespace, 500);
    assert.ok(shipping.codes().includes("delivery_resumed"));
    assert.equal(shipping.stats().deadLettered, 0);
  });

test("without a template the delivery stops, makes no index, and goes on once there is one", plain, async (t) => {
  const server = plainServer();
  const namespace = Namespace.fresh(t, server);
  const name = `delivery-none-${namespace.name}`;
  // No data stream: what a cluster says whose templates do not know mayfly.
  await server.call("PUT", `/_index_template/${name}`, {
    index_patterns: [`logs-mayfly.*-${namespace.name}`],
    priority: 900,
  });
  atEnd(t, async () => void (await server.call("DELETE", `/_index_template/${name}`)));
  const shipping = await Shipping.open(t, [server.url], namespace);
  shipping.ship(0, 100);
  await eventually(() => (shipping.stats().state === "stopped" ? true : undefined), 10_000, "it stops");
  assert.match(shipping.stats().reason ?? "", /mayfly setup/);
  assert.equal((await server.request("GET", `/${namespace.processes}`)).status, 404);
  await server.call("DELETE", `/_index_template/${name}`);
  await installTemplate(t, server, namespace);
  await server.call("PUT", `/_index_template/${name}`, { index_patterns: [`${name}-unused`] });
  await accepted(shipping, 100);
  await assertArrivedOnce(server, namespace, 100);
});

test("a mapping that refuses everything stops the delivery and gives up nothing", plain, async (t) => {
  const { server, namespace } = await place(t);
  const shipping = await Shipping.open(t, [server.url], namespace);
  shipping.ship(0, 200, () => "no number");
  await eventually(() => (shipping.stats().state === "stopped" ? true : undefined), 10_000, "it stops");
  assert.equal(shipping.stats().deadLettered, 0);
  await server.call("PUT", `/_index_template/delivery-${namespace.name}`, {
    index_patterns: [`logs-mayfly.*-${namespace.name}`],
    priority: 900,
    data_stream: {},
    template: { settings: { number_of_replicas: 0 }, mappings: { properties: { n: { type: "keyword" } } } },
  });
  await server.rollover(namespace.processes);
  await accepted(shipping, 200);
  await assertArrivedOnce(server, namespace, 200);
});

test("an answer lost before a rollover: nothing is doubled, nothing is missing", plain, async (t) => {
  const { server, namespace } = await place(t);
  const proxy = await FaultProxy.start(t, server.url);
  const shipping = await Shipping.open(t, [proxy.url], namespace);
  shipping.ship(0, 100);
  await accepted(shipping, 100);
  proxy.rules = oneLostAnswer();
  shipping.ship(100, 1100);
  await eventually(() => (shipping.stats().failedRequests > 0 ? true : undefined), 10_000, "the answer is lost");
  await server.rollover(namespace.processes);
  proxy.rules = [];
  await eventually(
    () => (shipping.stats().accepted + shipping.stats().alreadyThere === 1100 ? true : undefined),
    30_000,
    () => JSON.stringify(shipping.stats()),
  );
  await assertArrivedOnce(server, namespace, 1100);
  assert.ok(shipping.stats().alreadyThere >= 1000);
  assert.equal(shipping.stats().possibleDuplicates, 0);
});

test("what an earlier run sent without an answer is found behind a rollover", plain, async (t) => {
  const { server, namespace } = await place(t);
  const proxy = await FaultProxy.start(t, server.url);
  const first = await Shipping.open(t, [proxy.url], namespace);
  first.ship(0, 50);
  await accepted(first, 50);
  proxy.rules = oneLostAnswer();
  first.ship(50, 300);
  await eventually(() => (first.stats().failedRequests > 0 ? true : undefined), 10_000, "the answer is lost");
  assert.equal(await first.close(), true);
  await server.rollover(namespace.processes);
  proxy.rules = [];
  const second = await Shipping.open(t, [proxy.url], namespace, { folder: first.folder });
  await eventually(
    () => (second.stats().alreadyThere === 250 ? true : undefined),
    10_000,
    () => JSON.stringify(second.stats()),
  );
  await assertArrivedOnce(server, namespace, 300);
  assert.equal(second.stats().possibleDuplicates, 0);
});

test("a server that is down at the start costs nothing but time", plain, async (t) => {
  const { server, namespace } = await place(t);
  const proxy = await FaultProxy.start(t, server.url);
  await proxy.down();
  const shipping = await Shipping.open(t, [proxy.url], namespace);
  shipping.ship(0, 5000);
  await eventually(() => (shipping.stats().state === "retrying" ? true : undefined), 10_000, "it retries");
  assert.match(shipping.stats().reason ?? "", /nobody listens there/);
  await proxy.up();
  await accepted(shipping, 5000);
  await assertArrivedOnce(server, namespace, 5000);
  assert.equal(shipping.stats().collisions, 0);
});

test(
  "close with a full queue and a server that does not answer ends in time, and the next run delivers the rest",
  plain,
  async (t) => {
    const { server, namespace } = await place(t);
    const proxy = await FaultProxy.start(t, server.url);
    proxy.rules = [{ delay: 20_000 }];
    const first = await Shipping.open(t, [proxy.url], namespace);
    first.ship(0, 8000);
    await eventually(() => (first.stats().inFlight > 0 ? true : undefined), 5000, "a request is under way");
    const began = performance.now();
    assert.equal(await first.close(4000), true);
    const took = performance.now() - began;
    assert.ok(took < 4500, `${took} ms`);
    proxy.rules = [];
    const second = await Shipping.open(t, [proxy.url], namespace, { folder: first.folder });
    await accepted(second, 8000);
    await assertArrivedOnce(server, namespace, 8000);
  },
);

test("a wrong API key stops the delivery with what to do; with the right one everything arrives", secure, async (t) => {
  const server = secureServer();
  const namespace = Namespace.fresh(t, server);
  await installTemplate(t, server, namespace);
  const { credentials } = connectionSettings([]);
  const wrong = await Shipping.open(t, [server.url], namespace, {
    credentials: { ...credentials, apiKey: "no:topsecret" },
  });
  wrong.ship(0, 100);
  await eventually(() => (wrong.stats().state === "stopped" ? true : undefined), 10_000, "it stops");
  assert.match(wrong.stats().reason ?? "", /401 .*api_key/);
  assert.ok(wrong.told.every(({ message }) => !message.includes("topsecret")));
  assert.equal(await wrong.close(), true);
  const name = `delivery-${namespace.name}`;
  const { encoded } = (await server.call("POST", "/_security/api_key", {
    name,
    role_descriptors: {
      r: { indices: [{ names: [`logs-mayfly.*-${namespace.name}`], privileges: ["create_doc", "auto_configure"] }] },
    },
  })) as { encoded: string };
  atEnd(t, async () => void (await server.call("DELETE", "/_security/api_key", { name })));
  const right = await Shipping.open(t, [server.url], namespace, {
    folder: wrong.folder,
    credentials: { ...credentials, apiKey: encoded },
  });
  await accepted(right, 100);
  await assertArrivedOnce(server, namespace, 100);
  assert.ok(right.codes().includes("foreign_template"), "the stream was made from another template, and that is told");
});

test("a key without auto_configure is told which privileges it needs", secure, async (t) => {
  const server = secureServer();
  const namespace = Namespace.fresh(t, server);
  await installTemplate(t, server, namespace);
  const name = `delivery-${namespace.name}`;
  const { encoded } = (await server.call("POST", "/_security/api_key", {
    name,
    role_descriptors: { r: { indices: [{ names: [`logs-mayfly.*-${namespace.name}`], privileges: ["create_doc"] }] } },
  })) as { encoded: string };
  atEnd(t, async () => void (await server.call("DELETE", "/_security/api_key", { name })));
  const { credentials } = connectionSettings([]);
  const shipping = await Shipping.open(t, [server.url], namespace, {
    credentials: { ...credentials, apiKey: encoded },
  });
  shipping.ship(0, 10);
  await eventually(() => (shipping.stats().state === "stopped" ? true : undefined), 10_000, "it stops");
  assert.match(shipping.stats().reason ?? "", /create_doc and auto_configure on logs-mayfly/);
});
