import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { eachLeaf, type Properties } from "../../../src/setup/mappings.ts";
import { programPath } from "../../harness/checkout.ts";
import { command, mayfly } from "../../harness/command.ts";
import { until } from "../../harness/deadline.ts";
import type { Document } from "../../harness/document.ts";
import { atEnd } from "../../harness/elasticsearch/at_end.ts";
import { Namespace } from "../../harness/elasticsearch/namespace.ts";
import { needs, plain, plainServer } from "../../harness/elasticsearch/needs.ts";
import type { Server } from "../../harness/elasticsearch/server.ts";
import { live } from "../../harness/live.ts";

/* The first five minutes: `mayfly setup`, `mayfly run --elasticsearch`, and a search. With mayfly's real names, so the server's alone. */

const parts = {
  _index_template: ["logs-mayfly", "metrics-mayfly"],
  _component_template: ["mayfly@mappings", "mayfly@settings"],
  "_ingest/pipeline": ["logs-mayfly@ingested"],
};

/** What `setup` installed is taken away again, unless it was there before. */
async function removePartsAtEnd(owner: Parameters<typeof atEnd>[0], server: Server): Promise<void> {
  for (const [kind, names] of Object.entries(parts).toReversed())
    for (const name of names) {
      const { status } = await server.request("GET", `/${kind}/${name}`);
      if (status === 404) atEnd(owner, async () => void (await server.request("DELETE", `/${kind}/${name}`)));
    }
}

interface Found {
  readonly _source: Document;
}
type Mappings = Readonly<Record<string, { readonly mappings: { readonly properties: Properties } }>>;
interface Simulated {
  readonly template: { readonly mappings: { readonly properties: Properties } };
}
interface Executables {
  readonly aggregations: { readonly executables: { readonly buckets: { key: string; doc_count: number }[] } };
}

/** Dotted names of the values of a document. */
function* valuesOf(value: unknown, path = ""): Generator<string> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) yield path;
  else
    for (const [name, member] of Object.entries(value)) yield* valuesOf(member, path === "" ? name : `${path}.${name}`);
}

test(
  "after setup and run a search finds the command just run, with every field mapped",
  needs(live, plain),
  async (t) => {
    const server = plainServer();
    await removePartsAtEnd(t, server);
    const namespace = Namespace.fresh(t, server);
    const folder = mkdtempSync(join(tmpdir(), "mayfly-first-"));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const config = join(folder, "mayfly.yml");
    writeFileSync(config, `state: {path: ${JSON.stringify(folder)}}\n`);

    const setup = await mayfly(["setup", "--elasticsearch", server.url]);
    assert.equal(setup.code, 0, setup.stderr);
    assert.match(setup.stdout, /[✓+=] (created|updated|unchanged) +index template logs-mayfly/);

    const ship = ["--elasticsearch", server.url, "--namespace", namespace.name, "--config", config];
    const token = `first-${namespace.name}`;
    const run = await mayfly(["run", ...ship, "--for", "8s"], {
      meanwhile: async (_, stderr) => {
        await until(() => stderr().includes("watching"), 20_000, "it watches");
        await command(programPath("tiny"), [token]);
      },
    });
    assert.equal(run.code, 0, run.stderr);
    assert.equal(run.stdout, "", "documents go to the server alone");

    const wildcard = { wildcard: { "process.command_line": `*${token}*` } };
    const ran = { bool: { filter: [wildcard, { term: { "process.executable": programPath("tiny") } }] } };
    await server.refresh(namespace.processes);
    const hits = await server.search<Document>(namespace.processes, { query: ran });
    assert.equal(hits.length, 1, "exactly one document");
    const [document] = hits.map((hit) => hit._source);

    const { entity_id: parent } = document?.process?.parent ?? {};
    const children = await server.search<Document>(namespace.processes, {
      query: { term: { "process.parent.entity_id": parent } },
    });
    assert.ok(children.some(({ _source }) => _source.process?.pid === document?.process?.pid));
    assert.ok(children.every(({ _source }) => _source.process?.parent?.entity_id === parent));

    const aggs = { executables: { terms: { field: "process.executable", size: 1000 } } };
    const { buckets } = (
      (await server.call("POST", `/${namespace.processes}/_search`, { size: 0, aggs })) as Executables
    ).aggregations.executables;
    const all = (await server.search<Document>(namespace.processes)).map((hit: Found) => hit._source);
    for (const { key, doc_count } of buckets)
      assert.equal(doc_count, all.filter(({ process }) => process?.executable === key).length, key);
    assert.ok(buckets.some(({ key }) => key === programPath("tiny")));

    const [index] = Object.values((await server.call("GET", `/${namespace.processes}/_mapping`)) as Mappings);
    const mapped = new Map(eachLeaf(index?.mappings.properties ?? {}));
    const path = `/_index_template/_simulate_index/${namespace.processes}`;
    const { template } = (await server.call("POST", path)) as Simulated;
    assert.deepEqual(mapped, new Map(eachLeaf(template.mappings.properties)), "no document added a field");
    const values = new Set(all.flatMap((one) => [...valuesOf(one)]));
    const unmapped = [...values].filter((name) => !mapped.has(name));
    assert.deepEqual(unmapped, [], "every value has a type of its own");
  },
);
