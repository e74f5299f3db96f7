import type { Server } from "./server.ts";
import type { Span } from "./workload.ts";

interface GapNote {
  readonly event: { readonly action: string; readonly start: string; readonly end: string };
  readonly mayfly?: { readonly gap?: { readonly clean: boolean } };
}

/** A time for which mayfly told that it had not watched. */
export interface ToldGap extends Span {
  readonly clean: boolean;
}

/**
 * ms. The wall clock of a document is the boot clock and an offset that is measured now and then: NTP may have moved it
 * in between, and times are read in whole ms here.
 */
const CLOCKS_DIFFER = 5;

/** Those that stand in the stream of notes, in the order of their ends. */
export async function toldGaps(server: Server, notes: string): Promise<ToldGap[]> {
  const fields = ["event.action", "event.start", "event.end", "mayfly.gap"];
  const hits = await server.search<GapNote>(notes, { fields });
  return hits
    .filter(({ _source }) => _source.event.action === "not_watching")
    .map(({ _source: { event, mayfly } }) => ({
      begin: Date.parse(event.start),
      end: Date.parse(event.end),
      clean: mayfly?.gap?.clean === true,
    }))
    .sort((a, b) => a.end - b.end);
}

/** Whether a part of what happened between two moments lies in a gap. */
export function isInGap(gaps: readonly Span[], { begin, end }: Span): boolean {
  return gaps.some((gap) => begin <= gap.end + CLOCKS_DIFFER && end >= gap.begin - CLOCKS_DIFFER);
}

/** How long at least one of them lasted, ms. */
export function lengthOf(gaps: readonly Span[]): number {
  let length = 0;
  let covered = Number.NEGATIVE_INFINITY;
  for (const { begin, end } of [...gaps].sort((a, b) => a.begin - b.begin)) {
    length += Math.max(0, end - Math.max(begin, covered));
    covered = Math.max(covered, end);
  }
  return length;
}
