/*
 * How documents lie on disk, by index mode and sort order: bytes a document after a merge to one segment, server CPU a
 * document, and how many of them are read back as they were sent.
 *
 *   MAYFLY_TEST_ELASTICSEARCH=http://127.0.0.1:9200 node dist/test/elasticsearch/index_design.js [SECONDS | FILE]
 *
 * SECONDS (90): watches this host at work, as root. FILE: lines that mayfly wrote before.
 */
import { existsSync, readFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { fieldTable } from "../../ecs/fields/table.ts";
import { keepingDates, propertiesOf } from "../../src/setup/mappings.ts";
import { plainServer } from "../harness/elasticsearch/needs.ts";
import { realLines, type SentDocument, spread } from "./index_design_documents.ts";

interface Design {
  readonly name: string;
  readonly mode: "standard" | "logsdb";
  readonly source?: "stored" | "synthetic";
  readonly codec?: string;
  /** `-` before a field: falling. */
  readonly sort: readonly string[];
  readonly keepDates?: boolean;
}

const byHost = ["host.name", "-@timestamp"];
const byExecutable = ["host.name", "process.executable", "-@timestamp"];
const best = { mode: "standard", codec: "best_compression" } as const;
const logsdb = { mode: "logsdb", codec: "best_compression" } as const;
/** The first is what the others are compared with. */
const designs: readonly Design[] = [
  { name: "best_compression", ...best, sort: [] },
  { name: "default codec", mode: "standard", sort: [] },
  { name: "best_compression", ...best, sort: ["-@timestamp"] },
  { name: "best_compression", ...best, sort: byExecutable },
  { name: "logsdb, stored _source", ...logsdb, source: "stored", sort: ["-@timestamp"] },
  { name: "logsdb, stored _source", ...logsdb, source: "stored", sort: byHost },
  { name: "logsdb, stored _source", ...logsdb, source: "stored", sort: byExecutable },
  { name: "logsdb, synthetic _source", ...logsdb, source: "synthetic", sort: byHost },
  { name: "logsdb, synthetic _source", ...logsdb, source: "synthetic", sort: byExecutable },
  { name: "logsdb, synthetic _source, dates kept", ...logsdb, source: "synthetic", sort: byHost, keepDates: true },
];

const INDEX = "mayfly-index-design";
const IN_A_REQUEST = 1600;
const server = plainServer();

interface Figures {
  readonly bytes: number;
  /** Microseconds. Of all that the server did meanwhile. */
  readonly cpu: number;
  readonly same: number;
}

async function measure(design: Design, documents: readonly SentDocument[]): Promise<Figures> {
  await server.request("DELETE", `/${INDEX}`);
  try {
    await server.call("PUT", `/${INDEX}`, bodyOf(design));
    const before = await serverCpu();
    for (let at = 0; at < documents.length; at += IN_A_REQUEST) await add(documents.slice(at, at + IN_A_REQUEST));
    const cpu = (await serverCpu()) - before;
    await server.call("POST", `/${INDEX}/_forcemerge?max_num_segments=1`);
    await server.call("POST", `/${INDEX}/_flush`);
    await server.refresh(INDEX);
    const stats = (await server.call("GET", `/${INDEX}/_stats/store`)) as Stats;
    const bytes = stats._all.primaries.store.size_in_bytes / documents.length;
    return { bytes, cpu: (cpu * 1000) / documents.length, same: await countSame(documents) };
  } finally {
    await server.request("DELETE", `/${INDEX}`);
  }
}

interface Stats {
  readonly _all: { readonly primaries: { readonly store: { readonly size_in_bytes: number } } };
}

function bodyOf({ mode, source = "stored", codec = "default", sort, keepDates = false }: Design): object {
  const properties = propertiesOf(fieldTable);
  return {
    settings: {
      index: {
        mode,
        codec,
        number_of_shards: 1,
        number_of_replicas: 0,
        refresh_interval: "30s",
        mapping: { source: { mode: source }, total_fields: { limit: 1600 } },
        ...(sort.length > 0 && {
          sort: {
            field: sort.map((field) => field.replace("-", "")),
            order: sort.map((field) => (field.startsWith("-") ? "desc" : "asc")),
          },
        }),
      },
    },
    mappings: { dynamic: false, properties: keepDates ? keepingDates(properties) : properties },
  };
}

async function add(documents: readonly SentDocument[]): Promise<void> {
  const lines = documents.map(({ id, line }) => `{"create":{"_index":"${INDEX}","_id":"${id}"}}\n${line}\n`);
  const answer = (await server.call("POST", "/_bulk", lines.join(""))) as { errors: boolean };
  if (answer.errors) throw new Error(`documents were refused: ${JSON.stringify(answer).slice(0, 500)}`);
}

async function countSame(documents: readonly SentDocument[]): Promise<number> {
  let same = 0;
  for (let at = 0; at < documents.length; at += 1000) {
    const some = documents.slice(at, at + 1000);
    const answer = await server.call("POST", `/${INDEX}/_mget`, { ids: some.map(({ id }) => id) });
    const { docs } = answer as { docs: readonly { _source: unknown }[] };
    same += docs.filter(({ _source }, n) => isDeepStrictEqual(_source, JSON.parse(some[n]?.line ?? ""))).length;
  }
  return same;
}

/** Milliseconds since the server's start. */
async function serverCpu(): Promise<number> {
  type Nodes = { nodes: Record<string, { process: { cpu: { total_in_millis: number } } }> };
  const { nodes } = (await server.call("GET", "/_nodes/stats/process")) as Nodes;
  return Object.values(nodes).reduce((sum, node) => sum + node.process.cpu.total_in_millis, 0);
}

const [given = "90"] = process.argv.slice(2);
const lines = existsSync(given)
  ? readFileSync(given, "utf8").trimEnd().split("\n")
  : await realLines(Number.parseInt(given, 10));
const documents = spread(lines.filter((line) => line.includes('"dataset":"mayfly.process"')));
const json = documents.reduce((bytes, { line }) => bytes + Buffer.byteLength(line), 0) / documents.length;
process.stdout.write(`${documents.length} documents of 20 hosts, ${json.toFixed(0)} bytes of JSON each\n\n`);
process.stdout.write("| design | sort | bytes | of best_compression | server CPU, us | read back as sent |\n");
process.stdout.write("|---|---|---|---|---|---|\n");
let compared: number | undefined;
for (const design of designs) {
  const { bytes, cpu, same } = await measure(design, documents);
  compared ??= bytes;
  const sort = design.sort.length === 0 ? "as they come" : design.sort.join(", ");
  const share = (bytes / compared).toFixed(2);
  const alike = `${((100 * same) / documents.length).toFixed(0)} %`;
  process.stdout.write(
    `| ${design.name} | ${sort} | ${bytes.toFixed(0)} | ${share} | ${cpu.toFixed(0)} | ${alike} |\n`,
  );
}
