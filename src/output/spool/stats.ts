/** What a spool did and holds. Plain numbers, made anew at each call. */
export interface SpoolStats {
  /** Documents handed over and not yet written: the open frame. Bytes of their bulk form. */
  readonly openDocuments: number;
  readonly openBytes: number;
  /** Documents written and not done, and the bytes on disk that the segments take, done frames in them included. */
  readonly documents: number;
  readonly bytes: number;
  /** setting spool.max_size. */
  readonly maxBytes: number;
  /** ms since the epoch at which the oldest document that is not done left the hold; undefined when there is none. */
  readonly oldest: number | undefined;
  /** Documents whose write returned, since the start. */
  readonly committed: number;
  /** Documents done since the start. */
  readonly done: number;
  /** Dropped because the spool was full (spool.when_full). */
  readonly droppedFull: number;
  /** Dropped because the spool could not be written and memory was full, or handed over after close. */
  readonly droppedUnwritable: number;
  /** Frames cut off because they were damaged or half-written, the documents in them as far as they can be counted, and their bytes. */
  readonly damagedFrames: number;
  readonly damagedDocuments: number;
  readonly damagedBytes: number;
  /** Failed writes and fsyncs. */
  readonly writeErrors: number;
  /** The fault of the last write, as a sentence; undefined while writing works. */
  readonly fault: string | undefined;
}
