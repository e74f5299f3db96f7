import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Document } from "../../harness/document.ts";
import type { Owner } from "../../harness/elasticsearch/at_end.ts";
import type { Namespace } from "../../harness/elasticsearch/namespace.ts";
import type { Server } from "../../harness/elasticsearch/server.ts";
import { Shipper } from "../../harness/elasticsearch/shipper.ts";
import { compareTruth, truthFields } from "../../harness/elasticsearch/truth.ts";
import { Workload } from "../../harness/elasticsearch/workload.ts";
import type { BodyFile } from "./bodies.ts";
import { CpuAccount, type CpuUse } from "./cpu_account.ts";
import { fillSpool } from "./fill.ts";
import { type Latency, lagBetween, latencyByServer, latencyOf, type Timed } from "./latency.ts";
import { load } from "./load.ts";
import { Watch } from "./watch.ts";

/** Lives a second while the spool is drained. */
export const LIVE_RATE = 100;

export interface SendRun {
  /** Documents a second, live ones too. */
  readonly rate: number;
  readonly cpu: CpuUse;
  /** Documents in `cpu`. */
  readonly documents: number;
}

/** What one drain of a spool showed. */
export interface DrainRun extends SendRun {
  /** Bytes a document in the spool. */
  readonly spool: number;
  /** MiB. */
  readonly peakPss: number;
  /** Documents of the spool that the index lacks. */
  readonly lost: number;
  readonly live: { readonly lives: number; readonly lost: number; readonly lag: Latency; readonly byServer: Latency };
}

const LOOK_MS = 100;
const SLOWEST_PER_SECOND = 300;
/** What lived last, on a machine that cannot keep up. */
const LIVE_WITHIN_MS = 180_000;
/** The backlog is older than all bounds of the histogram, live documents are not. */
const NOT_ANCIENT = 'mayfly_delivery_lag_seconds_bucket{le="3600"}';
const ALL = "mayfly_delivery_lag_seconds_count";

/** A collector starts on a spool that is full of the file's documents, and processes live meanwhile. */
export async function runDrain(owner: Owner, server: Server, namespace: Namespace, file: BodyFile): Promise<DrainRun> {
  const path = mkdtempSync(join(tmpdir(), "mayfly-bench-spool-"));
  try {
    const spool = (await fillSpool(path, file, namespace)) / file.documents;
    const shipper = await Shipper.start(owner, {
      hosts: [server.url],
      namespace: namespace.name,
      preset: "latency",
      elasticsearch: { ingested: "always" },
      config: { spool: { path } },
      telemetry: true,
      args: ["--no-snapshot"],
    });
    const watch = new Watch(owner, shipper.pid, path);
    const workload = Workload.start(owner, { count: 1e7, rate: LIVE_RATE });
    const account = await CpuAccount.open(server, shipper.pid);
    const { rate, documents } = await drained(shipper, file.documents);
    const metrics = await shipper.metrics();
    const truth = await workload.stop();
    const cpu = await account.close();
    await server.waitForCount(namespace.processes, truth.pids.size, LIVE_WITHIN_MS, workload.query).catch(() => 0);
    watch.stop();
    await shipper.stop();
    const hits = await server.search<Document & Timed>(namespace.processes, {
      query: workload.query,
      fields: [...truthFields, "@timestamp", "event.end", "event.ingested"],
    });
    const told = hits.map((hit) => hit._source);
    const { missing, partial } = compareTruth(truth, told);
    return {
      rate,
      documents,
      cpu,
      spool,
      peakPss: watch.peakPss,
      lost: file.documents - (await server.count(namespace.processes, { range: { "@timestamp": { lt: "now-1h" } } })),
      live: {
        lives: truth.pids.size,
        lost: missing.length + partial.length,
        lag: latencyOf(withoutAncient(lagBetween(new Map(), metrics))),
        byServer: latencyByServer(told),
      },
    };
  } finally {
    rmSync(path, { recursive: true, force: true });
  }
}

/** The bare loader sends the same documents, under the same load of processes that nobody watches. */
export async function runLoader(owner: Owner, server: Server, file: BodyFile, parallel: number): Promise<SendRun> {
  const workload = Workload.start(owner, { count: 1e7, rate: LIVE_RATE });
  const account = await CpuAccount.open(server);
  const rate = await load(server, file, file.documents, parallel);
  await workload.stop();
  return { rate, documents: file.documents, cpu: await account.close() };
}

interface Look {
  readonly at: number;
  /** Accepted so far, and of these what stood in the spool. */
  readonly all: number;
  readonly spooled: number;
}

/** From the first look that found documents of the spool accepted to the one that found them all; `documents` from here on. */
async function drained(shipper: Shipper, documents: number): Promise<{ rate: number; documents: number }> {
  const deadline = performance.now() + (30 + documents / SLOWEST_PER_SECOND) * 1000;
  const begun = await look(shipper);
  let first: Look | undefined;
  for (let now = begun; ; now = await look(shipper)) {
    if (now.spooled > 0) first ??= now;
    if (first !== undefined && now.spooled >= documents)
      return { rate: ((now.all - first.all) / (now.at - first.at)) * 1000, documents: now.all - begun.all };
    if (now.at > deadline)
      throw new Error(
        `${now.spooled} of ${documents} documents are delivered; stderr:\n${shipper.stderr.slice(-3000)}`,
      );
    await delay(LOOK_MS);
  }
}

async function look(shipper: Shipper): Promise<Look> {
  const metrics = await shipper.metrics();
  const all = metrics.get(ALL) ?? 0;
  return { at: performance.now(), all, spooled: all - (metrics.get(NOT_ANCIENT) ?? 0) };
}

function withoutAncient(lag: ReturnType<typeof lagBetween>): ReturnType<typeof lagBetween> {
  return { ...lag, counts: lag.counts.with(-1, 0) };
}
