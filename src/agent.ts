import type { Enrichment } from "./enrich/enrichment.ts";
import { milliseconds } from "./process/aggregation.ts";
import { Clock } from "./process/clock.ts";
import type { EntityIds } from "./process/identity.ts";
import type { ArgsRedactor } from "./process/image.ts";
import type { Instant } from "./process/instant.ts";
import type { Lifecycle } from "./process/lifecycle.ts";
import { Tracker } from "./process/tracker.ts";
import { earlierMark, markOf, type Watermark } from "./process/watermark.ts";
import { Decoder } from "./record/decode.ts";
import type { ClockRecord } from "./record/record.ts";
import type { BootOffset } from "./source/clock.ts";
import type { Source, SourceLosses } from "./source/source.ts";
import type { Log } from "./telemetry/log.ts";

/** Between two looks at the lives whose hold may be over. */
const ADVANCE_EVERY_MS = 100;
/** Lives that leave the hold at one look at most, and between two turns of the outputs at the end: about 8 MB of documents. */
const RELEASE_MOST = 2000;
/**
 * Bytes of records between two looks at the outputs. 600 exits of 224 bytes may each push out two documents of 4 KB: 5 MB, well
 * within the 24 MB between "behind" and dropping (src/cli/sink.ts).
 */
const SLICE_BYTES = 128 * 1024;
/** With more batches than this under way the kernel's ring is in danger: outputs that are behind are no longer waited for. */
const PATIENT_BATCHES = 8;
/** Between two looks at what was lost. */
const WATCH_EVERY_MS = 1000;
/** Turns of 100 ms that an output which stands still is waited for at one slice: while watching, and to end. */
const LIVE_PATIENCE = 10;
const STOP_PATIENCE = 30;
/** 262,144 processes at most in the table: eight times the usual pid_max. */
const PROCESSES_MAX = 262_144;

export interface AgentSettings {
  /** Milliseconds. */
  readonly hold: number;
  readonly maxPending: number;
  /** Whether processes that the first scan finds have documents. */
  readonly tellFound: boolean;
  /** Looks up what is told besides, and lets lives wait for it. Default: lives pass. */
  readonly enrichment?: Enrichment | undefined;
  /** Works on the arguments of every image before anybody sees them (src/filter/). Default: they stay as they are. */
  readonly redactor?: ArgsRedactor | undefined;
  /** Milliseconds over which these documents leave, evenly; 0, the default: at once. For many hosts that start together. */
  readonly spreadFoundMs?: number;
  /** As in AggregationSettings. */
  readonly merge?: boolean;
}

/** What an agent tells. */
export interface AgentEvents {
  /** A life that left the hold. HOT PATH. */
  onLife(life: Lifecycle): void;
  /**
   * The first scan is applied: the lives of these many processes had begun before.
   * @param since from then on nothing is missed: the probes were attached just before
   */
  onWatching(found: number, since: Watermark): void;
  /** Records were lost between two moments; a scan that heals what can be healed is on its way. */
  onLoss(loss: AgentLoss): void;
  /** Whether whoever takes the lives is behind and should be waited for. */
  behind(): boolean;
  /** Resolves when it has caught up, or after 100 ms. */
  catchUp(): Promise<void>;
}

export interface AgentLoss {
  readonly from: Instant;
  readonly to: Instant;
  readonly lost: Losses;
}

/** Everything that can be lost before a document is made, by what it is (ARCHITECTURE.md, What can drop). */
export interface Losses extends SourceLosses {
  /** Batches that broke off because their bytes are no records. */
  readonly undecodable: number;
  /** Processes that fell out of the full table: their later documents lack facts. */
  readonly evicted: number;
}

function lossesSince(before: Losses, now: Losses): Losses {
  return {
    fork: now.fork - before.fork,
    exec: now.exec - before.exec,
    exit: now.exit - before.exit,
    change: now.change - before.change,
    missed: now.missed - before.missed,
    malformed: now.malformed - before.malformed,
    failedScans: now.failedScans - before.failedScans,
    undecodable: now.undecodable - before.undecodable,
    evicted: now.evicted - before.evicted,
  };
}

/**
 * The line that design.md draws: source -> records -> processes -> enrichment -> whoever takes the lives. Stands between the clock of the
 * source and the timers of this process: a recording brings its own time, so it gives the same documents whenever it is replayed.
 */
export class Agent {
  readonly tracker: Tracker;
  readonly #source: Source;
  readonly #decoder: Decoder;
  readonly #clock: Clock;
  readonly #events: AgentEvents;
  readonly #enrichment: Enrichment | undefined;
  readonly #log: Log;
  /** Of the last clock record: the boot clock, and performance.now() at its arrival. Milliseconds. */
  #bootAt = 0;
  #arrivedAt = 0;
  #live = true;
  #stopping = false;
  #underWay = 0;
  #last = Promise.resolve();
  #started = false;
  #scanned = false;
  #watching = false;
  #ended = false;
  /** The first moment that a record gives; the probes are attached by then. */
  #since: Watermark | undefined = undefined;
  #losses: Losses;
  /** What was lost before is told. */
  #lossSince: Watermark | undefined = undefined;

