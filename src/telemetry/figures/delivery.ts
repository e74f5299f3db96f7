import { deliveryStates, type HealthSnapshot } from "../health.ts";
import type { Figure } from "./figure.ts";

/** What Elasticsearch made of the documents. */
export const deliveryFigures: readonly Figure[] = [
  {
    name: "mayfly_delivery_state",
    type: "gauge",
    help: "1 for the state that the delivery to Elasticsearch is in, 0 for the others.",
    samples: deliveryStates.map((state) => ({
      labels: { state },
      read: ({ delivery }: HealthSnapshot) => delivery && (delivery.state === state ? 1 : 0),
    })),
  },
  {
    name: "mayfly_delivered_documents_total",
    type: "counter",
    help: "Documents that Elasticsearch accepted, or (already_there) had accepted before.",
    samples: [
      {
        labels: { result: "accepted" },
        field: "mayfly.agent.delivery.accepted",
        read: (h) => h.delivery?.accepted,
      },
      {
        labels: { result: "already_there" },
        field: "mayfly.agent.delivery.already_there",
        read: (h) => h.delivery?.alreadyThere,
      },
    ],
  },
  {
    name: "mayfly_dead_letter_documents_total",
    type: "counter",
    help: "Documents that Elasticsearch refused and that lie in the dead letter file, collisions included.",
    samples: [
      {
        field: "mayfly.agent.delivery.dead_lettered",
        concern: { words: "documents were refused: mayfly dead-letter shows why", documentsGone: false },
        read: (h) => h.delivery?.deadLettered,
      },
    ],
  },
  {
    name: "mayfly_id_collisions_total",
    type: "counter",
    help: "Documents whose id another host had used. They lie in the dead letter file.",
    samples: [
      {
        field: "mayfly.agent.delivery.collisions",
        concern: {
          words: "documents have ids that another host uses: a cloned machine; set identity.salt",
          documentsGone: false,
        },
        read: (h) => h.delivery?.collisions,
      },
    ],
  },
  {
    name: "mayfly_failure_store_documents_total",
    type: "counter",
    help: "Documents that the data stream put into its failure store, where no usual search finds them.",
    samples: [
      {
        field: "mayfly.agent.delivery.failure_store",
        concern: { words: "documents went into the failure store: search ::failures", documentsGone: false },
        read: (h) => h.delivery?.failureStore,
      },
    ],
  },
  {
    name: "mayfly_possible_duplicates_total",
    type: "counter",
    help: "Documents sent again after a rollover without certainty that the old index lacks them.",
    samples: [
      {
        field: "mayfly.agent.delivery.possible_duplicates",
        concern: { words: "documents may stand in two backing indices", documentsGone: false },
        read: (h) => h.delivery?.possibleDuplicates,
      },
    ],
  },
  {
    name: "mayfly_retried_documents_total",
    type: "counter",
    help: "Documents sent again because their own answer asked for it (429, 5xx).",
    samples: [{ field: "mayfly.agent.delivery.retried", read: (h) => h.delivery?.retriedItems }],
  },
  {
    name: "mayfly_bulk_requests_total",
    type: "counter",
    help: "Bulk requests that were answered, and those that failed as a whole.",
    samples: [
      {
        labels: { result: "answered" },
        field: "mayfly.agent.delivery.requests",
        read: (h) => h.delivery?.requests,
      },
      {
        labels: { result: "failed" },
        field: "mayfly.agent.delivery.failed_requests",
        read: (h) => h.delivery?.failedRequests,
      },
    ],
  },
  {
    name: "mayfly_bulk_sent_bytes_total",
    type: "counter",
    help: "Bytes of bulk bodies as on the wire.",
    samples: [{ field: "mayfly.agent.delivery.sent_bytes", read: (h) => h.delivery?.sentBytes }],
  },
  {
    name: "mayfly_bulk_requests_in_flight",
    type: "gauge",
    help: "Bulk requests that wait for their answer.",
    samples: [{ field: "mayfly.agent.delivery.in_flight", read: (h) => h.delivery?.inFlight }],
  },
  {
    name: "mayfly_last_accepted_timestamp_seconds",
    type: "gauge",
    help: "When an answer last accepted something, in seconds since the epoch; absent before the first.",
    samples: [{ read: ({ delivery }) => delivery?.lastAccepted && delivery.lastAccepted / 1000 }],
  },
  {
    name: "mayfly_bulk_duration_seconds",
    type: "histogram",
    help: "From a bulk request to its answer.",
    readHistogram: (h) => h.delivery?.bulkSeconds,
  },
  {
    name: "mayfly_delivery_lag_seconds",
    type: "histogram",
    help: "From the kernel's time of a document to the answer that accepted it.",
    readHistogram: (h) => h.delivery?.lagSeconds,
  },
];
