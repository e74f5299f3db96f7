import assert from "node:assert/strict";
import { test } from "node:test";
import { setup } from "../../src/cli/commands/setup.ts";
import { Style } from "../../src/cli/pretty/style.ts";
import { MayflyError } from "../../src/errors.ts";
import { adminRole, grantsOf, type RoleDescriptor, readerRole, writerRole } from "../../src/setup/roles.ts";
import { atEnd, type Owner } from "../harness/elasticsearch/at_end.ts";
import { secure, secureServer } from "../harness/elasticsearch/needs.ts";
import type { Server } from "../harness/elasticsearch/server.ts";
import { connectionSettings } from "./delivery.fixture.ts";
import { OwnCluster, processLines } from "./setup.fixture.ts";

/* What setup prints is enough, and no more than that. */

const STREAM = "logs-mayfly.process-default";

/** `ApiKey ...` of a key with that role on the names that `cluster` uses. */
async function keyOf(
  owner: Owner,
  server: Server,
  cluster: OwnCluster,
  role: RoleDescriptor | object,
): Promise<string> {
  const [grant] = grantsOf(undefined);
  const request = { ...grant?.body, role_descriptors: { it: role } };
  const body = JSON.parse(JSON.stringify(request).replaceAll("mayfly", cluster.word)) as object;
  const made = (await server.call("POST", grant?.path ?? "", body)) as { id: string; encoded: string };
  atEnd(owner, async () => void (await server.call("DELETE", "/_security/api_key", { ids: [made.id] })));
  return `ApiKey ${made.encoded}`;
}

async function stage(t: Owner) {
  const server = secureServer();
  const cluster = new OwnCluster(t, server);
  await cluster.setUp();
  const own = (text: string): string => text.replaceAll("mayfly", cluster.word);
  const [line = ""] = processLines();
  const ask = (key: string, method: string, path: string, body?: unknown) =>
    server.request(method, own(path), body === undefined ? undefined : JSON.parse(own(JSON.stringify(body))), key);
  return { server, cluster, document: JSON.parse(line) as object, ask };
}

const adding = (id: string, stream = STREAM): [string, string] => [
  "PUT",
  `/${stream}/_create/${id}?require_data_stream=true`,
];

test(
  "the printed key adds documents to a stream that is not there yet, and looks for one by its id",
  secure,
  async (t) => {
    const { server, cluster, document, ask } = await stage(t);
    const key = await keyOf(t, server, cluster, writerRole(undefined));
    const added = await ask(key, ...adding("one"), document);
    assert.equal(added.status, 201, JSON.stringify(added.body));
    const index = (added.body as { _index: string })._index;
    const found = await ask(key, "POST", `/${index}/_mget?_source=false`, { ids: ["one", "two"] });
    const docs = (found.body as { docs: { found: boolean }[] }).docs.map((doc) => doc.found);
    assert.deepEqual(docs, [true, false]);
  },
);

test("the printed key writes nowhere else, deletes nothing, changes nothing", secure, async (t) => {
  const { server, cluster, document, ask } = await stage(t);
  const key = await keyOf(t, server, cluster, writerRole(undefined));
  const added = await ask(key, ...adding("one"), document);
  const { _index: index } = added.body as { _index: string };
  const refused: readonly [string, string, unknown?][] = [
    [...adding("one", "logs-other-default"), document],
    ["DELETE", `/${index}`],
    ["DELETE", `/${index}/_doc/one`],
    ["PUT", `/${index}/_doc/one?if_seq_no=0&if_primary_term=1`, document],
    ["PUT", `/${STREAM}/_mapping`, { properties: { other: { type: "long" } } }],
    ["POST", `/${STREAM}/_delete_by_query`, { query: { match_all: {} } }],
    ["POST", `/${STREAM}/_rollover`],
    ["PUT", "/_component_template/mayfly@mappings", { template: {} }],
    ["POST", "/_security/api_key", { name: "another" }],
  ];
  for (const [method, path, body] of refused)
    assert.equal((await ask(key, method, path, body)).status, 403, `${method} ${path}`);
});

test("without read all works but the look for an id, and of another namespace nothing", secure, async (t) => {
  const { server, cluster, document, ask } = await stage(t);
  const key = await keyOf(t, server, cluster, writerRole("default", false));
  const added = await ask(key, ...adding("one"), document);
  assert.equal(added.status, 201);
  const { _index: index } = added.body as { _index: string };
  const looked = await ask(key, "POST", `/${index}/_mget?_source=false`, { ids: ["one"] });
  assert.match(JSON.stringify(looked.body), /security_exception/);
  assert.equal((await ask(key, ...adding("one", "logs-mayfly.process-other"), document)).status, 403);
});

