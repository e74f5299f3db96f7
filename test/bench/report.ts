import type { Run } from "./run.ts";
import type { SpawnReport } from "./spawner.ts";
import { type Column, count, spread } from "./table.ts";

/** A run without the collector and one with it, right after each other. */
export interface Pair {
  readonly without: SpawnReport;
  readonly run: Run;
}

/** Pairs in a closed loop: the spawner goes as fast as it can. */
export function pairColumn(workers: number, pairs: readonly Pair[]): Column {
  const runs = pairs.map(({ run }) => run);
  const cells = new Map([
    ...amountRows(runs),
    ...costRows(runs),
    ...memoryRows(runs),
    [
      "spawner without mayfly, /s",
      spread(
        pairs.map(({ without }) => without.rate),
        0,
      ),
    ],
    [
      "spawner with mayfly, /s",
      spread(
        runs.map(({ spawner }) => spawner.rate),
        0,
      ),
    ],
    [
      "slow-down of the spawner",
      spread(
        pairs.map(({ without, run }) => run.spawner.seconds / without.seconds),
        3,
      ),
    ],
    [
      "CPU used by others, %",
      spread(
        runs.map(({ others }) => others * 100),
        1,
      ),
    ],
  ]);
  return { title: workers === 1 ? "1 worker" : `${workers} workers`, cells };
}

/** One run in an open loop: the spawner keeps to a rate. */
export function rateColumn(rate: number, run: Run): Column {
  const { spawner, pss } = run;
  const cells = new Map([
    ["rate kept, /s", spawner.rate.toFixed(0)],
    ["worst lateness of a spawn, ms", (spawner.late_ms ?? 0).toFixed(1)],
    ["had no turn in time", count(spawner.missed)],
    ...amountRows([run]),
    ...costRows([run]),
    ["PSS MiB idle", pss.idle.toFixed(1)],
    ["PSS MiB first second", (pss.each[0] ?? Number.NaN).toFixed(1)],
    ["PSS MiB half-way", (pss.each[pss.each.length >> 1] ?? Number.NaN).toFixed(1)],
    ["PSS MiB last second", (pss.each.at(-1) ?? Number.NaN).toFixed(1)],
    ["PSS MiB peak", pss.peak.toFixed(1)],
    ["CPU used by others, %", (run.others * 100).toFixed(1)],
  ]);
  return { title: `${count(rate)}/s`, cells };
}

function amountRows(runs: readonly Run[]): [string, string][] {
  const total = (of: (run: Run) => number): string => count(runs.reduce((sum, run) => sum + of(run), 0));
  return [
    ["lifecycles", total(({ spawner }) => spawner.spawned)],
    ["documents", total(({ documents }) => documents)],
    ["lost", total(({ lost }) => lost)],
    [
      "bytes a document",
      spread(
        runs.map(({ documentBytes }) => documentBytes),
        0,
      ),
    ],
  ];
}

function costRows(runs: readonly Run[]): [string, string][] {
  const names = [...new Set(runs.flatMap(({ probes }) => [...probes.keys()]))].sort();
  const perRun = names.flatMap((name): [string, string][] => {
    const times = runs.flatMap(({ probes }) => probes.get(name) ?? []).filter(({ runs: times }) => times > 0);
    return times.length === 0
      ? []
      : [
          [
            `kernel ns per ${name}`,
            spread(
              times.map((one) => one.nanos / one.runs),
              0,
            ),
          ],
        ];
  });
  const each = (of: (run: Run) => number): string =>
    spread(
      runs.map((run) => of(run) / run.spawner.spawned),
      2,
    );
  return [
    ...perRun,
    [
      "kernel us per lifecycle",
      each(({ probes }) => [...probes.values()].reduce((sum, { nanos }) => sum + nanos, 0) / 1e3),
    ],
    ["user CPU us per lifecycle", each(({ cpu }) => cpu.user * 1e6)],
    ["sys CPU us per lifecycle", each(({ cpu }) => cpu.system * 1e6)],
    ["user + sys us per lifecycle", each(({ cpu }) => (cpu.user + cpu.system) * 1e6)],
    [
      "idle CPU, % of a core",
      spread(
        runs.map(({ idleCpu }) => idleCpu * 100),
        2,
      ),
    ],
  ];
}

function memoryRows(runs: readonly Run[]): [string, string][] {
  return [
    [
      "PSS MiB idle",
      spread(
        runs.map(({ pss }) => pss.idle),
        1,
      ),
    ],
    [
      "PSS MiB after",
      spread(
        runs.map(({ pss }) => pss.after),
        1,
      ),
    ],
    [
      "PSS MiB peak",
      spread(
        runs.map(({ pss }) => pss.peak),
        1,
      ),
    ],
  ];
}
