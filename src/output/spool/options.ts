import { fdatasync, write } from "node:fs";

export type SpoolDetails = Readonly<Record<string, string | number>>;

/** What a spool tells its owner, once an episode each. Called from callbacks of the event loop; must not throw. */
export interface SpoolEvents {
  /**
   * `spool_full`, `spool_unwritable`, `spool_slow`, `spool_unsynced`, `spool_damaged`, `spool_unreadable`,
   * `spool_state_lost`, `spool_state_unwritable`, `spool_line_too_long`. The message is a sentence that says what to do.
   */
  readonly onWarn?: (code: string, message: string, details: SpoolDetails) => void;
  /** The same codes: the first four are over, with what they cost. */
  readonly onRecover?: (code: string, message: string, details: SpoolDetails) => void;
}

/** The parts of the world that are replaced in tests. Times in ms. */
export interface SpoolSystem {
  now(): number;
  /** Bytes written, which may be fewer than asked for. */
  write(fd: number, memory: Buffer, offset: number, length: number, position: number): Promise<number>;
  /** fdatasync(2). */
  sync(fd: number): Promise<void>;
}

export const REAL_SYSTEM: SpoolSystem = {
  now: Date.now,
  write: (fd, memory, offset, length, position) =>
    new Promise((resolve, reject) => {
      write(fd, memory, offset, length, position, (error, bytes) => (error === null ? resolve(bytes) : reject(error)));
    }),
  sync: (fd) =>
    new Promise((resolve, reject) => {
      fdatasync(fd, (error) => (error === null ? resolve() : reject(error)));
    }),
};

export interface SpoolOptions extends SpoolEvents {
  /** Folder; made when it is missing. Its parents too. */
  readonly path: string;
  /** Data stream of the documents, `logs-mayfly.process-default`, and of the notes, `logs-mayfly.agent-default`. */
  readonly processIndex: string;
  readonly agentIndex: string;
  /** Data stream of the figures, `metrics-mayfly.agent-default`. */
  readonly metricsIndex: string;
  /** Takes the exclusive lock on an open file; false when another has it. Throws where the file system cannot lock. */
  readonly lock: (fd: number) => boolean;
  /** Setting spool.max_size: bytes of all segments on the disk. */
  readonly maxBytes: number;
  /** Setting spool.when_full. */
  readonly whenFull: "drop_oldest" | "drop_newest";
  /** Setting spool.sync: ms after which what was written is on the medium, or `batch`: before it counts as written. Default 5,000. */
  readonly syncMs?: number | "batch";
  /** Age at which the open frame is written, in ms. Default 250. */
  readonly frameMs?: number;
  /** Size of its body at which it is written, in bytes. Default 512 KiB: about 150 documents. */
  readonly frameBytes?: number;
  /** Bytes of bodies of written frames kept for the delivery; the oldest above it are read back later. Default 16 MiB. */
  readonly maxLiveBytes?: number;
  /** Bytes of bodies kept while the disk refuses or is slow. Default 32 MiB: one second at 12,000 documents/s, eleven minutes at 14/s. */
  readonly maxUnwrittenBytes?: number;
  /** ms between two attempts while the disk refuses. Default 1,000. */
  readonly retryMs?: number;
  /** ms after which a change of what is done is saved. Default 1,000: what a restart after a crash sends again at most. */
  readonly saveMs?: number;
  readonly system?: SpoolSystem;
}

/** A segment is deleted as one, so it is at most an eighth of the room. 8 MiB are about 25,000 documents. */
export function segmentBytes(maxBytes: number): number {
  return Math.min(8 * 1024 * 1024, Math.floor(maxBytes / 8));
}
