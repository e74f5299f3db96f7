import { fileURLToPath } from "node:url";
import { ExitCode, MayflyError } from "../../errors.ts";
import { Backlog, type Job, type Outcome } from "./backlog.ts";
import { Child, type ChildListener } from "./child.ts";
import { Pace } from "./pace.ts";
import type { HelperAnswer } from "./protocol.ts";
import { Quarantine } from "./quarantine.ts";

export interface HelperSettings {
  /** A job that takes longer is given up. Milliseconds. */
  readonly limitMs: number;
  /** After a job hung its place, or its way, is left alone for this long. Milliseconds. */
  readonly quarantineMs: number;
  /** Milliseconds of a clock that never steps. */
  readonly now: () => number;
  /** The helper's compiled main file; another one only in tests. */
  readonly main?: string;
}

/** Counts since the start, but for those that say otherwise. */
export interface HelperCounters {
  /** Helpers started after the first. */
  restarts: number;
  /** Helpers killed over a job that hung. */
  kills: number;
  /** Now: killed helpers that have not ended; they sleep in a file system, and SIGKILL waits with them. */
  lingering: number;
  /** Now: jobs with the helper. */
  running: number;
  /** Now: jobs that wait. */
  waiting: number;
}

interface Running {
  readonly job: Job;
  reached: boolean;
  ticksLeft: number;
}

/** Jobs in work at once: a file that is slow to come holds up one of them. */
export const SLOTS = 4;
const HEAVY_SLOTS = SLOTS / 2;
/** Jobs that may wait; at 12,000 new files a second this is a third of a second. */
export const BACKLOG = 4_096;
/** Time is counted in ticks of our own event loop: a machine that slept, or a loop that was held up, is not taken for a helper that hangs. */
const TICK_MS = 250;
/** What the helper has, beyond the limit, to say itself that it gave up. */
const GRACE_MS = 1_000;
/** No more is started beside so many that will not die; each keeps its memory. */
const LINGERING_MOST = 4;
/** How long close() waits for the helper's end. */
const LAST_WORDS_MS = 500;

/**
 * A child process for work that may never come back, such as reading from a file system that hangs: a thread in there cannot be ended
 * and holds up even the end of its process; a child can be killed, or left behind.
 *
 * The helper that hangs is killed and started again; the others' jobs are given to the new one.
 */
export class Helper implements ChildListener {
  readonly #settings: HelperSettings;
  readonly #main: string;
  readonly #backlog = new Backlog();
  readonly #quarantine: Quarantine;
  readonly #pace: Pace;
  readonly #running = new Map<number, Running>();
  /** How often a helper ended, unasked, while it worked on this job. */
  readonly #crashes = new WeakMap<Job, number>();
  #heavyRunning = 0;
  #child: Child | undefined;
  #ready = false;
  #lastId = 0;
  #closed = false;
  #pause: NodeJS.Timeout | undefined;
  #ticker: NodeJS.Timeout | undefined;
  #restarts = 0;
  #kills = 0;
  #lingering = 0;
  #onFirst: ((error: MayflyError | undefined) => void) | undefined;
  #onLast: (() => void) | undefined;

  constructor(settings: HelperSettings) {
    this.#settings = settings;
    this.#main = settings.main ?? fileURLToPath(new URL("main.js", import.meta.url));
    this.#quarantine = new Quarantine(settings.quarantineMs, settings.now);
    this.#pace = new Pace(settings.now);
  }

