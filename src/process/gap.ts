import type { LastBeat } from "../source/heartbeat.ts";
import { earlier, Instant } from "./instant.ts";
import type { Watermark } from "./watermark.ts";

/** A time in which mayfly did not watch, or of which it cannot vouch for its documents: they may be missing, all or some. */
export interface Gap {
  /** Never after `to`. */
  readonly from: Instant;
  /** Since then the probes watch. */
  readonly to: Instant;
  /** Whether the last run ended in order: then nothing of it is missing. */
  readonly clean: boolean;
  /** Whether the host was started anew in between: what still ran in the old boot has no end. */
  readonly rebooted: boolean;
  /** Whether the wall clock was set in between: then `from` is the earlier of what the old and the new clock say. */
  readonly clockStepped: boolean;
}

/** The wall clock may drift from the boot clock by this share of the time (NTP slews at most half of it), and this much. */
const DRIFT = 0.001;
const DRIFT_SECONDS = 1;

const NANOS = 1_000_000_000;

/**
 * The gap between the last sign of life of an earlier run and the moment since which this one watches.
 * @param bootId of this boot
 */
export function gapBetween(last: LastBeat, since: Watermark, bootId: string): Gap {
  const kept = new Instant(last.time.seconds, last.time.nanos);
  const { clean } = last;
  const { time: to } = since;
  if (last.bootId !== bootId) {
    const from = earlier(kept, to);
    return { from, to, clean, rebooted: true, clockStepped: from !== kept };
  }
  // Within one boot the boot clock says how long it was; by the present wall clock the gap began that long ago.
  const seconds = since.boot.seconds - last.boot.seconds + (since.boot.nanos - last.boot.nanos) / NANOS;
  const reckoned = back(to, Math.max(0, since.boot.seconds - last.boot.seconds), since.boot.nanos - last.boot.nanos);
  const off = Math.abs(kept.seconds - reckoned.seconds + (kept.nanos - reckoned.nanos) / NANOS);
  const clockStepped = seconds < 0 || off > DRIFT_SECONDS + seconds * DRIFT;
  return { from: earlier(earlier(kept, reckoned), to), to, clean, rebooted: false, clockStepped };
}

/** @param nanos between -999,999,999 and 999,999,999 */
function back(from: Instant, seconds: number, nanos: number): Instant {
  const rest = from.nanos - nanos;
  if (rest < 0) return new Instant(from.seconds - seconds - 1, rest + NANOS);
  if (rest >= NANOS) return new Instant(from.seconds - seconds + 1, rest - NANOS);
  return new Instant(from.seconds - seconds, rest);
}
