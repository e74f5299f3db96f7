import { statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { parseArgs } from "node:util";
import { switchStatisticsOn } from "./probes.ts";
import { type Pair, pairColumn, rateColumn } from "./report.ts";
import { type Run, runWithCollector } from "./run.ts";
import { runSpawner } from "./spawner.ts";
import { type Column, table } from "./table.ts";

/* npm run bench: what mayfly costs on this machine. docs/benchmark.md says how to read it. */

const USAGE = `usage: npm run bench -- [--count N] [--pairs N] [--workers 1,2]
       npm run bench -- --rate R --seconds S [--workers N]
`;
/** A spawner that is slower than this is stuck. */
const SLOWEST_PER_SECOND = 200;
/** Measured: 4,100 bytes. */
const BYTES_PER_LIFECYCLE = 6000;
/** Part of all CPUs. */
const NOISY = 0.08;

const { values } = parseArgs({
  options: {
    count: { type: "string", default: "10000" },
    pairs: { type: "string", default: "5" },
    workers: { type: "string" },
    rate: { type: "string" },
    seconds: { type: "string", default: "60" },
    help: { type: "boolean", default: false },
  },
});

if (values.help) {
  process.stdout.write(USAGE);
  process.exit(0);
}
if (process.getuid?.() !== 0) {
  process.stderr.write("The benchmark loads BPF programs and reads their cost: run it as root.\n");
  process.exit(77);
}
for (const [signal, status] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const)
  process.on(signal, () => process.exit(status));
switchStatisticsOn();
if (values.rate === undefined) await comparePairs();
else await holdRate(number("rate", values.rate));

/** Closed loop: pairs of runs, without and with the collector, in alternating order. */
async function comparePairs(): Promise<void> {
  const [perWorker, wanted] = [number("count", values.count), number("pairs", values.pairs)];
  const columns: Column[] = [];
  const runs: Run[] = [];
  for (const workers of (values.workers ?? "1,2").split(",").map((text) => number("workers", text))) {
    const pairs: Pair[] = [];
    for (let i = 0; i < wanted; i++) {
      pairs.push(await pair(workers, perWorker, i % 2 === 0));
      say(`${workers === 1 ? "1 worker" : `${workers} workers`}: pair ${i + 1} of ${wanted}`);
    }
    columns.push(pairColumn(workers, pairs));
    runs.push(...pairs.map(({ run }) => run));
  }
  process.stdout.write(table(`medians of ${wanted} pairs (least..most)`, columns));
  process.stdout.write(noise(runs));
}

async function pair(workers: number, perWorker: number, withoutFirst: boolean): Promise<Pair> {
  const options = ["-p", String(workers), String(perWorker)];
  const limit = 10 + (workers * perWorker) / SLOWEST_PER_SECOND;
  requireDisk(workers * perWorker);
  if (withoutFirst) {
    const without = await runSpawner(options, "mayfly-bench-alone", limit);
    return { without, run: await runWithCollector(options, limit) };
  }
  const run = await runWithCollector(options, limit);
  return { run, without: await runSpawner(options, "mayfly-bench-alone", limit) };
}

/** Open loop: the spawner keeps to a rate whatever the collector does. */
async function holdRate(rate: number): Promise<void> {
  const seconds = number("seconds", values.seconds);
  const workers = number("workers", values.workers ?? "2");
  requireDisk(rate * seconds);
  say(`${rate} lifecycles/s for ${seconds} s from ${workers} workers`);
  const options = ["-p", String(workers), "--rate", String(rate), "--seconds", String(seconds)];
  const run = await runWithCollector(options, seconds + 30);
  process.stdout.write(table(`open loop, ${seconds} s`, [rateColumn(rate, run)]));
  process.stdout.write(verdict(rate, run) + noise([run]));
}

function verdict(rate: number, { spawner, lost }: Run): string {
  const { behind_at_s, missed } = spawner;
  if (behind_at_s === undefined)
    return lost === 0 ? "The rate was kept and nothing was lost.\n" : `${lost} lifecycles were lost.\n`;
  return (
    `This machine cannot hold ${rate}/s: the spawner was behind from second ${behind_at_s.toFixed(1)} on and ${missed} ` +
    `lifecycles had no turn. What was spawned: ${lost} lost.\n`
  );
}

/** Figures of a machine that did something else meanwhile say little. */
function noise(runs: readonly Run[]): string {
  const most = Math.max(...runs.map(({ others }) => others));
  if (most <= NOISY) return "";
  return `Others used up to ${(most * 100).toFixed(0)} % of the CPUs meanwhile: run it again on a quiet machine.\n`;
}

function requireDisk(lifecycles: number): void {
  const { bavail, bsize } = statfsSync(tmpdir());
  const needed = lifecycles * BYTES_PER_LIFECYCLE;
  if (bavail * bsize > needed) return;
  process.stderr.write(
    `The documents need ${Math.ceil(needed / 2 ** 20)} MiB in ${tmpdir()}: set TMPDIR to where there is room.\n`,
  );
  process.exit(73);
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
