import { entityId } from "../identity.ts";
import type { CountedProcess, Counts } from "./counter.ts";
import type { Tally } from "./tally.ts";

const KINDS = ["forks", "execs", "ends", "children"] as const;
/** A process has its start time some time before its fork is told: longer than this hardly ever. */
const UNDER_WAY_TICKS = 10;

/**
 * Of the counted processes those that can be compared. By rule these are left out:
 * - what ran when the oracle began: it has no entry, for the oracle saw no fork of it;
 * - what still ran when the oracle ended: its entry has no end, and documents of it may tell more.
 * The collector begins before the oracle and ends after it, so it saw the whole life of all others.
 */
export function comparable({ processes }: Counts): readonly CountedProcess[] {
  return processes.filter(({ ends }) => ends > 0);
}

/** Every process for which the documents tell other numbers than the oracle, one line each, with its pid. */
export function countDifferences(counts: Counts, tally: Tally): string[] {
  const differing: string[] = [];
  const counted = new Set<string>();
  for (const one of counts.processes) {
    counted.add(entityId({ pid: one.pid, startTicks: one.start_ticks }));
  }
  for (const one of comparable(counts)) {
    const told = tally.get(entityId({ pid: one.pid, startTicks: one.start_ticks }));
    const wrong = KINDS.filter((kind) => (told?.[kind] ?? 0) !== one[kind]).map(
      (kind) => `${told?.[kind] ?? 0} ${kind} in the documents, ${one[kind]} by the oracle`,
    );
    if (wrong.length > 0) differing.push(`pid ${one.pid} of tick ${one.start_ticks}: ${wrong.join("; ")}`);
  }
  for (const [id, { pid, startTicks, forks }] of tally.all()) {
    // Ticks are rounded down, so a start in the first one may lie before it.
    const isWithin = startTicks > counts.from_ticks && startTicks < counts.to_ticks - UNDER_WAY_TICKS;
    if (forks > 0 && isWithin && !counted.has(id)) {
      differing.push(`pid ${pid} of tick ${startTicks}: its fork is in the documents, but unknown to the oracle`);
    }
  }
  return differing;
}
