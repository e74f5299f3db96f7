import assert from "node:assert/strict";
import { test } from "node:test";
import { eachLeaf, type Properties } from "../../src/setup/mappings.ts";
import { plain, plainServer } from "../harness/elasticsearch/needs.ts";
import { OwnCluster, outcomes, processLines } from "./setup.fixture.ts";

/* Streams that were there before setup ran: as another version of mayfly left them, or as Elasticsearch's own templates made them. */

const STREAM = "logs-mayfly.process-default";

interface Listed {
  readonly data_streams: readonly {
    readonly indices: readonly { index_name: string }[];
    readonly lifecycle?: { data_retention?: string };
  }[];
}

async function stream(cluster: OwnCluster) {
  const { data_streams: streams } = await cluster.ask<Listed>("GET", `/_data_stream/${STREAM}`);
  const [only] = streams;
  assert.ok(only !== undefined);
  return only;
}

async function typesOfWriteIndex(cluster: OwnCluster): Promise<ReadonlyMap<string, string>> {
  const index = (await stream(cluster)).indices.at(-1)?.index_name ?? "";
  type Mappings = Readonly<Record<string, { readonly mappings: { readonly properties: Properties } }>>;
  const body = await cluster.ask<Mappings>("GET", `/${index}/_mapping`);
  return new Map(eachLeaf(body[index]?.mappings.properties ?? {}));
}

/** The templates as an older mayfly had them: without some fields, with less room. */
async function installOlder(cluster: OwnCluster): Promise<void> {
  const path = "/_component_template/mayfly@mappings";
  type Body = { component_templates: { component_template: { template: { mappings: { properties: Properties } } } }[] };
  const body = await cluster.ask<Body>("GET", path);
  const present = body.component_templates[0]?.component_template.template.mappings.properties ?? {};
  const { mayfly: _, ...properties } = present;
  const settings = { index: { mapping: { total_fields: { limit: 1400 } } } };
  await cluster.ask("PUT", path, { template: { settings, mappings: { dynamic: false, properties } } });
}

test("a stream of an older mayfly gets the new fields in place", plain, async (t) => {
  const cluster = new OwnCluster(t, plainServer());
  await cluster.setUp();
  await installOlder(cluster);
  await cluster.add(STREAM, processLines().slice(0, 1));
  assert.equal((await typesOfWriteIndex(cluster)).has("mayfly.transitions"), false);

  const steps = await cluster.setUp({ retention: "7d" });
  assert.equal(steps.at(-1)?.outcome, "updated", steps.at(-1)?.note);
  assert.equal((await typesOfWriteIndex(cluster)).get("mayfly.transitions"), "keyword");
  const { indices, lifecycle } = await stream(cluster);
  assert.deepEqual([indices.length, lifecycle?.data_retention], [1, "7d"]);
  assert.deepEqual(new Set(outcomes(await cluster.setUp({ retention: "7d" }))), new Set(["unchanged"]));
});

test(
  "a stream that another template made needs a rollover, which is told, and made when asked for",
  plain,
  async (t) => {
    const cluster = new OwnCluster(t, plainServer());
    // No template of mayfly: Elasticsearch's own for logs-*-* makes the stream.
    await cluster.add(STREAM, processLines());
    const told = (await cluster.setUp()).at(-1);
    assert.equal(told?.outcome, "rollover needed");
    assert.match(told?.note ?? "", /index\.mode, .*--rollover begins it now/);
    assert.equal((await stream(cluster)).indices.length, 1);

    assert.equal((await cluster.setUp({}, true)).at(-1)?.outcome, "updated");
    assert.equal((await stream(cluster)).indices.length, 2);
    assert.equal((await typesOfWriteIndex(cluster)).get("process.command_line"), "wildcard");
    assert.deepEqual(new Set(outcomes(await cluster.setUp({}, true))), new Set(["unchanged"]));
  },
);

test("a lifecycle policy decides while it is given, and the retention after that", plain, async (t) => {
  const cluster = new OwnCluster(t, plainServer());
  await cluster.setUp();
  await cluster.add(STREAM, processLines().slice(0, 1));
  const policy = async (): Promise<unknown> => {
    const body = await cluster.ask<Record<string, { settings: object }>>(
      "GET",
      `/${STREAM}/_settings?flat_settings=true`,
    );
    return Object.values(body).map(({ settings }) => (settings as Record<string, unknown>)["index.lifecycle.name"])[0];
  };
  assert.equal((await cluster.setUp({ ilm: "keep-a-year" })).at(-1)?.outcome, "updated");
  assert.equal(await policy(), "keep-a-year");
  assert.equal((await cluster.setUp()).at(-1)?.outcome, "updated");
  assert.equal(await policy(), undefined);
});

test("rules see processes under Elastic's names, and not mayfly's own notes", plain, async (t) => {
  const cluster = new OwnCluster(t, plainServer());
  await cluster.setUp();
  const lines = processLines();
  await cluster.add(STREAM, lines.slice(0, 2));
  assert.equal((await cluster.setUp({ rules: true })).at(-1)?.outcome, "updated");
  assert.deepEqual(new Set(outcomes(await cluster.setUp({ rules: true }))), new Set(["unchanged"]));
  // One stream had been there, the other is made with the aliases.
  const notes = lines.slice(3, 4).map((line) => line.replaceAll("mayfly.process", "mayfly.agent"));
  await cluster.add("logs-mayfly.process-other", lines.slice(2, 3));
  await cluster.add("logs-mayfly.agent-default", notes);
  for (const pattern of ["logs-endpoint.events.process-mayfly*", "auditbeat-mayfly*"]) {
    const { count } = await cluster.ask<{ count: number }>("GET", `/${pattern}/_count`);
    assert.equal(count, 3, pattern);
  }
  await cluster.setUp();
  const gone = await cluster.ask<{ count: number }>("GET", "/auditbeat-mayfly*/_count");
  assert.equal(gone.count, 0);
});

test("where Elastic's own collector writes already, the aliases are left out with a reason", plain, async (t) => {
  const cluster = new OwnCluster(t, plainServer());
  const other = `auditbeat-${cluster.word}-own`;
  t.after(() => plainServer().request("DELETE", `/${other}`));
  await plainServer().call("PUT", `/${other}`);
  const steps = await cluster.setUp({ rules: true });
  assert.equal(steps.at(-1)?.outcome, "declined");
  assert.match(steps.at(-1)?.note ?? "", /see .*-own already/);
  await cluster.add(STREAM, processLines().slice(0, 1));
  const { count } = await cluster.ask<{ count: number }>("GET", "/logs-endpoint.events.process-mayfly*/_count");
  assert.equal(count, 0);
});
