import type { Document } from "../document.ts";
import type { Metrics } from "./metrics.ts";
import type { Namespace } from "./namespace.ts";
import type { Hit, Server } from "./server.ts";
import type { Traffic } from "./traffic.ts";
import { compareTruth, type Difference, type Truth, truthFields } from "./truth.ts";

/** Everything that stands in a namespace's streams, over all their backing indexes, at one moment. */
export class Arrivals {
  readonly hits: readonly Hit<Document>[];
  /** Of the lives that were asked for. */
  readonly difference: Difference;

  static async read(server: Server, { processes, notes }: Namespace, truth: Truth): Promise<Arrivals> {
    const hits = await server.search<Document>(`${processes},${notes}`, { fields: [...truthFields, "@timestamp"] });
    return new Arrivals(hits, truth);
  }

  private constructor(hits: readonly Hit<Document>[], truth: Truth) {
    this.hits = hits;
    this.difference = compareTruth(
      truth,
      hits.map(({ _source }) => _source),
    );
  }

  /** Ids, of whatever process, that stand in more than one place. */
  get doubled(): readonly string[] {
    const seen = new Set<string>();
    const again = new Set<string>();
    for (const { _id } of this.hits) (seen.has(_id) ? again : seen).add(_id);
    return [...again];
  }

  /** Ids that a client sent, which has ended or waits for nothing, and that stand nowhere: they were refused, or lost. */
  missingOf(traffic: Traffic): readonly string[] {
    const there = new Set(this.hits.map(({ _id }) => _id));
    return [...traffic.sent.keys()].filter((id) => !there.has(id));
  }
}

/** Counters of documents that were lost, refused or doubled, as far as they are not 0. */
export function lossesIn(metrics: Metrics): Readonly<Record<string, number>> {
  const isLoss = (name: string): boolean => lossy.some((begin) => name.startsWith(begin)) && !ofRecords.test(name);
  return Object.fromEntries([...metrics].filter(([name, value]) => value !== 0 && isLoss(name)));
}

/** Records that the kernel had no room for, before there was a document: on a machine that is busy with other things. */
export function recordsLostIn(metrics: Metrics): number {
  return [...metrics].reduce((sum, [name, value]) => (ofRecords.test(name) ? sum + value : sum), 0);
}

const ofRecords = /^mayfly_dropped_total\{.*what="records"/;
const lossy = [
  "mayfly_dropped_total{",
  "mayfly_dead_letter_documents_total",
  "mayfly_id_collisions_total",
  "mayfly_failure_store_documents_total",
  "mayfly_possible_duplicates_total",
  "mayfly_spool_damaged_frames_total",
  "mayfly_spool_write_errors_total",
];
