import assert from "node:assert/strict";
import { test } from "node:test";
import { setup } from "../../src/cli/commands/setup.ts";
import { MayflyError } from "../../src/errors.ts";
import { commandOptions, FakeCluster, ok } from "./setup.fixture.ts";

function isFault(code: string, exitCode: number, pattern: RegExp) {
  return (error: unknown): boolean => {
    assert.ok(error instanceof MayflyError, String(error));
    assert.deepEqual([error.code, error.exitCode], [code, exitCode]);
    assert.match(error.message, pattern);
    assert.doesNotMatch(error.message, /secret/);
    return true;
  };
}

test("each step is told, and the second time each is unchanged and nothing is put", async () => {
  const cluster = new FakeCluster();
  const first = commandOptions(cluster);
  assert.equal(await setup(first.options), 0);
  assert.equal(first.text().match(/^\+ created {3}/gm)?.length, 5);
  assert.ok(cluster.closed);
  cluster.requests.length = 0;
  const second = commandOptions(cluster);
  await setup(second.options);
  assert.equal(second.text().match(/^= unchanged /gm)?.length, 5);
  assert.deepEqual(
    cluster.requests.filter((request) => !request.startsWith("GET")),
    [],
  );
});

for (const how of ["dryRun", "print"] as const) {
  test(`--${how === "print" ? how : "dry-run"} opens no connection and sends nothing`, async () => {
    const cluster = new FakeCluster();
    const open = () => Promise.reject(new Error("a connection was opened"));
    const { options, text } = commandOptions(cluster, { [how]: true, open });
    assert.equal(await setup(options), 0);
    assert.deepEqual(cluster.requests, []);
    assert.match(text(), /mayfly@mappings/);
  });
}

test("--dry-run prints what would be sent, to paste into Dev Tools", async () => {
  const sent = new FakeCluster();
  await setup(commandOptions(sent).options);
  const { options, text } = commandOptions(new FakeCluster(), { dryRun: true });
  await setup(options);
  const [requests = "", grants = ""] = text().split("# For the hosts");
  const heads = [...requests.matchAll(/^(PUT \/\S+)$/gm)].map(([, head]) => head);
  assert.deepEqual(
    heads,
    sent.requests.filter((request) => request.startsWith("PUT")),
  );
  for (const body of requests.split(/^(?:PUT .*|#.*)$/m).filter((part) => part.trim() !== ""))
    assert.equal(typeof JSON.parse(body), "object");
  assert.match(grants, /POST \/_security\/api_key\n[\s\S]*"create_doc",\s+"auto_configure",\s+"read"/);
});

test("--print is one JSON object of requests and grants", async () => {
  const { options, text } = commandOptions(new FakeCluster(), { print: true, namespace: "prod" });
  await setup(options);
  const { requests, grants } = JSON.parse(text()) as { requests: { path: string; body: object }[]; grants: object[] };
  assert.equal(requests.length, 5);
  assert.equal(requests[3]?.path, "/_index_template/logs-mayfly");
  assert.match(JSON.stringify(grants[0]), /"logs-mayfly\.\*-prod"/);
});

test("a wrong login, a missing privilege and a refusal are a sentence and an exit status each", async () => {
  const path = "GET /_component_template/mayfly@mappings";
  const refusals: readonly [number, string, number, RegExp][] = [
    [401, "NOT_LOGGED_IN", 77, /does not accept the login.*MAYFLY_ELASTICSEARCH_API_KEY/],
    [403, "NOT_ALLOWED", 77, /may not install the component template mayfly@mappings.*manage_index_templates/],
    [503, "REFUSED", 73, /\(503\): no master/],
  ];
  for (const [status, code, exitCode, pattern] of refusals) {
    const cluster = new FakeCluster({ [path]: { status, body: { error: { reason: "no master" } } } });
    await assert.rejects(setup(commandOptions(cluster).options), isFault(code, exitCode, pattern));
    assert.ok(cluster.closed);
  }
});

test("what is no Elasticsearch, and what is too old, is said before anything is sent", async () => {
  const kibana = new FakeCluster({ "GET /": { status: 200, body: undefined } });
  await assert.rejects(setup(commandOptions(kibana).options), isFault("NO_ELASTICSEARCH", 64, /no Elasticsearch/));
  const old = new FakeCluster({ "GET /": ok({ version: { number: "8.16.6" } }) });
  await assert.rejects(setup(commandOptions(old).options), isFault("TOO_OLD", 77, /8\.16\.6; mayfly needs 8\.17/));
  assert.deepEqual([kibana.requests, old.requests], [["GET /"], ["GET /"]]);
});

test("synthetic _source is refused where the licence would silently leave it out", async () => {
  const { options } = commandOptions(new FakeCluster(), { indexMode: "logsdb-synthetic" });
  await assert.rejects(setup(options), isFault("NO_LICENSE", 78, /has basic/));
  const enterprise = new FakeCluster({ "GET /_license": ok({ license: { type: "enterprise" } }) });
  assert.equal(await setup(commandOptions(enterprise, { indexMode: "logsdb-synthetic" }).options), 0);
});

test("a lifecycle policy that is not there is said before anything is sent", async () => {
  const cluster = new FakeCluster();
  const { options } = commandOptions(cluster, { ilm: "nope" });
  await assert.rejects(setup(options), isFault("NO_POLICY", 78, /no lifecycle policy "nope"/));
  assert.deepEqual(
    cluster.requests.filter((request) => request.startsWith("PUT")),
    [],
  );
});

test("without a cluster it says how to name one", async () => {
  const { options } = commandOptions(new FakeCluster());
  const connection = { ...options.connection, hosts: [] };
  await assert.rejects(setup({ ...options, connection }), isFault("USAGE", 64, /--elasticsearch/));
});