  /**
   * Resolves when the helper is ready to work; jobs may be submitted before.
   * @throws MayflyError HELPER_NOT_STARTED
   */
  start(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#onFirst = (error) => (error === undefined ? resolve() : reject(error));
      this.#spawn();
    });
  }

  /** Everything that is not done is settled as failed. Takes half a second at most, whatever the helper does. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#pause);
    clearInterval(this.#ticker);
    this.#onFirst?.(notStarted("closed"));
    for (const job of this.#takeRunning()) settle(job, closed);
    for (const job of this.#backlog.takeAll()) settle(job, closed);
    const child = this.#child;
    if (child === undefined) return;
    await new Promise<void>((resolve) => {
      const late = setTimeout(resolve, LAST_WORDS_MS);
      this.#onLast = () => {
        clearTimeout(late);
        resolve();
      };
      this.#kill(child);
    });
  }

  get counters(): Readonly<HelperCounters> {
    return {
      restarts: this.#restarts,
      kills: this.#kills,
      lingering: this.#lingering,
      running: this.#running.size,
      waiting: this.#backlog.length,
    };
  }

  /** The helper's process id; undefined while there is none. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /**
   * @returns undefined: `job.onSettled` will be called. Else why the job is not taken: `full`, too many wait; `hung`, its place or its
   *   way is left alone after a job hung there; `failed`, there is no helper and none can be started now.
   */
  submit(job: Job): "full" | "hung" | "failed" | undefined {
    if (this.#closed || this.#hopeless) return "failed";
    if (this.#isHeld(job)) return "hung";
    if (this.#backlog.length >= BACKLOG) return "full";
    this.#backlog.add(job);
    this.#dispatch();
    return undefined;
  }

  onReady(child: Child): void {
    if (child !== this.#child) return;
    this.#ready = true;
    this.#onFirst?.(undefined);
    this.#onFirst = undefined;
    this.#dispatch();
  }

  onAnswer(child: Child, answer: HelperAnswer): void {
    if (child !== this.#child) return;
    const running = this.#running.get(answer.id);
    if (running === undefined) return;
    if ("reached" in answer) {
      running.reached = true;
      return;
    }
    this.#remove(answer.id, running.job);
    settle(running.job, "fault" in answer ? { kind: "failed", reason: answer.fault } : { kind: "answer", ...answer });
    this.#dispatch();
  }

  onExit(child: Child, reason: string): void {
    if (child !== this.#child) {
      this.#lingering--;
      this.#onLast?.();
      // There was none to replace it with while so many lingered.
      if (this.#child === undefined && !this.#closed && this.#pause === undefined) this.#restart();
      return;
    }
    this.#child = undefined;
    this.#ready = false;
    if (this.#onFirst !== undefined) {
      this.#onFirst(notStarted(reason));
      this.#onFirst = undefined;
      this.#closed = true;
      for (const job of this.#backlog.takeAll()) settle(job, { kind: "failed", reason });
      return;
    }
    child.kill(); // its pipes
    this.#giveBack(this.#takeRunning(), reason);
    this.#startLater(reason);
  }

  get #hopeless(): boolean {
    return this.#child === undefined && (this.#pace.hopeless || this.#lingering >= LINGERING_MOST);
  }

  #spawn(): void {
    this.#pause = undefined;
    this.#pace.begin();
    this.#child = new Child(this.#main, SLOTS, this);
    this.#ticker ??= setInterval(() => this.#tick(), TICK_MS).unref();
  }

  #dispatch(): void {
    while (this.#ready && this.#running.size < SLOTS) {
      const job = this.#backlog.take(this.#heavyRunning, HEAVY_SLOTS);
      if (job === undefined) return;
      this.#send(job);
    }
  }

  #send(job: Job): void {
    const id = ++this.#lastId;
    const { limitMs } = this.#settings;
    this.#running.set(id, { job, reached: false, ticksLeft: Math.ceil((limitMs + GRACE_MS) / TICK_MS) });
    if (job.heavy) this.#heavyRunning++;
    job.onSent();
    this.#child?.send({ id, kind: job.kind, limitMs, body: job.body });
  }

  #remove(id: number, job: Job): void {
    this.#running.delete(id);
    if (job.heavy) this.#heavyRunning--;
  }

  #takeRunning(): Job[] {
    const jobs = [...this.#running.values()].map(({ job }) => job);
    this.#running.clear();
    this.#heavyRunning = 0;
    return jobs;
  }

  #tick(): void {
    let hung = false;
    for (const running of this.#running.values()) {
      if (--running.ticksLeft > 0) continue;
      hung = true;
      this.#quarantine.add(running.reached ? running.job.place : running.job.way);
    }
    if (hung) this.#replace();
  }

  /** Kills the helper, settles the jobs of the places that hung, gives the others to a new one. */
  #replace(): void {
    const hung: Job[] = [];
    for (const job of this.#takeRunning().reverse()) {
      if (this.#isHeld(job)) hung.push(job);
      else this.#backlog.putBack(job);
    }
    hung.push(...this.#backlog.takeWhere((job) => this.#isHeld(job)));
    if (this.#child !== undefined) this.#kill(this.#child);
    this.#kills++;
    this.#restart();
    for (const job of hung) settle(job, { kind: "hung" });
  }

  #isHeld({ place, way }: Job): boolean {
    return this.#quarantine.holds(place) || this.#quarantine.holds(way);
  }

  #kill(child: Child): void {
    this.#child = undefined;
    this.#ready = false;
    this.#lingering++;
    child.kill();
  }

  #restart(): void {
    if (this.#lingering < LINGERING_MOST) {
      this.#restarts++;
      this.#spawn();
      return;
    }
    // onExit of the first that does end starts a new one.
    for (const job of this.#backlog.takeAll()) settle(job, { kind: "failed", reason: "helpers hang" });
  }

  #startLater(reason: string): void {
    const pauseMs = this.#pace.end();
    if (this.#hopeless) for (const job of this.#backlog.takeAll()) settle(job, { kind: "failed", reason });
    this.#restarts++;
    this.#pause = setTimeout(() => this.#spawn(), pauseMs).unref();
  }

  /** A job over which a helper ended twice is left: it may be the reason. */
  #giveBack(jobs: readonly Job[], reason: string): void {
    for (const job of jobs.toReversed()) {
      const crashes = (this.#crashes.get(job) ?? 0) + 1;
      this.#crashes.set(job, crashes);
      if (crashes < 2) this.#backlog.putBack(job);
      else settle(job, { kind: "failed", reason });
    }
  }
}

const closed: Outcome = { kind: "failed", reason: "closed" };

function settle(job: Job, outcome: Outcome): void {
  job.onSettled(outcome);
}

function notStarted(reason: string): MayflyError {
  return new MayflyError(
    "HELPER_NOT_STARTED",
    ExitCode.internal,
    `Cannot start the helper process that reads executables (${reason}). Set hash.enabled to false to run without hashes.`,
  );
}
