import type { Layout } from "../record/reader.ts";

/** Takes one batch of records; the bytes are the taker's. Resolves when they are worked off. Never rejects. */
export type OnBatch = (bytes: ArrayBuffer) => Promise<void>;

/** What the kernel side could not hand over, since the start. */
export interface SourceLosses {
  /** Records for which the ring had no room, by kind. */
  readonly fork: number;
  readonly exec: number;
  readonly exit: number;
  readonly change: number;
  /** Runs of a probe that the kernel skipped (recursion). */
  readonly missed: number;
  /** Records of which the bytes made no sense: probe and addon of different builds. */
  readonly malformed: number;
  /** Scans that broke off. */
  readonly failedScans: number;
}

/** Where batches of records come from: the kernel or a recording. */
export interface Source {
  /** By which the records are read. */
  readonly layout: Layout;
  /**
   * Begins to call back. Resolves when the source has ended and its last batch is worked off: after stop(), or at the end
   * of a recording. A recording waits for each batch; the kernel side lets 12 be under way, then leaves records in the ring.
   */
  start(onBatch: OnBatch): Promise<void>;
  /** Asks for a scan of all processes, to heal what was lost. Its records come with the others. */
  rescan(): void;
  /** Ends the source; what it still has is delivered first. */
  stop(): void;
  losses(): SourceLosses;
}

export const NO_LOSSES: SourceLosses = {
  fork: 0,
  exec: 0,
  exit: 0,
  change: 0,
  missed: 0,
  malformed: 0,
  failedScans: 0,
};
