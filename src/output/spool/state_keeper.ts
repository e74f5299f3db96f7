import { unlink } from "node:fs/promises";
import type { SpoolCounters } from "./counters.ts";
import { codeOf, reasonOf } from "./folder.ts";
import type { SpoolEvents } from "./options.ts";
import { writeState } from "./saved_state.ts";
import type { Segment, Segments } from "./segments.ts";
import { undoneOf } from "./segments.ts";

export interface StateKeeperOptions extends SpoolEvents {
  readonly folder: string;
  readonly segments: Segments;
  /** The segment that is written to: it stays although everything in it is done. */
  readonly current: () => Segment | undefined;
  readonly saveMs: number;
  readonly counters: SpoolCounters;
  /** Segments may have been deleted. */
  readonly onSaved: () => void;
}

/**
 * Keeps on the disk what is settled, and deletes the segments that nobody needs any more. A segment is deleted only after
 * the file was written that says so: else a crash would leave a gap in the numbers that looks like damage.
 */
export class StateKeeper {
  readonly #options: StateKeeperOptions;
  readonly notes: Map<string, string>;
  #timer: NodeJS.Timeout | undefined = undefined;
  #saving: Promise<void> = Promise.resolve();
  #failing = false;
  #closed = false;

  constructor(options: StateKeeperOptions, notes: Readonly<Record<string, string>>) {
    this.#options = options;
    this.notes = new Map(Object.entries(notes));
  }

  /** Something is to be saved, within saveMs. */
  changed(): void {
    if (this.#closed) return;
    this.#timer ??= setTimeout(() => void this.save(), this.#options.saveMs);
  }

  /** Never rejects. True when it stands on the disk. */
  save(sync = false): Promise<boolean> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const mine = this.#saving.then(() => this.#save(sync));
    this.#saving = mine.then(() => undefined);
    return mine;
  }

  /** Saves no more by itself. */
  stop(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  async #save(sync: boolean): Promise<boolean> {
    const { folder, segments, current } = this.#options;
    const needless = segments.list.filter((segment) => segment !== current() && undoneOf(segment) === 0);
    const state = { next: segments.end, settled: segments.settled.list(), notes: Object.fromEntries(this.notes) };
    let fault = await faultOf(writeState(folder, state, sync));
    const saved = fault === undefined;
    // On a full disk this is what makes room, so it goes on; a crash now could only count too much damage.
    for (const segment of needless) fault = (await this.#delete(segment)) ?? fault;
    if (fault !== undefined) this.#failed(fault);
    else this.#failing = false;
    this.#options.onSaved();
    return saved;
  }

  async #delete(segment: Segment): Promise<Error | undefined> {
    const fault = await faultOf(unlink(segment.path));
    if (fault !== undefined && codeOf(fault) !== "ENOENT") return fault;
    this.#options.segments.remove(segment);
    return undefined;
  }

  #failed(fault: Error): void {
    this.#options.counters.writeErrors++;
    if (!this.#failing) this.#warn(fault);
    this.#failing = true;
    this.changed();
  }

  #warn(error: Error): void {
    this.#options.onWarn?.(
      "spool_state_unwritable",
      `What is delivered cannot be kept in ${this.#options.folder} (${reasonOf(error)}): a restart would send it again.`,
      { error: codeOf(error) },
    );
  }
}

async function faultOf(change: Promise<void>): Promise<Error | undefined> {
  try {
    await change;
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}
