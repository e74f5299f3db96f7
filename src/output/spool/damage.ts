import type { SpoolCounters } from "./counters.ts";
import type { HeldFrames } from "./held_frames.ts";
import type { SpoolEvents } from "./options.ts";
import type { Hole } from "./scan.ts";
import type { Segment, Segments } from "./segments.ts";

export interface DamageOptions extends SpoolEvents {
  readonly segments: Segments;
  readonly held: HeldFrames;
  readonly counters: SpoolCounters;
  /** Documents are settled now that were not. */
  readonly onSettled: () => void;
}

/**
 * Counts what holes in segments cost. The documents in them are settled from then on, so they are counted once, and a
 * segment that holds nothing else is deleted.
 */
export class Damage {
  readonly #options: DamageOptions;

  constructor(options: DamageOptions) {
    this.#options = options;
  }

  /** Documents that are in memory, or done before, are not lost. */
  found(segment: Segment, hole: Hole): void {
    const { counters, onSettled, onWarn } = this.#options;
    const lost = this.#settle(hole);
    if (lost === 0 && hole.bytes === 0) return;
    counters.damagedFrames++;
    counters.damagedDocuments += lost;
    counters.damagedBytes += hole.bytes;
    onSettled();
    onWarn?.(
      "spool_damaged",
      `${segment.path} is damaged or half-written: ${hole.bytes} bytes are stepped over, ${lost} documents are lost. Look into the kernel log (dmesg) unless the machine lost power or the disk was full.`,
      { segment: segment.path, bytes: hole.bytes, documents: lost },
    );
  }

  #settle({ first, end }: Hole): number {
    const { segments, held } = this.#options;
    const inMemory = [...held.all]
      .map(({ frame }) => ({ first: frame.first, end: frame.first + frame.count }))
      .filter((frame) => frame.first < end && frame.end > first)
      .sort((a, b) => a.first - b.first);
    let lost = 0;
    let from = first;
    for (const frame of inMemory) {
      lost += segments.settle(from, Math.max(from, frame.first));
      from = frame.end;
    }
    return lost + segments.settle(from, Math.max(from, end));
  }
}
