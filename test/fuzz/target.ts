import type { Random } from "./mutate.ts";

/** One reader of bytes that are not ours. */
export interface Target {
  /** Undamaged inputs. */
  readonly samples: readonly Buffer[];
  /** Works on a mutated sample where random bytes would not get past the first check: sums, JSON. */
  readonly repair?: (bytes: Buffer, random: Random) => Buffer;
  /** Reads the input. Whatever it throws is a defect: it takes what the reader may throw itself. */
  readonly feed: (bytes: Buffer) => Promise<void> | void;
  readonly close?: () => void;
}
