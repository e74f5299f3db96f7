import type { Histogram } from "../histogram.ts";

/** What became of the documents that were sent. Plain numbers; documents unless said otherwise. */
export interface DeliveryStats {
  /** Answered 201. Those in the failure store count too. */
  readonly accepted: number;
  /** Answered 409 where the same document may have been sent before: done. */
  readonly alreadyThere: number;
  /** Answered 409 on their first send: another host uses the same ids. Dead letter. */
  readonly collisions: number;
  /** Written to the dead letter file, collisions included. */
  readonly deadLettered: number;
  /** Not kept even there, because the file was full or could not be written. */
  readonly deadLetterLost: number;
  /** Accepted into the failure store: they do not stand in the index that people search. */
  readonly failureStore: number;
  /** Sent again because their own answer asked for it (429, 5xx). */
  readonly retriedItems: number;
  /** Re-sent after a rollover without certainty whether the old index has them. */
  readonly possibleDuplicates: number;
  /** Bulk requests answered, and those that failed as a whole. */
  readonly requests: number;
  readonly failedRequests: number;
  /** Bytes of bulk bodies sent, as on the wire. */
  readonly sentBytes: number;
  readonly inFlight: number;
  /** `stopped`: a fault of the whole stream; documents stay in the spool and one request at a time asks again. */
  readonly state: "delivering" | "retrying" | "stopped" | "closed";
  /** Why, as a sentence, unless delivering. */
  readonly reason: string | undefined;
  /** ms since the epoch of the last answer that accepted something; undefined before the first. */
  readonly lastAccepted: number | undefined;
  /** Seconds from a bulk request to its answer. */
  readonly bulkSeconds: Histogram;
  /** Seconds from a document's @timestamp to the answer that accepted it; one sample a document. */
  readonly lagSeconds: Histogram;
}
