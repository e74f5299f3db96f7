import assert from "node:assert/strict";
import { test } from "node:test";
import { fieldTable } from "../../ecs/fields/table.ts";
import { eachLeaf, type Properties, propertiesOf } from "../../src/setup/mappings.ts";
import { plain, plainServer } from "../harness/elasticsearch/needs.ts";
import { OwnCluster, outcomes, processLines } from "./setup.fixture.ts";

const STREAM = "logs-mayfly.process-default";

interface Simulated {
  readonly template: {
    readonly settings: { index: object };
    readonly mappings: { dynamic: unknown; properties: Properties };
  };
}
type Mappings = Readonly<Record<string, { readonly mappings: { readonly properties: Properties } }>>;

async function mappingOf(cluster: OwnCluster): Promise<ReadonlyMap<string, string>> {
  const [index] = Object.values(await cluster.ask<Mappings>("GET", `/${STREAM}/_mapping`));
  return new Map(eachLeaf(index?.mappings.properties ?? {}));
}

test("what is installed once is unchanged the second time", plain, async (t) => {
  const cluster = new OwnCluster(t, plainServer());
  assert.deepEqual(outcomes(await cluster.setUp()), ["created", "created", "created", "created", "created"]);
  await cluster.add(STREAM, processLines());
  cluster.requests.length = 0;
  const again = await cluster.setUp();
  assert.deepEqual(outcomes(again), ["unchanged", "unchanged", "unchanged", "unchanged", "unchanged", "unchanged"]);
  assert.deepEqual(
    cluster.requests.filter((request) => request.startsWith("PUT")),
    [],
  );
});

test("other settings are told as updated, and only those", plain, async (t) => {
  const cluster = new OwnCluster(t, plainServer());
  await cluster.setUp();
  const steps = await cluster.setUp({ expect: 12_000, retention: "7d" });
  assert.deepEqual(outcomes(steps), ["unchanged", "updated", "unchanged", "updated", "updated"]);
  const { template } = await cluster.ask<Simulated>("POST", `/_index_template/_simulate_index/${STREAM}`);
  assert.equal((template.settings.index as { number_of_shards: string }).number_of_shards, "3");
});

test("the simulated template has every field with its type, and no documents add one", plain, async (t) => {
  const cluster = new OwnCluster(t, plainServer());
  await cluster.setUp();
  const { template } = await cluster.ask<Simulated>("POST", `/_index_template/_simulate_index/${STREAM}`);
  assert.equal(String(template.mappings.dynamic), "false");
  const simulated = new Map(eachLeaf(template.mappings.properties));
  // A server without Elastic's own field types has these in their place.
  for (const [name, type] of eachLeaf(propertiesOf(fieldTable)))
    assert.ok([type, standIns[type]].includes(simulated.get(name)), `${name}: ${type}, ${simulated.get(name)}`);
  await cluster.add(STREAM, processLines());
  assert.deepEqual(await mappingOf(cluster), simulated);
});

const standIns: Readonly<Record<string, string>> = { scaled_float: "double", unsigned_long: "long" };

test("metric documents find their types too", plain, async (t) => {
  const cluster = new OwnCluster(t, plainServer());
  await cluster.setUp();
  const path = "/_index_template/_simulate_index/metrics-mayfly.agent-default";
  const { template } = await cluster.ask<Simulated>("POST", path);
  const types = new Map(eachLeaf(template.mappings.properties));
  assert.equal(types.get("mayfly.agent.delivery.accepted"), "long");
  assert.equal(types.get("host.name"), "keyword");
  assert.equal(types.get("@timestamp"), "date");
});

