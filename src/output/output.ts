import type { MayflyError } from "../errors.ts";

/** What a destination of lines has done so far. Plain numbers, cheap to read: a telemetry gauge may call this at will. */
export interface OutputStats {
  /** Lines the kernel has taken whole. */
  readonly lines: number;
  /** Bytes the kernel has taken. */
  readonly bytes: number;
  /** Lines that were handed over and will not arrive: no room, destination gone, or given up at close. */
  readonly droppedLines: number;
  /** Bytes accepted and not yet taken by the kernel. */
  readonly waitingBytes: number;
}

/** Why an output stopped by itself. `reader gone` is `| head`: an ordinary end, exit status 0. */
export type OutputEnd = "reader gone" | MayflyError;

/** What an output tells its owner. Called from within write() or from a callback of the event loop; must not throw. */
export interface OutputEvents {
  /** The first line that found no room. Not called again before onRecover. */
  readonly onDrop?: () => void;
  /** Half of the room is free again; `lines` were dropped since onDrop. */
  readonly onRecover?: (lines: number) => void;
  /** Once at most, and never because of close(). Lines handed over afterwards only count as dropped. */
  readonly onEnd?: (end: OutputEnd) => void;
}

/** What a line is about that is no process: mayfly's own notes (a gap, a loss), or its figures. */
export type NoteKind = "agent" | "metrics";

/** Where finished lines go. */
export interface Output {
  /**
   * Takes one or more whole lines; the text must end in `\n`. False when it was dropped (and counted). Never blocks.
   * @param kind decides the data stream, where there are any. Default "agent".
   */
  write(line: string, kind?: NoteKind): boolean;
  /**
   * The same for one line in pieces: what stands in many lines is kept flat by its maker and copied as it is.
   * @param repeatable an earlier run may have written the same document, under the same id
   */
  writePieces(pieces: readonly string[], repeatable: boolean): boolean;
  /** Resolves when everything handed over before is with the kernel, or the output has ended. */
  flush(): Promise<void>;
  /**
   * Takes no more lines and waits for what is handed over, `deadlineMs` at most; what then remains is counted as dropped.
   * True when everything arrived. Later calls get the first one's answer.
   */
  close(deadlineMs?: number): Promise<boolean>;
  stats(): OutputStats;
  /** OutputStats.waitingBytes alone, which is asked for at every batch. */
  readonly waitingBytes: number;
}
