import type { NoteKind } from "../output.ts";
import type { Frame } from "../spool/frame.ts";

/** What the delivery needs of the spool: frames in, done-marks out, and a few small facts that survive a restart. */
export interface DocumentStore {
  /** Set by the delivery: new live frames may be taken. Called from a callback of the event loop. */
  onCommitted: (() => void) | undefined;
  /** Written frames of this run that are in memory and not yet taken. */
  readonly liveDocuments: number;
  readonly liveBytes: number;
  /** Documents that are on disk only and not yet taken. */
  readonly backlogDocuments: number;
  /** Resolves when everything handed over before is written, or is known to be in memory only. */
  commit(): Promise<void>;
  /** The oldest live frame. */
  takeLive(): Frame | undefined;
  /**
   * The oldest frame on disk, damaged ones left out; undefined when there is none, or when backlogDocuments is above 0 and they
   * cannot be read at present. Never rejects.
   */
  takeBacklog(): Promise<Frame | undefined>;
  /** Every document of the frame is delivered or in the dead letter file. Its body must not be read any more. */
  done(frame: Frame): void;
  getNote(name: string): string | undefined;
  /** Saved with the next done-marks. */
  setNote(name: string, value: string): void;
}

/** The same with what an Output hands over to it. */
export interface DocumentSpool extends DocumentStore {
  writePieces(pieces: readonly string[], repeatable: boolean): boolean;
  write(line: string, kind?: NoteKind): boolean;
  /** Bytes handed over and not yet written. */
  readonly openBytes: number;
  /** True when everything handed over is written. */
  close(deadlineMs: number): Promise<boolean>;
  stats(): SpoolFigures;
}

/** The part of SpoolStats that an output's figures are made of. Documents, and bytes of their bulk form. */
export interface SpoolFigures {
  readonly openBytes: number;
  readonly committed: number;
  readonly droppedFull: number;
  readonly droppedUnwritable: number;
}
