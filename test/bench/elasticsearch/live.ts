import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Document } from "../../harness/document.ts";
import type { Owner } from "../../harness/elasticsearch/at_end.ts";
import type { Metrics } from "../../harness/elasticsearch/metrics.ts";
import type { Namespace } from "../../harness/elasticsearch/namespace.ts";
import type { Server } from "../../harness/elasticsearch/server.ts";
import { Shipper } from "../../harness/elasticsearch/shipper.ts";
import { compareTruth, truthFields } from "../../harness/elasticsearch/truth.ts";
import { Workload } from "../../harness/elasticsearch/workload.ts";
import { between, type ProbeTime, probeTimes } from "../probes.ts";
import { cpuOf } from "../usage.ts";
import { CpuAccount, type CpuUse } from "./cpu_account.ts";
import { type Latency, lagBetween, latencyByServer, latencyOf, type Timed } from "./latency.ts";
import { bytesOnDisk } from "./store.ts";
import { Watch } from "./watch.ts";

export interface LiveOptions {
  readonly rate: number;
  readonly seconds: number;
  readonly gzip: "on" | "off";
}

/** What one run at a rate showed. */
export interface LiveRun {
  readonly lives: number;
  /** Lives a second that the spawner kept to. */
  readonly rate: number;
  /** Lives of which the index lacks the exec, the end or everything. */
  readonly lost: number;
  /** Lives of which it tells something twice, or something untrue. */
  readonly wrong: number;
  /** Ends of lives that the collector saw meanwhile, others too. */
  readonly seen: number;
  /** Documents that Elasticsearch accepted meanwhile, about other processes too. */
  readonly documents: number;
  readonly cpu: CpuUse;
  /** Part of a core. */
  readonly idleCpu: number;
  readonly probes: ReadonlyMap<string, ProbeTime>;
  /** MiB. */
  readonly peakPss: number;
  readonly lag: Latency;
  readonly byServer: Latency;
  /** Bytes a document. */
  readonly wire: number;
  readonly spool: number;
  readonly index: number;
  readonly requests: number;
}

const SETTLE_MS = 3000;
const IDLE_MS = 5000;
/** The last documents wait for the next flush of preset `latency`, 1 s at most; on a machine that cannot hold the rate for more. */
const LAST_MS = 180_000;

/** The real collector ships what lives at a rate, preset `latency`, until the last document is found by a search. */
export async function runLive(
  owner: Owner,
  server: Server,
  namespace: Namespace,
  options: LiveOptions,
): Promise<LiveRun> {
  const { rate, seconds, gzip } = options;
  const shipper = await Shipper.start(owner, {
    hosts: [server.url],
    namespace: namespace.name,
    preset: "latency",
    elasticsearch: { gzip, ingested: "always" },
    telemetry: true,
  });
  const idleCpu = await idle(shipper.pid);
  const [metricsBefore, probesBefore] = [await shipper.metrics(), probeTimes(shipper.pid)];
  const watch = new Watch(owner, shipper.pid, join(shipper.state, "spool"));
  const account = await CpuAccount.open(server, shipper.pid);
  const began = performance.now();
  const count = Math.round(rate * seconds);
  const workload = Workload.start(owner, { count, rate });
  const truth = await workload.end(seconds * 2000 + 30_000);
  const kept = (count / (performance.now() - began)) * 1000;
  await found(server, namespace, count, workload.query);
  const cpu = await account.close();
  const metrics = await shipper.metrics();
  const probes = between(probesBefore, probeTimes(shipper.pid));
  const spoolBytes = watch.stop();
  await shipper.stop();

  const hits = await server.search<Document & Timed>(namespace.processes, {
    query: workload.query,
    fields: [...truthFields, "@timestamp", "event.end", "event.ingested"],
  });
  const told = hits.map((hit) => hit._source);
  const difference = compareTruth(truth, told);
  const grown = growth(metricsBefore, metrics);
  const documents = grown('mayfly_delivered_documents_total{result="accepted"}');
  return {
    lives: truth.pids.size,
    rate: kept,
    lost: difference.missing.length + difference.partial.length,
    wrong: difference.doubled.length + difference.untrue.length,
    seen: grown('mayfly_events_total{kind="exit"}'),
    documents,
    cpu,
    idleCpu,
    probes,
    peakPss: watch.peakPss,
    lag: latencyOf(lagBetween(metricsBefore, metrics)),
    byServer: latencyByServer(told),
    wire: grown("mayfly_bulk_sent_bytes_total") / documents,
    spool: spoolBytes / grown("mayfly_spool_committed_documents_total"),
    index: await bytesOnDisk(server, namespace.processes),
    requests: grown('mayfly_bulk_requests_total{result="answered"}'),
  };
}

/** Part of a core that it uses with nothing to do but what else runs on the machine. */
async function idle(pid: number): Promise<number> {
  await delay(SETTLE_MS);
  const before = cpuOf(pid);
  await delay(IDLE_MS);
  const after = cpuOf(pid);
  return (after.user + after.system - before.user - before.system) / (IDLE_MS / 1000);
}

/** What has not come by then is lost; how much that is, the comparison with the truth tells. */
async function found(server: Server, { processes }: Namespace, count: number, query: object): Promise<void> {
  const end = performance.now() + LAST_MS;
  while ((await server.count(processes, query)) < count && performance.now() < end) await delay(250);
}

/** How much a counter grew. Throws where there is none of that name. */
export function growth(before: Metrics, after: Metrics): (name: string) => number {
  return (name) => {
    const value = after.get(name);
    if (value === undefined) throw new Error(`/metrics has no ${name}`);
    return value - (before.get(name) ?? 0);
  };
}
