import { type Column, count, median, spread } from "../table.ts";
import type { DrainRun, SendRun } from "./drain.ts";
import type { Latency } from "./latency.ts";
import type { LiveOptions, LiveRun } from "./live.ts";

/** One promise, and whether it is kept. */
export interface Goal {
  readonly what: string;
  readonly figure: string;
  readonly kept: boolean;
}

const LIFE_US = 22;
const LATEST_P99_S = 2.5;
const PSS_MIB = 110;
const RATIO = 0.8;
const LIVE_LATEST_S = 5;

/** Microseconds of CPU a life, what it uses idle taken off. */
function lifeCost({ cpu, idleCpu, lives }: LiveRun): number {
  return ((cpu.collector.user + cpu.collector.system - idleCpu * cpu.seconds) * 1e6) / lives;
}

function latency({ p50, p99, latest }: Latency): string {
  return [p50, p99, latest].map((seconds) => seconds.toFixed(2)).join(", ");
}

export function liveColumn({ gzip }: LiveOptions, run: LiveRun): Column {
  const { cpu, lives, probes, lag, byServer } = run;
  const perLife = (seconds: number): string => ((seconds * 1e6) / lives).toFixed(2);
  const kernel = [...probes.values()].reduce((sum, { nanos }) => sum + nanos, 0) / 1e9;
  const cells = new Map([
    ["lifecycles", count(lives)],
    ["rate kept, /s", run.rate.toFixed(0)],
    ["lost", count(run.lost)],
    ["told twice or untrue", count(run.wrong)],
    ["lifecycles seen, others too", count(run.seen)],
    ["documents accepted, others too", count(run.documents)],
    ["bulk requests", count(run.requests)],
    ["user + sys us per lifecycle", lifeCost(run).toFixed(2)],
    ["the same with what it uses idle", perLife(cpu.collector.user + cpu.collector.system)],
    ["of this sys", perLife(cpu.collector.system)],
    ["idle CPU, % of a core", (run.idleCpu * 100).toFixed(2)],
    ["kernel us per lifecycle", perLife(kernel)],
    ["server's CPU us per document", ((cpu.server * 1e6) / run.documents).toFixed(0)],
    ["accepted after s: p50, p99, latest", latency(lag)],
    ["in the server's hand after s", latency(byServer)],
    ["PSS MiB peak", run.peakPss.toFixed(1)],
    ["bytes a document on the wire", run.wire.toFixed(0)],
    ["in the spool", run.spool.toFixed(0)],
    ["in the index", run.index.toFixed(0)],
    ["CPU used by others, %", (cpu.others * 100).toFixed(1)],
  ]);
  return { title: `gzip ${gzip}`, cells };
}

export function liveGoals({ seconds, rate }: LiveOptions, off: LiveRun, on: LiveRun): readonly Goal[] {
  const [lost, cost, p99] = [off.lost + on.lost, lifeCost(off), Math.max(off.lag.p99, off.byServer.p99)];
  const pss = Math.max(off.peakPss, on.peakPss);
  return [
    { what: `${count(rate)} lifecycles/s for ${seconds} s: 0 lost`, figure: count(lost), kept: lost === 0 },
    {
      what: `own CPU per lifecycle, gzip off, spool on: at most ${LIFE_US} us`,
      figure: `${cost.toFixed(1)} us, and gzip adds ${(lifeCost(on) - cost).toFixed(1)}`,
      kept: cost <= LIFE_US,
    },
    {
      what: `preset latency, kernel time to accepted: p99 at most ${LATEST_P99_S} s`,
      figure: `${p99.toFixed(2)} s`,
      kept: p99 <= LATEST_P99_S,
    },
    { what: `memory: at most ${PSS_MIB} MiB PSS`, figure: `${pss.toFixed(1)} MiB`, kept: pss <= PSS_MIB },
  ];
}

export function drainColumns(drains: readonly DrainRun[], loads: readonly SendRun[], parallel: number): Column[] {
  const live = (of: (run: DrainRun["live"]) => number, digits: number): string =>
    spread(
      drains.map((run) => of(run.live)),
      digits,
    );
  const mayfly = new Map([
    ...sendRows(drains),
    [
      "own CPU us per document",
      spread(
        drains.map(({ cpu, documents }) => ((cpu.collector.user + cpu.collector.system) * 1e6) / documents),
        1,
      ),
    ],
    ["of the spool lost", count(drains.reduce((sum, { lost }) => sum + lost, 0))],
    ["live meanwhile", count(drains.reduce((sum, run) => sum + run.live.lives, 0))],
    ["of these lost", count(drains.reduce((sum, run) => sum + run.live.lost, 0))],
    ["live, accepted after s: p50", live(({ lag }) => lag.p50, 2)],
    ["p99", live(({ lag }) => lag.p99, 2)],
    ["latest, at most", live(({ lag }) => lag.latest, 2)],
    ["live, in the server's hand after s: latest", live(({ byServer }) => byServer.latest, 2)],
    [
      "PSS MiB peak",
      spread(
        drains.map(({ peakPss }) => peakPss),
        1,
      ),
    ],
    [
      "bytes a document in the spool",
      spread(
        drains.map(({ spool }) => spool),
        0,
      ),
    ],
  ]);
  return [
    { title: "mayfly", cells: mayfly },
    { title: `bare loader, ${parallel} at a time`, cells: new Map(sendRows(loads)) },
  ];
}

function sendRows(runs: readonly SendRun[]): [string, string][] {
  return [
    [
      "documents a run",
      spread(
        runs.map(({ documents }) => documents),
        0,
      ),
    ],
    [
      "documents/s",
      spread(
        runs.map(({ rate }) => rate),
        0,
      ),
    ],
    [
      "server's CPU us per document",
      spread(
        runs.map(({ cpu, documents }) => (cpu.server * 1e6) / documents),
        0,
      ),
    ],
    [
      "CPU used by others, %",
      spread(
        runs.map(({ cpu }) => cpu.others * 100),
        1,
      ),
    ],
  ];
}

export function drainGoals(drains: readonly DrainRun[], loads: readonly SendRun[]): readonly Goal[] {
  const ratio = median(drains.map(({ rate }) => rate)) / median(loads.map(({ rate }) => rate));
  const latest = Math.max(...drains.map(({ live }) => live.lag.latest));
  const lost = drains.reduce((sum, run) => sum + run.lost + run.live.lost, 0);
  return [
    {
      what: `draining: at least ${RATIO * 100} % of a bare loader`,
      figure: `${(ratio * 100).toFixed(0)} %`,
      kept: ratio >= RATIO,
    },
    {
      what: `live documents meanwhile: at most ${LIVE_LATEST_S} s late`,
      figure: `${latest} s`,
      kept: latest <= LIVE_LATEST_S,
    },
    { what: "draining: 0 lost", figure: count(lost), kept: lost === 0 },
  ];
}

export function goalLines(goals: readonly Goal[]): string {
  const width = Math.max(...goals.map(({ what }) => what.length));
  return goals
    .map(({ what, figure, kept }) => `${kept ? "kept  " : "MISSED"}  ${what.padEnd(width)}  ${figure}\n`)
    .join("");
}
