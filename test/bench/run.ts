import { statSync } from "node:fs";
import { cpus } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import { Collector } from "../harness/collector.ts";
import { between, type ProbeTime, probeTimes } from "./probes.ts";
import { runSpawner, type SpawnReport } from "./spawner.ts";
import { busySeconds, type Cpu, cpuOf, pssOf } from "./usage.ts";

/** What one run of the spawner under a collector showed. */
export interface Run {
  readonly spawner: SpawnReport;
  /** About the spawned processes. */
  readonly documents: number;
  readonly documentBytes: number;
  /** Processes whose end was not told. */
  readonly lost: number;
  readonly probes: ReadonlyMap<string, ProbeTime>;
  /** Seconds used for the run, those it would have used idle taken off. */
  readonly cpu: Cpu;
  /** Part of a core. */
  readonly idleCpu: number;
  /** MiB; `each` is one value a second while the spawner ran. */
  readonly pss: {
    readonly idle: number;
    readonly after: number;
    readonly peak: number;
    readonly each: readonly number[];
  };
  /** Part of all cores that neither the spawner nor the collector used. */
  readonly others: number;
}

/** The collector warms its code up in the first seconds (src/cli/warm_up.ts). */
const SETTLE_MS = 5000;
const IDLE_MS = 2000;
const SAMPLE_MS = 250;

/** Starts a collector that writes its documents into a file, runs the spawner, waits until all is written, stops it. */
export async function runWithCollector(options: readonly string[], limitSeconds: number): Promise<Run> {
  const mark = `mayfly-bench-${process.pid}-${performance.now().toFixed(0)}`;
  const collector = await Collector.start({ into: "file" });
  const { pid } = collector;
  try {
    await delay(SETTLE_MS);
    const idleFrom = cpuOf(pid);
    await delay(IDLE_MS);
    const idleRate = perSecond(idleFrom, cpuOf(pid), IDLE_MS / 1000);
    const idlePss = pssOf(pid);

    const began = performance.now();
    const [probesBefore, cpuBefore, busyBefore] = [probeTimes(pid), cpuOf(pid), busySeconds()];
    const memory = watchMemory(pid);
    const spawner = await runSpawner(options, mark, limitSeconds);
    const [busy, cpuSpawning] = [busySeconds() - busyBefore, cpuOf(pid)];
    await written(collector.file ?? "");
    const samples = memory.stop();
    const seconds = (performance.now() - began) / 1000;
    const cpu = less(cpuOf(pid), cpuBefore, idleRate, seconds);
    const probes = between(probesBefore, probeTimes(pid));
    const after = pssOf(pid);

    await collector.stop();
    const ownBusy = spawner.user_s + spawner.system_s + sum(cpuSpawning) - sum(cpuBefore);
    return {
      spawner,
      probes,
      cpu,
      idleCpu: sum(idleRate),
      pss: { idle: idlePss, after, peak: Math.max(idlePss, after, ...samples), each: everySecond(samples) },
      others: Math.max(0, (busy - ownBusy) / spawner.seconds / cpus().length),
      ...(await countDocuments(collector, mark, spawner.spawned)),
    };
  } finally {
    await collector.kill();
  }
}

async function countDocuments(
  collector: Collector,
  mark: string,
  spawned: number,
): Promise<Pick<Run, "documents" | "documentBytes" | "lost">> {
  const ended = new Set<string>();
  let documents = 0;
  await collector.eachDocument(({ process: one, mayfly }) => {
    if (one?.name !== "tiny" || one.args?.[1] !== mark || one.entity_id === undefined) return;
    documents++;
    if (mayfly?.transitions?.endsWith("end")) ended.add(one.entity_id);
  });
  const size = statSync(collector.file ?? "").size;
  return { documents, documentBytes: documents === 0 ? 0 : size / documents, lost: spawned - ended.size };
}

/** Resolves when the file has not grown for half a second. */
async function written(file: string): Promise<void> {
  const end = performance.now() + 20_000;
  for (let size = -1; performance.now() < end; ) {
    const now = statSync(file).size;
    if (now === size) return;
    size = now;
    await delay(500);
  }
  throw new Error(`${file} still grows 20 s after the spawner's end`);
}

function watchMemory(pid: number): { stop(): readonly number[] } {
  const samples: number[] = [];
  const timer = setInterval(() => samples.push(pssOf(pid)), SAMPLE_MS);
  return {
    stop() {
      clearInterval(timer);
      return samples;
    },
  };
}

function everySecond(samples: readonly number[]): number[] {
  return samples.filter((_, place) => place % (1000 / SAMPLE_MS) === 0);
}

function perSecond(from: Cpu, to: Cpu, seconds: number): Cpu {
  return { user: (to.user - from.user) / seconds, system: (to.system - from.system) / seconds };
}

function less(to: Cpu, from: Cpu, idle: Cpu, seconds: number): Cpu {
  return {
    user: Math.max(0, to.user - from.user - idle.user * seconds),
    system: Math.max(0, to.system - from.system - idle.system * seconds),
  };
}

function sum({ user, system }: Cpu): number {
  return user + system;
}
