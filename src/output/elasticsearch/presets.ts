/** Documents of a request at most, and when what has gathered goes out anyway. */
export interface Preset {
  readonly documents: number;
  readonly intervalMs: number;
}

/**
 * A small request costs the server 15 times as much for a document as a large one (2,022 us of its CPU alone, 435 in fives, 163
 * in fifties, 132 in 1,600), so only who needs a document within seconds should choose `latency`.
 */
export const presets = {
  latency: { documents: 1600, intervalMs: 1000 },
  balanced: { documents: 1600, intervalMs: 10_000 },
  scale: { documents: 1600, intervalMs: 30_000 },
} as const satisfies Readonly<Record<string, Preset>>;

export type PresetName = keyof typeof presets;

/** Bytes of a request's body before compression, at most; a single larger document goes alone. */
export const maxBodyBytes = 5 * 1024 * 1024;

/**
 * Ms until the next flush. Each host flushes at its own phase of the interval by the wall clock, so that a fleet started by one
 * command does not beat in step.
 * @param phase 0 <= phase < 1
 */
export function untilFlush(now: number, intervalMs: number, phase: number): number {
  const sinceLast = (((now - phase * intervalMs) % intervalMs) + intervalMs) % intervalMs;
  return intervalMs - sinceLast;
}
