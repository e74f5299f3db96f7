import assert from "node:assert/strict";
import { test } from "node:test";
import { plain, plainServer } from "../harness/elasticsearch/needs.ts";
import { OwnCluster, processLines } from "./setup.fixture.ts";

/* What is read back is what was sent, in the index modes that keep it. */

const STREAM = "logs-mayfly.process-default";

/** Beside the golden documents: everything that an index could put in order, or leave out. */
function hostileLines(): string[] {
  const [line = ""] = processLines();
  const document = JSON.parse(line) as { event: object; process: object; host: object };
  const lists: readonly (readonly string[])[] = [
    ["z", "a", "z", "", "a", ""],
    [""],
    ["one"],
    ["b\u0000c", "line\nbreak", "\u202egnp.exe", "größe 😀", "\ufffd"],
    ["x".repeat(9000), "short", "x".repeat(9000)],
  ];
  return lists.map((args, number) => {
    const id = `hostile${number}`.padStart(24, "0");
    const process = { ...document.process, args, Ext: { ancestry: [...args] }, exit_code: 255 };
    const host = { ...document.host, ip: ["fe80::1", "192.0.2.7", "2001:db8::7", "192.0.2.7"] };
    return JSON.stringify({
      ...document,
      event: { ...document.event, id, duration: 4_503_599_627_370_497 },
      process,
      host,
    });
  });
}

for (const indexMode of ["logsdb", "standard"]) {
  test(`_source of ${indexMode} is the line that was sent`, plain, async (t) => {
    const cluster = new OwnCluster(t, plainServer());
    await cluster.setUp({ indexMode });
    const sent = [...processLines(), ...hostileLines()];
    await cluster.add(STREAM, sent);
    const index = await onlyIndex(cluster);
    await cluster.ask("POST", `/${index}/_forcemerge?max_num_segments=1`);
    for (const line of sent) {
      const id = /"id":"([^"]{24})"/.exec(line)?.[1];
      const back = await cluster.ask("GET", `/${index}/_source/${id}`);
      assert.deepEqual(back, JSON.parse(line), id);
    }
  });
}

test("the index is made as docs/elasticsearch.md says", plain, async (t) => {
  const cluster = new OwnCluster(t, plainServer());
  await cluster.setUp();
  await cluster.add(STREAM, processLines().slice(0, 1));
  const index = await onlyIndex(cluster);
  type Settings = Readonly<Record<string, { readonly settings: Readonly<Record<string, unknown>> }>>;
  const body = await cluster.ask<Settings>("GET", `/${index}/_settings?flat_settings=true`);
  const settings = body[index]?.settings ?? {};
  const stated = ["mode", "mapping.source.mode", "codec", "sort.field", "sort.order", "number_of_shards"];
  assert.deepEqual(
    stated.map((name) => settings[`index.${name}`]),
    ["logsdb", "stored", "best_compression", ["host.name", "@timestamp"], ["asc", "desc"], "1"],
  );
});

async function onlyIndex(cluster: OwnCluster): Promise<string> {
  type Listed = { data_streams: { indices: { index_name: string }[] }[] };
  const { data_streams: streams } = await cluster.ask<Listed>("GET", `/_data_stream/${STREAM}`);
  return streams[0]?.indices[0]?.index_name ?? "";
}
