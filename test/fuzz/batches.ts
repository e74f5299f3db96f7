import { entityIds } from "../unit/ecs_lives.ts";
import { documentsOf, oneBatch } from "./replay.ts";
import { livesBatch, scannedBatch } from "./samples.ts";
import type { Target } from "./target.ts";

/** Bytes that claim to be records of today's layout: each batch is read to its end, or breaks off and is counted. */
export function batches(): Target {
  return {
    samples: [Buffer.from(livesBatch()), Buffer.from(scannedBatch(4096))],
    feed: async (bytes) => {
      // As the addon and a recording hand it over: a buffer that holds nothing else.
      const batch = new Uint8Array(bytes).buffer;
      await documentsOf(oneBatch(batch), { seconds: 1_700_000_000, nanos: 0 }, entityIds, bytes.length);
    },
  };
}
