import type { MetricField } from "../../../ecs/fields_metrics.ts";
import type { OutputStats } from "../../output/output.ts";
import { outputNames } from "../health.ts";
import type { Figure, Sample } from "./figure.ts";

function ofOutputs(field: "lines" | "bytes" | "waiting_bytes", read: (stats: OutputStats) => number): Sample[] {
  return outputNames.map((output) => ({
    labels: { output },
    field: `mayfly.agent.output.${output}.${field}` satisfies MetricField,
    read: ({ outputs }) => {
      const stats = outputs[output];
      return stats === undefined ? undefined : read(stats);
    },
  }));
}

/** Console and file, and the spool in front of Elasticsearch. */
export const outputFigures: readonly Figure[] = [
  {
    name: "mayfly_output_lines_total",
    type: "counter",
    help: "Lines that the kernel has taken, by output.",
    samples: ofOutputs("lines", (stats) => stats.lines),
  },
  {
    name: "mayfly_output_bytes_total",
    type: "counter",
    help: "Bytes that the kernel has taken, by output.",
    samples: ofOutputs("bytes", (stats) => stats.bytes),
  },
  {
    name: "mayfly_output_waiting_bytes",
    type: "gauge",
    help: "Bytes that an output has accepted and the kernel has not taken yet.",
    samples: ofOutputs("waiting_bytes", (stats) => stats.waitingBytes),
  },
  {
    name: "mayfly_spool_documents",
    type: "gauge",
    help: "Documents in the spool that Elasticsearch has not settled yet.",
    samples: [{ field: "mayfly.agent.spool.documents", read: (h) => h.spool?.documents }],
  },
  {
    name: "mayfly_spool_open_documents",
    type: "gauge",
    help: "Documents handed to the spool and not yet written.",
    samples: [{ field: "mayfly.agent.spool.open_documents", read: (h) => h.spool?.openDocuments }],
  },
  {
    name: "mayfly_spool_size_bytes",
    type: "gauge",
    help: "Bytes on disk that the spool takes.",
    samples: [{ field: "mayfly.agent.spool.size_bytes", read: (h) => h.spool?.bytes }],
  },
  {
    name: "mayfly_spool_max_size_bytes",
    type: "gauge",
    help: "Setting spool.max_size.",
    samples: [{ field: "mayfly.agent.spool.max_size_bytes", read: (h) => h.spool?.maxBytes }],
  },
  {
    name: "mayfly_spool_oldest_age_seconds",
    type: "gauge",
    help: "How long the oldest document that is not settled has been waiting; 0 when none is.",
    samples: [
      {
        field: "mayfly.agent.spool.oldest_age_seconds",
        // A clock that was set back makes no negative age.
        read: ({ spool, at }) => spool && Math.max(0, at - (spool.oldest ?? at)) / 1000,
      },
    ],
  },
  {
    name: "mayfly_spool_committed_documents_total",
    type: "counter",
    help: "Documents whose write to the spool returned.",
    samples: [{ field: "mayfly.agent.spool.committed", read: (h) => h.spool?.committed }],
  },
  {
    name: "mayfly_spool_done_documents_total",
    type: "counter",
    help: "Documents that were settled and left the spool.",
    samples: [{ field: "mayfly.agent.spool.done", read: (h) => h.spool?.done }],
  },
  {
    name: "mayfly_spool_damaged_frames_total",
    type: "counter",
    help: "Damaged or half-written frames that were cut off.",
    samples: [{ field: "mayfly.agent.spool.damaged_frames", read: (h) => h.spool?.damagedFrames }],
  },
  {
    name: "mayfly_spool_damaged_bytes_total",
    type: "counter",
    help: "Bytes of the frames that were cut off.",
    samples: [{ field: "mayfly.agent.spool.damaged_bytes", read: (h) => h.spool?.damagedBytes }],
  },
  {
    name: "mayfly_spool_write_errors_total",
    type: "counter",
    help: "Writes and fsyncs of the spool that failed; what they held stays in memory.",
    samples: [
      {
        field: "mayfly.agent.spool.write_errors",
        concern: { words: "writes of the spool failed: see to the disk under spool.path", documentsGone: false },
        read: (h) => h.spool?.writeErrors,
      },
    ],
  },
];
