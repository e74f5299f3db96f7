import { constants } from "node:os";
import { resolve } from "node:path";
import { Differences } from "../differences.ts";
import type { Document } from "../document.ts";
import type { TracedEnd, TracedExec, TracedProcess } from "./trace.ts";

/**
 * Everything in which the documents of a followed process differ from what strace saw, one line each, with its pid.
 * `byPid`: the documents of the whole run, in order.
 */
export function traceDifferences(traced: TracedProcess, byPid: ReadonlyMap<number, readonly Document[]>): string[] {
  const documents = byPid.get(traced.pid) ?? [];
  const found = new Differences(`pid ${traced.pid}`);
  const transitions = documents.flatMap(({ mayfly }) => mayfly?.transitions?.split("+") ?? []);
  const expected = ["fork", ...traced.execs.map(() => "exec"), "end"];
  found.compare("the order of transitions", transitions, expected);
  found.compare("the number of entity ids", new Set(documents.map((one) => one.process?.entity_id)).size, 1);
  if (traced.parent !== undefined) {
    for (const { process } of documents) found.compare("process.parent.pid", process?.parent?.pid, traced.parent);
  }

  const images = documents.filter((document) => has(document, "exec"));
  traced.execs.forEach((exec, place) => {
    const image = images[place];
    if (image !== undefined) argumentDifferences(found, exec, image);
  });
  for (const document of documents.filter((one) => has(one, "end"))) {
    for (const end of [traced.end, traced.waited?.end]) if (end !== undefined) endDifferences(found, end, document);
    const usage = traced.waited?.usage;
    if (usage !== undefined && !traced.hadChildren) usageDifferences(found, usage, document);
  }
  return found.list;
}

/** Processes that documents tell of as children of followed ones, and that strace did not see. */
export function unseenByStrace(
  traced: ReadonlyMap<number, TracedProcess>,
  byPid: ReadonlyMap<number, readonly Document[]>,
): string[] {
  const strangers = [...byPid].filter(([pid]) => !traced.has(pid)).map(([, [first]]) => first?.process);
  return strangers
    .filter((one) => traced.has(one?.parent?.pid ?? 0))
    .map((one) => `pid ${one?.pid}: strace did not see that pid ${one?.parent?.pid} made it`);
}

function has({ mayfly }: Document, transition: string): boolean {
  return mayfly?.transitions?.split("+").includes(transition) ?? false;
}

/** The kernel puts a script's interpreter, with its own argument, and the script's path in place of the first argument. */
function argumentDifferences(found: Differences, { path, argv }: TracedExec, { process, mayfly }: Document): void {
  const args = process?.args ?? [];
  if (mayfly?.script === undefined) {
    found.compare("process.args", args, argv);
    return;
  }
  found.compare("mayfly.script.path", mayfly.script.path, resolve(process?.working_directory ?? "/", path));
  found.compare("process.args from the script on", args.slice(-argv.length), [path, ...argv.slice(1)]);
}

function endDifferences(found: Differences, end: TracedEnd, { process, mayfly }: Document): void {
  const signals: Readonly<Record<string, number>> = constants.signals;
  const code = end.signal === undefined ? end.code : 128 + (signals[end.signal] ?? Number.NaN);
  found.compare("process.exit_code", process?.exit_code, code);
  found.compare("mayfly.exit.signal", mayfly?.exit?.signal, end.signal);
  found.compare("mayfly.exit.core_dumped", mayfly?.exit?.core_dumped ?? false, end.coreDumped);
}

/**
 * Read in do_exit here, by wait4 after it there: what the kernel does in between is only in the latter. The tolerances are
 * for that: a tick of CPU time, a fault or two, the last switches (a busy machine takes the processor away more than
 * once), blocks of files that are closed. Before its exit a followed process is slow, but equally so in both.
 */
function usageDifferences(found: Differences, waited: ReadonlyMap<string, number>, { mayfly }: Document): void {
  const usage = mayfly?.rusage;
  const of = (name: string): number => waited.get(name) ?? Number.NaN;
  const total = of("utime") + of("stime");
  // Absent where the kernel has counted no time yet.
  const used = ((usage?.user_ns ?? 0) + (usage?.system_ns ?? 0)) / 1000;
  found.near("mayfly.rusage.user_ns + system_ns (us)", used, total, 1500 + total * 0.03);
  found.near("mayfly.rusage.user_ns (us)", (usage?.user_ns ?? 0) / 1000, of("utime"), 8000 + total * 0.1);
  const rss = (usage?.max_rss_bytes ?? Number.NaN) / 1024;
  found.near("mayfly.rusage.max_rss_bytes (KiB)", rss, of("maxrss"), of("maxrss") * 0.15 + 256);
  const blocks = (bytes: number | undefined): number => Math.floor((bytes ?? Number.NaN) / 512);
  const counts: readonly [string, number | undefined, string, number][] = [
    ["minor_faults", usage?.minor_faults, "minflt", 2],
    ["major_faults", usage?.major_faults, "majflt", 0],
    ["read_bytes (blocks)", blocks(usage?.read_bytes), "inblock", 0],
    ["write_bytes (blocks)", blocks(usage?.write_bytes), "oublock", 64],
    ["voluntary_switches", usage?.voluntary_switches, "nvcsw", 3],
    ["involuntary_switches", usage?.involuntary_switches, "nivcsw", 10],
  ];
  for (const [field, actual, name, tolerance] of counts) {
    found.near(`mayfly.rusage.${field}`, actual ?? Number.NaN, of(name), tolerance);
  }
}
