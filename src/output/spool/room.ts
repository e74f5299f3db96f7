import type { SpoolCounters } from "./counters.ts";
import type { HeldFrames } from "./held_frames.ts";
import type { SpoolEvents } from "./options.ts";
import type { Segment, Segments } from "./segments.ts";
import { undoneOf } from "./segments.ts";
import type { StateKeeper } from "./state_keeper.ts";

export interface RoomOptions extends SpoolEvents {
  readonly folder: string;
  readonly maxBytes: number;
  readonly whenFull: "drop_oldest" | "drop_newest";
  readonly segmentBytes: number;
  readonly segments: Segments;
  readonly held: HeldFrames;
  readonly state: StateKeeper;
  readonly counters: SpoolCounters;
  readonly current: () => Segment | undefined;
  /** The segment that is being read back. */
  readonly reading: () => Segment | undefined;
}

/** The spool has ceased to be full when this part of its room is free. */
const RELAXED = 1 / 4;

/** Keeps the segments within spool.max_size, and drops what does not fit. */
export class Room {
  readonly #options: RoomOptions;
  /** counters.droppedFull when it became full; undefined while there is room. */
  #fullSince: number | undefined = undefined;
  #refusing = false;

  constructor(options: RoomOptions) {
    this.#options = options;
  }

  /** Room for `bytes`, made if need be; false when they must be dropped. */
  async make(bytes: number): Promise<boolean> {
    const { segments, maxBytes, whenFull, state } = this.#options;
    while (segments.bytes + bytes > maxBytes) {
      const before = segments.bytes;
      if (!this.#hasNeedless()) {
        const victim = whenFull === "drop_oldest" ? this.#victim() : undefined;
        if (victim === undefined) {
          this.#refusing = whenFull === "drop_newest";
          return false;
        }
        this.#drop(victim);
      }
      await state.save();
      // It could not be deleted: more of them would be lost for nothing.
      if (segments.bytes >= before) return false;
    }
    return true;
  }

  /** New documents are to be dropped at once: there was no room for those before, and none has become free. */
  get refuses(): boolean {
    const { segments, maxBytes, segmentBytes } = this.#options;
    if (this.#refusing && segments.bytes + segmentBytes <= maxBytes) this.#refusing = false;
    return this.#refusing;
  }

  /** Counts documents that find no room. */
  dropped(documents: number): void {
    const { counters, folder, maxBytes, whenFull, onWarn } = this.#options;
    const first = this.#fullSince === undefined;
    this.#fullSince ??= counters.droppedFull;
    counters.droppedFull += documents;
    if (!first) return;
    const which = whenFull === "drop_oldest" ? "oldest" : "newest";
    onWarn?.(
      "spool_full",
      `The spool ${folder} is full (spool.max_size is ${maxBytes} bytes): the ${which} documents are dropped until Elasticsearch takes some. Raise spool.max_size if the disk has room.`,
      { max_bytes: maxBytes, dropped: documents },
    );
  }

  /** To be called when segments were deleted. */
  checkRelaxed(): void {
    const { segments, counters, folder, maxBytes, onRecover } = this.#options;
    if (this.#fullSince === undefined || segments.bytes > maxBytes * (1 - RELAXED)) return;
    const dropped = counters.droppedFull - this.#fullSince;
    this.#fullSince = undefined;
    onRecover?.(
      "spool_full",
      `The spool ${folder} has room again; ${dropped} documents were dropped while it was full.`,
      {
        dropped,
        bytes: segments.bytes,
      },
    );
  }

  #hasNeedless(): boolean {
    const { segments, current } = this.#options;
    return segments.list.some((segment) => segment !== current() && undoneOf(segment) === 0);
  }

  /** The oldest that is neither written, read nor sent from. */
  #victim(): Segment | undefined {
    const { segments, current, reading } = this.#options;
    return segments.list.find((segment) => segment !== current() && segment !== reading() && segment.inFlight === 0);
  }

  /** Its live documents too: they are as old. */
  #drop(segment: Segment): void {
    const { segments, held } = this.#options;
    held.letGoOfLive(segment);
    this.dropped(segments.settle(segment.first, segment.end));
  }
}
