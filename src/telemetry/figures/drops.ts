import type { DropPlace } from "../../../ecs/fields_metrics.ts";
import type { HealthSnapshot } from "../health.ts";
import type { NumberFigure } from "./figure.ts";

interface Drop {
  /** What is counted. */
  readonly what: "records" | "batches" | "scans" | "processes" | "documents" | "lines";
  /** Behind the number and `what`: where, and what it means or what to do. */
  readonly words: string;
  readonly documentsGone?: true;
  readonly read: (health: HealthSnapshot) => number | undefined;
}

const heals = "the table is healed by a scan";

/** ARCHITECTURE.md, What can drop, has a row for each place: test/contract/counters.test.ts holds them to each other. */
const drops: Readonly<Record<DropPlace, Drop>> = {
  ring_fork: { what: "records", words: `of forks: the kernel's ring was full; ${heals}`, read: (h) => h.losses.fork },
  ring_exec: { what: "records", words: `of execs: the kernel's ring was full; ${heals}`, read: (h) => h.losses.exec },
  ring_exit: { what: "records", words: `of exits: the kernel's ring was full; ${heals}`, read: (h) => h.losses.exit },
  ring_change: {
    what: "records",
    words: `of changed credentials or sessions: the kernel's ring was full; they show at the next exec or at the end`,
    read: (h) => h.losses.change,
  },
  probe_missed: {
    what: "records",
    words: `never made: the kernel skipped a probe; ${heals}`,
    read: (h) => h.losses.missed,
  },
  record_malformed: {
    what: "records",
    words: "made no sense: probes and addon are of different builds; install mayfly anew",
    read: (h) => h.losses.malformed,
  },
  batch_undecodable: {
    what: "batches",
    words: "broke off: their bytes are no records; a fault in mayfly, please report it",
    read: (h) => h.losses.undecodable,
  },
  scan_failed: {
    what: "scans",
    words: "broke off: what they would have healed stays unhealed",
    read: (h) => h.losses.failedScans,
  },
  table_full: {
    what: "processes",
    words: "fell out of the full table: their later documents lack facts",
    read: (h) => h.losses.evicted,
  },
  output_console: {
    what: "documents",
    words: "for standard output: its reader did not keep up, or is gone",
    documentsGone: true,
    read: (h) => h.outputs.console?.droppedLines,
  },
  output_file: {
    what: "documents",
    words: "for output.file: the disk did not keep up, or could not be written",
    documentsGone: true,
    read: (h) => h.outputs.file?.droppedLines,
  },
  spool_full: {
    what: "documents",
    words: "dropped by the full spool: raise spool.max_size, or see why Elasticsearch takes so little",
    documentsGone: true,
    read: (h) => h.spool?.droppedFull,
  },
  spool_unwritable: {
    what: "documents",
    words: "lost because the spool could not be written and memory was full: see to the disk under spool.path",
    documentsGone: true,
    read: (h) => h.spool?.droppedUnwritable,
  },
  spool_damaged: {
    what: "documents",
    words: "lay in damaged parts of the spool, which were cut off: see to the disk under spool.path",
    read: (h) => h.spool?.damagedDocuments,
  },
  dead_letter_full: {
    what: "documents",
    words: "refused by Elasticsearch, and the dead letter file had no room or could not be written",
    documentsGone: true,
    read: (h) => h.delivery?.deadLetterLost,
  },
  log: {
    what: "lines",
    words: "of mayfly's own log: standard error was read too slowly",
    read: (h) => h.logLinesLost,
  },
};

export const dropFigure: NumberFigure = {
  name: "mayfly_dropped_total",
  type: "counter",
  help: "What was lost, by place and by what is counted there. 0 at every place is mayfly's promise.",
  samples: (Object.entries(drops) as [DropPlace, Drop][]).map(
    ([place, { what, words, documentsGone = false, read }]) => ({
      labels: { place, what },
      field: `mayfly.agent.dropped.${place}`,
      concern: { words: `${what} ${words}`, documentsGone },
      read,
    }),
  ),
};