  constructor(
    source: Source,
    settings: AgentSettings,
    offset: BootOffset,
    ids: EntityIds,
    events: AgentEvents,
    log: Log,
  ) {
    this.#source = source;
    this.#events = events;
    this.#log = log;
    this.#clock = new Clock(offset);
    const { enrichment } = settings;
    this.#enrichment = enrichment;
    enrichment?.handTo(events);
    const tracking = { ...settings, maxProcesses: PROCESSES_MAX, lookUp: enrichment };
    this.tracker = new Tracker(tracking, this.#clock, ids, enrichment ?? events, {
      onClock: (record) => this.#onClock(record),
      onScanned: () => this.#onScanned(),
    });
    this.#decoder = new Decoder(source.layout, this.tracker);
    this.#losses = this.#countLosses();
  }

  /**
   * Runs until the source ends; what is held then is handed on.
   * @param live whether time goes on between records: false for a recording
   */
  async run(live: boolean): Promise<void> {
    this.#live = live;
    const timers = live
      ? [
          setInterval(() => this.#advance(), ADVANCE_EVERY_MS),
          setInterval(() => this.#watchLosses(true), WATCH_EVERY_MS),
        ]
      : [];
    try {
      await this.#source.start((bytes) => this.#take(bytes));
      this.#clock.settle();
    } finally {
      this.#ended = true;
      for (const timer of timers) clearInterval(timer);
      while (this.tracker.aggregation.flush(RELEASE_MOST)) await this.#wait(STOP_PATIENCE);
      await this.#enrichment?.drain(() => this.#wait(STOP_PATIENCE));
      this.#watchLosses(false);
    }
  }

  stop(): void {
    this.#stopping = true;
    this.#source.stop();
  }

  /**
   * The moment before which every life that began has been handed on, or stands in a loss that was told; undefined until
   * watching. What was handed on may still wait in the outputs: flush them before this is written down.
   */
  watermark(): Watermark | undefined {
    const { settled } = this.#clock;
    if (!this.#watching || settled === undefined) return undefined;
    let mark: Watermark = { time: this.#clock.instant(settled), boot: settled };
    for (const earliest of [this.tracker.aggregation.earliest(), this.#enrichment?.earliest()])
      if (earliest !== undefined) mark = earlierMark(mark, markOf(earliest));
    return this.#lossSince === undefined ? mark : earlierMark(mark, this.#lossSince);
  }

  /** Whether the probes are in the kernel: from the first record on, until the source has ended. */
  get attached(): boolean {
    return this.#since !== undefined && !this.#ended;
  }

  /** Since the start. */
  losses(): Losses {
    return this.#countLosses();
  }

  /** Batches are worked off one after the other, in slices, so that the outputs get their turn. */
  #take(bytes: ArrayBuffer): Promise<void> {
    this.#underWay++;
    this.#last = this.#last.then(() => this.#workOff(bytes));
    return this.#last;
  }

  async #workOff(bytes: ArrayBuffer): Promise<void> {
    for (let at = 0; at < bytes.byteLength; ) {
      at = this.#decoder.decode(bytes, at, SLICE_BYTES);
      if (!this.#events.behind()) continue;
      if (!this.#live) await this.#wait(Number.POSITIVE_INFINITY);
      else await this.#wait(this.#stopping ? STOP_PATIENCE : LIVE_PATIENCE);
    }
    this.#underWay--;
  }

  /** Batches may come while it waits: what was no danger to the ring at the first turn may be one at the next. */
  async #wait(patience: number): Promise<void> {
    const isSafe = (): boolean => !this.#live || this.#underWay <= PATIENT_BATCHES;
    for (let turns = patience; turns > 0 && isSafe() && this.#events.behind(); turns--) await this.#events.catchUp();
  }

  #onClock(record: ClockRecord): void {
    this.#started = true;
    this.#bootAt = milliseconds(record.time);
    this.#arrivedAt = performance.now();
    this.#since ??= { time: this.#clock.instant(record.time), boot: record.time };
    this.#beginWatching();
    if (this.#clock.stepped)
      this.#log.warn("the wall clock was set: times of this second are of either clock", { code: "clock_stepped" });
  }

  #onScanned(): void {
    this.#scanned = true;
    this.#beginWatching();
  }

  /** A scan of /proc may arrive before the first word of the clock: that is waited for. */
  #beginWatching(): void {
    if (this.#watching || !this.#scanned || this.#since === undefined) return;
    this.#watching = true;
    this.#lossSince ??= this.#since;
    this.#events.onWatching(this.tracker.counters.found, this.#since);
  }

  #advance(): void {
    if (this.#started && !this.#events.behind())
      this.tracker.aggregation.advance(this.#bootAt + performance.now() - this.#arrivedAt, RELEASE_MOST);
  }

  #countLosses(): Losses {
    const undecodable = this.#decoder.failures;
    return { ...this.#source.losses(), undecodable, evicted: this.tracker.counters.evicted };
  }

  /** Tells what was lost since the last look and, while there is time to heal, asks for a scan. */
  #watchLosses(heal: boolean): void {
    const looked = this.#now();
    const now = this.#countLosses();
    const lost = lossesSince(this.#losses, now);
    const to = this.#now();
    const from = this.#lossSince ?? to;
    if (this.#started) this.#lossSince = looked;
    if (Object.values(lost).every((count) => count === 0)) return;
    this.#losses = now;
    this.#log.repeated("warn", "records_lost", "records were lost; the process table is healed by a scan", { ...lost });
    this.#events.onLoss({ from: from.time, to: to.time, lost });
    if (heal) this.#source.rescan();
  }

  #now(): Watermark {
    const at = this.#bootAt + (this.#started ? performance.now() - this.#arrivedAt : 0);
    const boot = { seconds: Math.floor(at / 1000), nanos: Math.floor((at % 1000) * 1e6) };
    return { time: this.#clock.instant(boot), boot };
  }
}
