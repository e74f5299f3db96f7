import { type NoHashReason, noHashReasons } from "../../src/enrich/hash/hashes.ts";
import { NamesCounters } from "../../src/enrich/names/counters.ts";
import { Histogram } from "../../src/output/histogram.ts";
import type { OutputStats } from "../../src/output/output.ts";
import type { HealthSnapshot, LookUpCounts } from "../../src/telemetry/health.ts";

/** When the snapshots of tests are taken. */
export const AT = Date.parse("2026-11-21T09:42:02.250Z");

export function histogramOf(bounds: readonly number[], ...values: readonly number[]): Histogram {
  const histogram = new Histogram(bounds);
  for (const value of values) histogram.add(value);
  return histogram;
}

/** Of a mayfly that has just begun, with everything off. */
export function quietHealth(changes: Partial<HealthSnapshot> = {}): HealthSnapshot {
  return {
    at: AT,
    startedAt: AT - 7_500_000,
    version: "0.1.0",
    state: "watching",
    attached: true,
    tracker: {
      forks: 0,
      execs: 0,
      exits: 0,
      found: 0,
      doubleExits: 0,
      lostExits: 0,
      unseenForks: 0,
      evicted: 0,
    },
    losses: {
      fork: 0,
      exec: 0,
      exit: 0,
      change: 0,
      missed: 0,
      malformed: 0,
      failedScans: 0,
      undecodable: 0,
      evicted: 0,
    },
    processes: 0,
    pendingLives: 0,
    hurriedLives: 0,
    redactions: {},
    enrichment: undefined,
    outputs: {},
    spool: undefined,
    delivery: undefined,
    heartbeatErrors: 0,
    logLinesLost: 0,
    process: { userSeconds: 0, systemSeconds: 0, residentBytes: 0 },
    eventLoopSeconds: new Histogram([0.01, 0.1, 1]),
    ...changes,
  };
}

/** Everything on, every number another and none 0: whatever is mixed up or forgotten shows. */
export function fullHealth(changes: Partial<HealthSnapshot> = {}): HealthSnapshot {
  return quietHealth({
    tracker: {
      forks: 101,
      execs: 102,
      exits: 103,
      found: 104,
      doubleExits: 105,
      lostExits: 106,
      unseenForks: 107,
      evicted: 108,
    },
    losses: {
      fork: 201,
      exec: 202,
      exit: 203,
      change: 208,
      missed: 204,
      malformed: 205,
      failedScans: 206,
      undecodable: 207,
      evicted: 108,
    },
    processes: 301,
    pendingLives: 302,
    hurriedLives: 303,
    redactions: { password_option: 304, 'a "rule"\\\n': 305 },
    enrichment: lookUpCounts(900),
    outputs: { console: outputStats(400), file: outputStats(410) },
    spool: {
      openDocuments: 501,
      openBytes: 502,
      documents: 503,
      bytes: 504,
      maxBytes: 505,
      oldest: AT - 1500,
      committed: 506,
      done: 507,
      droppedFull: 508,
      droppedUnwritable: 509,
      damagedFrames: 510,
      damagedDocuments: 511,
      damagedBytes: 512,
      writeErrors: 513,
      fault: "no space left on the disk of /var/lib/mayfly/spool",
    },
    delivery: {
      accepted: 601,
      alreadyThere: 602,
      collisions: 603,
      deadLettered: 604,
      deadLetterLost: 605,
      failureStore: 606,
      retriedItems: 607,
      possibleDuplicates: 608,
      requests: 609,
      failedRequests: 610,
      sentBytes: 611,
      inFlight: 612,
      state: "retrying",
      reason: "es1:9200 refuses the connection",
      lastAccepted: AT - 750,
      bulkSeconds: histogramOf([0.1, 1], 0.05, 0.5, 0.5, 7),
      lagSeconds: histogramOf([1, 2, 5], 0.5, 1.5, 1.5, 3),
    },
    heartbeatErrors: 702,
    logLinesLost: 701,
    process: { userSeconds: 801.5, systemSeconds: 802.5, residentBytes: 803 },
    eventLoopSeconds: histogramOf([0.01, 0.1, 1], 0.001, 0.02),
    ...changes,
  });
}

function outputStats(from: number): OutputStats {
  return { lines: from + 1, bytes: from + 2, droppedLines: from + 3, waitingBytes: from + 4 };
}

function lookUpCounts(from: number): LookUpCounts {
  const names = new NamesCounters();
  Object.keys(names).forEach((name, at) => {
    names[name as keyof NamesCounters] = from + 60 + at;
  });
  const none = Object.fromEntries(noHashReasons.map((reason, at) => [reason, from + 20 + at])) as Record<
    NoHashReason,
    number
  >;
  return {
    lives: { waiting: from + 1, late: from + 2, crowdedOut: from + 3 },
    hashes: { hashed: from + 11, cacheHits: from + 12, bytes: from + 13, none },
    packages: { found: from + 31, unknown: from + 32, gone: from + 60, failed: from + 33 },
    names,
    helper: { restarts: from + 41, kills: from + 42, lingering: from + 43, running: from + 44, waiting: from + 45 },
  };
}
