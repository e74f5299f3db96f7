import type { EnrichmentCounters } from "../enrich/enrichment.ts";
import type { HashCounters } from "../enrich/hash/hasher.ts";
import type { HelperCounters } from "../enrich/helper/helper.ts";
import type { NamesCounters } from "../enrich/names/counters.ts";
import type { DeliveryStats } from "../output/elasticsearch/stats.ts";
import type { Histogram } from "../output/histogram.ts";
import type { OutputStats } from "../output/output.ts";
import type { SpoolStats } from "../output/spool/stats.ts";
import type { TrackerCounters } from "../process/tracker.ts";

/** How far a run has come. `watching` from the moment the first scan is applied. */
export const runStates = ["starting", "watching", "stopping"] as const;
export type RunState = (typeof runStates)[number];

/** Every value of DeliveryStats.state. */
export const deliveryStates = [
  "delivering",
  "retrying",
  "stopped",
  "closed",
] as const satisfies DeliveryStats["state"][];

/** Outputs that write lines by themselves. Elasticsearch is told of by its spool and its delivery. */
export const outputNames = ["console", "file"] as const;
export type OutputName = (typeof outputNames)[number];

/** What was lost before a document was made, since the start. */
export interface LossCounts {
  readonly fork: number;
  readonly exec: number;
  readonly exit: number;
  readonly change: number;
  readonly missed: number;
  readonly malformed: number;
  readonly failedScans: number;
  readonly undecodable: number;
  readonly evicted: number;
}

/** What is looked up besides what the kernel says, and where that gave up. */
export interface LookUpCounts {
  readonly lives: EnrichmentCounters;
  /** undefined: hash.enabled is false. */
  readonly hashes: Readonly<HashCounters> | undefined;
  readonly packages: {
    readonly found: number;
    readonly unknown: number;
    readonly gone: number;
    readonly failed: number;
  };
  readonly names: Readonly<NamesCounters>;
  /** Of the process that reads executables and package databases. */
  readonly helper: Readonly<HelperCounters>;
}

/** What this operating system process has used. */
export interface OwnProcess {
  /** Seconds of CPU in user and in kernel mode since the start. */
  readonly userSeconds: number;
  readonly systemSeconds: number;
  readonly residentBytes: number;
}

/**
 * Everything that mayfly tells of itself, at one moment. Counts are since the start of this run. Taken for every answer, so
 * taking one must be cheap: plain numbers that are kept anyway. What is not in use is undefined.
 */
export interface HealthSnapshot {
  /** When it was taken, ms since the epoch. */
  readonly at: number;
  /** When this run began, ms since the epoch. */
  readonly startedAt: number;
  readonly version: string;
  readonly state: RunState;
  /** Whether the probes are in the kernel. */
  readonly attached: boolean;
  readonly tracker: Readonly<TrackerCounters>;
  readonly losses: LossCounts;
  /** Processes in the table. */
  readonly processes: number;
  /** Lives that wait for what else happens to them. */
  readonly pendingLives: number;
  /** Lives that left the hold early because too many waited. */
  readonly hurriedLives: number;
  /** How often each redaction rule hid something, by the rule's name. */
  readonly redactions: Readonly<Record<string, number>>;
  /** undefined: nothing is looked up, since no output takes documents. */
  readonly enrichment: LookUpCounts | undefined;
  readonly outputs: Readonly<Partial<Record<OutputName, OutputStats>>>;
  readonly spool: SpoolStats | undefined;
  readonly delivery: DeliveryStats | undefined;
  /** Heartbeats that could not be written. */
  readonly heartbeatErrors: number;
  /** Lines of mayfly's own log that nobody took. */
  readonly logLinesLost: number;
  readonly process: OwnProcess;
  /** By how much timers of the event loop were late. */
  readonly eventLoopSeconds: Histogram;
}

/** Costs about 20 us. */
export function ownProcess(): OwnProcess {
  const { user, system } = process.cpuUsage();
  return { userSeconds: user / 1e6, systemSeconds: system / 1e6, residentBytes: process.memoryUsage.rss() };
}
