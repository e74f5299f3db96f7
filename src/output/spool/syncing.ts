import type { SpoolCounters } from "./counters.ts";
import { codeOf, reasonOf } from "./folder.ts";
import type { SpoolEvents } from "./options.ts";
import type { SegmentFiles } from "./segment_files.ts";

export interface SyncingOptions extends SpoolEvents {
  readonly folder: string;
  readonly files: SegmentFiles;
  readonly counters: SpoolCounters;
  /** undefined: what is written is on the medium already. */
  readonly everyMs: number | undefined;
}

/** Brings what was written to the medium from time to time. */
export class Syncing {
  readonly #options: SyncingOptions;
  #timer: NodeJS.Timeout | undefined = undefined;
  #fault: string | undefined = undefined;
  #stopped = false;

  constructor(options: SyncingOptions) {
    this.#options = options;
  }

  get fault(): string | undefined {
    return this.#fault;
  }

  /** Something was written. */
  written(): void {
    const { everyMs } = this.#options;
    if (everyMs === undefined || this.#stopped) return;
    this.#timer ??= setTimeout(() => void this.now(), everyMs);
  }

  /** False when it is not known what is on the medium. Never rejects. */
  async now(): Promise<boolean> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    try {
      await this.#options.files.sync();
    } catch (error) {
      this.#failed(error);
      return false;
    }
    if (this.#fault !== undefined) this.#recovered();
    if (this.#options.files.dirty) this.written();
    return true;
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #failed(error: unknown): void {
    const { folder, counters, onWarn } = this.#options;
    counters.writeErrors++;
    const first = this.#fault === undefined;
    this.#fault = `The spool ${folder} cannot be brought to the medium: ${reasonOf(error)}.`;
    this.written();
    if (first) onWarn?.("spool_unsynced", `${this.#fault} A power cut could lose documents.`, { error: codeOf(error) });
  }

  #recovered(): void {
    this.#fault = undefined;
    this.#options.onRecover?.("spool_unsynced", `The spool ${this.#options.folder} reaches the medium again.`, {});
  }
}
