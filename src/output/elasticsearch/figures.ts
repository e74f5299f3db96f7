import { Histogram } from "../histogram.ts";
import type { DeliveryStats } from "./stats.ts";

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** DeliveryStats while they grow. */
export type DeliveryFigures = Mutable<DeliveryStats>;

/** Seconds. */
const BULK_BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
/** Seconds; finest around the 2.5 s that `latency` promises for 99 of 100. */
const LAG_BOUNDS = [0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75, 2, 2.25, 2.5, 3, 4, 5, 10, 15, 30, 60, 300, 3600];

export function newFigures(): DeliveryFigures {
  return {
    accepted: 0,
    alreadyThere: 0,
    collisions: 0,
    deadLettered: 0,
    deadLetterLost: 0,
    failureStore: 0,
    retriedItems: 0,
    possibleDuplicates: 0,
    requests: 0,
    failedRequests: 0,
    sentBytes: 0,
    inFlight: 0,
    state: "delivering",
    reason: undefined,
    lastAccepted: undefined,
    bulkSeconds: new Histogram(BULK_BOUNDS),
    lagSeconds: new Histogram(LAG_BOUNDS),
  };
}
