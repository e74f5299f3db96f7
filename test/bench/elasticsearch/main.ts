import { mkdtempSync, rmSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { realLines } from "../../elasticsearch/index_design_documents.ts";
import { atEnd } from "../../harness/elasticsearch/at_end.ts";
import { Namespace } from "../../harness/elasticsearch/namespace.ts";
import { plain, plainServer } from "../../harness/elasticsearch/needs.ts";
import { switchStatisticsOn } from "../probes.ts";
import { count, table } from "../table.ts";
import { type BodyFile, writeBodies } from "./bodies.ts";
import type { CpuUse } from "./cpu_account.ts";
import { type DrainRun, LIVE_RATE, runDrain, runLoader, type SendRun } from "./drain.ts";
import { Ending } from "./ending.ts";
import { type LiveOptions, runLive } from "./live.ts";
import { bestParallel } from "./load.ts";
import { drainColumns, drainGoals, type Goal, goalLines, liveColumn, liveGoals } from "./report.ts";
import { bytesOnDisk } from "./store.ts";
import { setUpFor } from "./templates.ts";

/* npm run bench:elasticsearch: mayfly and a real Elasticsearch on one machine. docs/benchmark.md says how to read it. */

const USAGE = `usage: npm run bench:elasticsearch -- [--only live|drain] [--rate N] [--seconds N] [--documents N] [--rounds N]
`;
/** How long a busy host is watched for documents to fill the spool with. */
const WATCH_S = 20;
/** Measured: 3,700 bytes of body, 300 in the spool, 450 in the index before its merge; twice over. */
const BYTES_PER_DOCUMENT = 6000;
/** Part of all CPUs. */
const NOISY = 0.08;

const { values } = parseArgs({
  options: {
    only: { type: "string" },
    rate: { type: "string", default: "1000" },
    seconds: { type: "string", default: "60" },
    documents: { type: "string", default: "300000" },
    rounds: { type: "string", default: "3" },
    help: { type: "boolean", default: false },
  },
});

if (values.help) {
  process.stdout.write(USAGE);
  process.exit(0);
}
if (plain.skip !== false) {
  process.stderr.write(`The benchmark ${plain.skip}\n`);
  process.exit(77);
}
if (process.getuid?.() !== 0) {
  process.stderr.write("The benchmark loads BPF programs and reads their cost: run it as root.\n");
  process.exit(77);
}
if (values.only !== undefined && values.only !== "live" && values.only !== "drain") {
  process.stderr.write(`--only is live or drain, not ${values.only}\n${USAGE}`);
  process.exit(64);
}
const [rate, seconds] = [number("rate", values.rate), number("seconds", values.seconds)];
const [documents, rounds] = [number("documents", values.documents), number("rounds", values.rounds)];

const ending = new Ending();
const server = plainServer();
const goals: Goal[] = [];
const uses: CpuUse[] = [];
switchStatisticsOn();
try {
  const own = Namespace.fresh(ending, server);
  const loaders = Namespace.fresh(ending, server);
  await setUpFor(ending, server, [own, loaders]);
  if (values.only !== "drain") await live(own);
  if (values.only !== "live") await drain(own, loaders);
  process.stdout.write(`${goalLines(goals)}${noise()}`);
} finally {
  await ending.over();
}

/** What lives at a rate, once as it is sent to a server on this machine, and once compressed. */
async function live(namespace: Namespace): Promise<void> {
  const [off, on] = [
    { rate, seconds, gzip: "off" },
    { rate, seconds, gzip: "on" },
  ] as const satisfies readonly LiveOptions[];
  say(`${count(rate)} lifecycles/s for ${seconds} s, gzip off`);
  const plainRun = await runLive(ending, server, namespace, off);
  await namespace.remove();
  say("the same with gzip on");
  const gzipRun = await runLive(ending, server, namespace, on);
  await namespace.remove();
  const columns = [liveColumn(off, plainRun), liveColumn(on, gzipRun)];
  process.stdout.write(`${table(`${count(rate)} lifecycles/s, ${seconds} s`, columns)}\n`);
  goals.push(...liveGoals(off, plainRun, gzipRun));
  uses.push(plainRun.cpu, gzipRun.cpu);
}

/** A full spool against a bare loader, in alternating order, so that a machine that gets slower favours none. */
async function drain(own: Namespace, loaders: Namespace): Promise<void> {
  const file = await prepareBodies(loaders);
  say("how many requests at a time are best for the loader");
  const clear = (): Promise<void> => loaders.remove();
  const parallel = await bestParallel(server, file, documents / 6, clear);
  const drains: DrainRun[] = [];
  const loads: SendRun[] = [];
  let index = Number.NaN;
  const drainOnce = async (last: boolean): Promise<void> => {
    drains.push(await runDrain(ending, server, own, file));
    if (last) index = await bytesOnDisk(server, own.processes);
    await own.remove();
  };
  const loadOnce = async (): Promise<void> => {
    loads.push(await runLoader(ending, server, file, parallel));
    await clear();
  };
  for (let round = 0; round < rounds; round++) {
    say(`${count(documents)} documents by mayfly and by the loader, round ${round + 1} of ${rounds}`);
    if (round % 2 === 1) await loadOnce();
    await drainOnce(round + 1 === rounds);
    if (round % 2 === 0) await loadOnce();
  }
  const columns = drainColumns(drains, loads, parallel);
  const title = `spool of ${count(documents)}, ${LIVE_RATE} live/s, medians of ${rounds} (least..most)`;
  process.stdout.write(`${table(title, columns)}in the index ${index.toFixed(0)} bytes a document\n\n`);
  goals.push(...drainGoals(drains, loads));
  uses.push(...[...drains, ...loads].map(({ cpu }) => cpu));
}

async function prepareBodies(loaders: Namespace): Promise<BodyFile> {
  const folder = mkdtempSync(join(tmpdir(), "mayfly-bench-bodies-"));
  atEnd(ending, () => rmSync(folder, { recursive: true, force: true }));
  requireDisk();
  say(`watching a busy host for ${WATCH_S} s, for documents to fill the spool with`);
  const lines = (await realLines(WATCH_S)).filter((line) => line.includes('"dataset":"mayfly.process"'));
  say(`${count(documents)} documents are made of ${count(lines.length)}`);
  return writeBodies(join(folder, "bodies"), loaders, lines, documents);
}

function requireDisk(): void {
  const { bavail, bsize } = statfsSync(tmpdir());
  const needed = documents * BYTES_PER_DOCUMENT;
  if (bavail * bsize > needed) return;
  throw new Error(`${Math.ceil(needed / 2 ** 20)} MiB are needed in ${tmpdir()}: set TMPDIR to where there is room`);
}

/** Figures of a machine that did something else meanwhile say little. */
function noise(): string {
  const most = Math.max(...uses.map(({ others }) => others));
  if (most <= NOISY) return "";
  return `Others used up to ${(most * 100).toFixed(0)} % of the CPUs meanwhile: run it again on a quiet machine.\n`;
}

function number(option: string, text: string): number {
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  process.stderr.write(`--${option} must be a number above 0, not ${text}\n${USAGE}`);
  process.exit(64);
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
