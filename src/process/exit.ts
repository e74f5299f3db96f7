import { ExitFlag, type ExitRecord } from "../record/record.ts";
import type { Instant } from "./instant.ts";
import type { Exit, Usage } from "./lifecycle.ts";

const NANOS = 1_000_000_000;

export function exitOf(record: ExitRecord, time: Instant, pageSize: number): Exit {
  const nanos = record.time.nanos - record.start.nanos;
  const borrow = nanos < 0 ? 1 : 0;
  const seconds = record.time.seconds - record.start.seconds - borrow;
  return {
    time,
    status: record.status,
    // Only a damaged recording lets a life end before its start: it has no span then.
    durationSeconds: Math.max(seconds, 0),
    durationNanos: seconds < 0 ? 0 : nanos + borrow * NANOS,
    usage: (record.flags & ExitFlag.usagePartial) === 0 ? usageOf(record, pageSize) : undefined,
  };
}

function usageOf(record: ExitRecord, pageSize: number): Usage {
  return {
    userSeconds: record.user.seconds,
    userNanos: record.user.nanos,
    systemSeconds: record.system.seconds,
    systemNanos: record.system.nanos,
    maxRssBytes: record.maxRssPages * pageSize,
    minorFaults: record.minorFaults,
    majorFaults: record.majorFaults,
    readBytes: record.readBytes,
    writeBytes: record.writeBytes,
    voluntarySwitches: record.voluntarySwitches,
    involuntarySwitches: record.involuntarySwitches,
  };
}

/** An end that was noticed at `time`, not seen: when and how is not known. */
export function unseenExit(time: Instant): Exit {
  return { time, status: undefined, usage: undefined, durationSeconds: 0, durationNanos: 0 };
}