test("a field that nobody knows is kept, refuses nothing, and can be mapped later", plain, async (t) => {
  const cluster = new OwnCluster(t, plainServer());
  await cluster.setUp();
  const [line = ""] = processLines();
  await cluster.add(STREAM, [line.replace('"mayfly":{', '"mayfly":{"tomorrow":{"name":"x"},')]);
  assert.equal((await mappingOf(cluster)).has("mayfly.tomorrow.name"), false);
  const found = await cluster.ask<{ hits: { hits: { _source: { mayfly: Record<string, unknown> } }[] } }>(
    "GET",
    `/${STREAM}/_search`,
  );
  assert.deepEqual(found.hits.hits[0]?._source.mayfly["tomorrow"], { name: "x" });
});

test("documents are found by executable, by parent and by a part of the command line", plain, async (t) => {
  const cluster = new OwnCluster(t, plainServer());
  await cluster.setUp();
  await cluster.add(STREAM, processLines());
  const documents = processLines().map((line) => JSON.parse(line) as { process: Process });
  const count = async (query: object): Promise<number> =>
    (await cluster.ask<{ count: number }>("POST", `/${STREAM}/_count`, { query })).count;

  const greps = documents.filter(({ process }) => process.executable === "/usr/bin/grep").length;
  const aggs = { executables: { terms: { field: "process.executable", size: 100 } } };
  const answer = await cluster.ask<Aggregated>("POST", `/${STREAM}/_search`, { size: 0, aggs });
  const bucket = answer.aggregations.executables.buckets.find(({ key }) => key === "/usr/bin/grep");
  assert.ok(greps > 5);
  assert.equal(bucket?.doc_count, greps);

  const parent = documents[0]?.process.parent?.entity_id;
  const children = documents.filter(({ process }) => process.parent?.entity_id === parent).length;
  assert.equal(await count({ term: { "process.parent.entity_id": parent } }), children);
  const typed = documents.filter(({ process }) => process.command_line?.includes("-rn TODO")).length;
  assert.equal(await count({ wildcard: { "process.command_line": "*-rn TODO*" } }), typed);
  assert.equal((await count({ query_string: { query: '"/usr/bin/grep"' } })) >= greps, true);
});

interface Process {
  readonly executable?: string;
  readonly command_line?: string;
  readonly parent?: { readonly entity_id: string };
}
interface Aggregated {
  readonly aggregations: { readonly executables: { buckets: { key: string; doc_count: number }[] } };
}

test("a document of the longest argument and path is taken, and found by both", plain, async (t) => {
  const cluster = new OwnCluster(t, plainServer());
  await cluster.setUp();
  const [line = ""] = processLines();
  const document = JSON.parse(line) as { process: { args: string[]; executable: string; command_line: string } };
  const path = `/${"é".repeat(2047)}`;
  const [long, longest] = ["€".repeat(8000), "€".repeat(131_072)];
  Object.assign(document.process, { args: [long, longest], executable: path, command_line: `${long} ${longest}` });
  await cluster.add(STREAM, [JSON.stringify(document)]);
  for (const [field, value] of [
    ["process.executable", path],
    ["process.args", long],
  ] as const) {
    const query = { term: { [field]: value } };
    assert.equal((await cluster.ask<{ count: number }>("POST", `/${STREAM}/_count`, { query })).count, 1, field);
  }
});

test("the pipeline says when a document arrived, and without it nothing is said", plain, async (t) => {
  const cluster = new OwnCluster(t, plainServer());
  await cluster.setUp();
  const [late = "", prompt = ""] = processLines();
  await cluster.add(STREAM, [prompt]);
  const before = Date.now();
  const action = `{"create":{"_index":"${STREAM}","_id":"late"}}\n${late}`;
  await cluster.ask("POST", "/_bulk?refresh=true&pipeline=logs-mayfly@ingested", action);
  const query = { exists: { field: "event.ingested" } };
  type Found = { hits: { hits: { _id: string; _source: { event: { ingested: string } } }[] } };
  const { hits } = await cluster.ask<Found>("POST", `/${STREAM}/_search`, { query });
  assert.deepEqual(
    hits.hits.map(({ _id }) => _id),
    ["late"],
  );
  assert.ok(Math.abs(Date.parse(hits.hits[0]?._source.event.ingested ?? "") - before) < 60_000);
});
