import type { ClockRecord, ExecRecord } from "../record/record.ts";
import { milliseconds } from "./aggregation.ts";
import { Quality } from "./facts.ts";
import { Transition } from "./lifecycle.ts";
import type { Process } from "./process.ts";
import type { Tracker } from "./tracker.ts";

/**
 * How long after a scan a process that it did not find is still given for its exit record to arrive: the kernel marks a
 * process dead some microseconds before the exit hook runs, so one scan can fall between the two.
 */
const SETTLE_MS = 200;

interface Admitted {
  readonly process: Process;
  readonly record: ExecRecord;
}

/**
 * What a scan says against what the events said. Whatever an event told is newer and stays.
 *
 * The first scan comes before all events: it tells of everybody who lived before mayfly did. A later one heals the table after
 * records were lost; it comes after the events that were in the ring when it was made (native/reader.cc), so whoever is
 * unknown by then started unseen, and whoever is known and was not met ended unseen.
 */
export class Scan {
  readonly #tracker: Tracker;
  readonly #tellFound: boolean;
  #records: ExecRecord[] = [];
  #number = 0;
  /** Processes that the last scan did not meet, until their exit record had time to come. */
  #missed: Process[] = [];
  #missedSince = 0;

  constructor(tracker: Tracker, tellFound: boolean) {
    this.#tracker = tracker;
    this.#tellFound = tellFound;
  }

  add(record: ExecRecord): void {
    this.#records.push(record);
  }

  finish(end: ClockRecord): void {
    const first = this.#number++ === 0;
    // Parents before their children, whatever their pids.
    const records = this.#records.sort((a, b) => a.start.seconds - b.start.seconds || a.start.nanos - b.start.nanos);
    this.#records = [];
    // All of them before any is told: a leader may be younger than its members.
    const admitted = records.flatMap((record) => this.#admit(record, first) ?? []);
    this.#tracker.settleEntries();
    const transition = first ? Transition.found : Transition.fork;
    if (!first || this.#tellFound)
      for (const { process, record } of admitted) this.#tracker.begin(process, transition, record);
    if (!first) this.#findMissed(end);
  }

  /** Ends those that are still missing long enough after the scan. */
  settle(now: ClockRecord): void {
    if (this.#missed.length === 0 || milliseconds(now.time) < this.#missedSince + SETTLE_MS) return;
    const { table } = this.#tracker;
    for (const process of this.#missed)
      if (table.get(process.identity.pid, process.identity.startTicks) === process)
        this.#tracker.endUnseen(process, now.time);
    this.#missed = [];
  }

  #admit(record: ExecRecord, first: boolean): Admitted | undefined {
    const { table, counters } = this.#tracker;
    const known = table.find(record);
    if (known !== undefined) {
      known.scan = this.#number;
      return undefined;
    }
    if (!first && table.hasEnded(record.pid, record.startTicks)) return undefined;
    const process = this.#tracker.admit(record, first ? 0 : Quality.forkUnseen);
    process.scan = this.#number;
    if (first) counters.found++;
    else counters.unseenForks++;
    return { process, record };
  }

  #findMissed(end: ClockRecord): void {
    const began = milliseconds(end.time);
    for (const process of this.#tracker.table.values())
      if (process.scan !== this.#number && process.startedBefore(began)) this.#missed.push(process);
    this.#missedSince = began;
  }
}