test("the printed key may use the pipeline for late documents", secure, async (t) => {
  const { server, cluster, document, ask } = await stage(t);
  const key = await keyOf(t, server, cluster, writerRole(undefined));
  const [method, path] = adding("late");
  const added = await ask(key, method, `${path}&pipeline=logs-mayfly@ingested`, document);
  assert.equal(added.status, 201, JSON.stringify(added.body));
});

test("the printed role for reading searches, under Elastic's names too, and adds nothing", secure, async (t) => {
  const { server, cluster, document, ask } = await stage(t);
  await cluster.add(STREAM, processLines());
  await cluster.setUp({ rules: true });
  const key = await keyOf(t, server, cluster, readerRole(undefined));
  for (const name of [STREAM, "logs-mayfly.*-*", "auditbeat-mayfly", "logs-endpoint.events.process-mayfly"]) {
    const answer = await ask(key, "POST", `/${name}/_search`, { query: { term: { "process.name": "grep" } } });
    const { hits } = answer.body as { hits: { total: { value: number } } };
    assert.ok(hits.total.value > 5, name);
  }
  assert.equal((await ask(key, ...adding("one"), document)).status, 403);
});

test("the role for setup is enough for setup", secure, async (t) => {
  const { server, cluster } = await stage(t);
  await cluster.add(STREAM, processLines());
  const key = await keyOf(t, server, cluster, adminRole());
  const output = await runSetup(server, cluster, key, { rules: true });
  assert.match(output, /Elasticsearch 9\..*, licence basic/);
  assert.match(output, /created +index template|updated +index template|unchanged index template/);
  assert.match(output, /alias auditbeat-/);
});

test(
  "a key that may not install is told which privilege it lacks, and a wrong one that it is wrong",
  secure,
  async (t) => {
    const { server, cluster } = await stage(t);
    const key = await keyOf(t, server, cluster, writerRole(undefined));
    const isFault = (code: string, exitCode: number, pattern: RegExp) => (error: unknown) => {
      assert.ok(error instanceof MayflyError);
      assert.deepEqual([error.code, error.exitCode], [code, exitCode]);
      assert.match(error.message, pattern);
      return true;
    };
    await assert.rejects(runSetup(server, cluster, key), isFault("NOT_ALLOWED", 77, /ask for the version .*monitor/));
    const looking = { cluster: ["monitor"], indices: [] };
    const reader = await keyOf(t, server, cluster, looking);
    await assert.rejects(
      runSetup(server, cluster, reader, { expect: 50_000 }),
      isFault("NOT_ALLOWED", 77, /install the component template .*manage_index_templates/),
    );
    const wrong = `ApiKey ${Buffer.from("nobody:secret").toString("base64")}`;
    await assert.rejects(runSetup(server, cluster, wrong), isFault("NOT_LOGGED_IN", 77, /does not accept the login/));
  },
);

/** The command itself, with a key of its own; the words `mayfly` are those of `cluster` on the way. Returns what it printed. */
async function runSetup(
  server: Server,
  cluster: OwnCluster,
  authorization: string,
  choices: { readonly rules?: boolean; readonly expect?: number } = {},
): Promise<string> {
  let output = "";
  const own = (text: string): string => text.replaceAll("mayfly", cluster.word);
  await setup({
    connection: connectionSettings(["http://127.0.0.1:1"]),
    namespace: undefined,
    expect: undefined,
    retention: undefined,
    ilm: undefined,
    indexMode: undefined,
    rules: false,
    profile: "elastic",
    rollover: false,
    dryRun: false,
    print: false,
    stdout: { write: (text: string) => (output += text) },
    style: new Style({ env: {}, isTTY: false, columns: () => undefined }),
    open: async () => ({
      request: async (method, path, body) => {
        const sent: unknown = body === undefined ? undefined : JSON.parse(own(JSON.stringify(body)));
        const answer = await server.request(method, own(path), sent, authorization);
        const back =
          answer.body === undefined ? undefined : JSON.stringify(answer.body).replaceAll(cluster.word, "mayfly");
        return { status: answer.status, body: back === undefined ? undefined : JSON.parse(back) };
      },
      close: () => undefined,
    }),
    ...choices,
  });
  return output;
}
