import { Aftermath } from "./aftermath.ts";
import { Courier } from "./courier.ts";
import type { DeadLetters } from "./dead_letter.ts";
import type { DocumentStore } from "./document_store.ts";
import type { ElasticsearchEvents } from "./events.ts";
import { newFigures } from "./figures.ts";
import { type Preset, presets, untilFlush } from "./presets.ts";
import type { Connection } from "./reply.ts";
import type { DeliverySettings } from "./settings.ts";
import type { DeliveryStats } from "./stats.ts";
import { type DeliverySystem, REAL_DELIVERY_SYSTEM } from "./system.ts";
import type { TroubleKind } from "./trouble.ts";
import { type BatchLimits, WorkList } from "./work_list.ts";

/** Documents of a request that asks whether a fault is gone. */
const PROBE_DOCUMENTS = 50;
/** Suspects held at most before probes take no further documents, and so hold no further frames. */
const MAX_SUSPECTS = 1000;
/** When nothing could be taken although something waits (suspects that have no room), it is looked at again after this, ms. */
const LOOK_AGAIN_MS = 1000;

export interface DeliveryParts {
  readonly connection: Connection;
  readonly store: DocumentStore;
  readonly deadLetters: DeadLetters;
  readonly settings: DeliverySettings;
  readonly events: ElasticsearchEvents;
  /** The server has taken documents for the first time. */
  readonly onFirstAccepted?: () => void;
  readonly system?: DeliverySystem;
}

/**
 * Moves documents from the store to Elasticsearch: takes frames, live ones first, sends them in requests of at most 1,600 documents
 * and 5 MiB, and calls store.done for a frame when each of its documents is delivered or in the dead letter file.
 *
 *     delivering --no or a bad answer--> retrying --good answer--> delivering
 *         |                                 |
 *         +--------fault of the stream------+--> stopped --good probe--> delivering       any --close--> closed
 *
 * While retrying or stopped one request is made at a time, after a wait that grows. Nothing is dropped: what was in flight is held, the
 * rest stays in the spool.
 */
export class Delivery {
  readonly #parts: DeliveryParts;
  readonly #system: DeliverySystem;
  readonly #preset: Preset;
  readonly #courier: Courier;
  readonly #work: WorkList;
  readonly #aftermath: Aftermath;
  readonly #figures = newFigures();

  /** Requests that are under way, and whether the next one is being put together. */
  readonly #underWay = new Set<Promise<void>>();
  #taking = false;
  /** What has gathered is to go out although it fills no request. */
  #flush = false;
  #flushTimer: unknown = undefined;
  #wakeTimer: unknown = undefined;
  #ending: "no" | "closing" | "closed" = "no";
  #onRest: (() => void) | undefined = undefined;

  constructor(parts: DeliveryParts) {
    this.#parts = parts;
    this.#system = parts.system ?? REAL_DELIVERY_SYSTEM;
    this.#preset = presets[parts.settings.preset];
    const world = { ...parts, system: this.#system, figures: this.#figures };
    this.#courier = new Courier(world);
    const earlierRun = { before: this.#courier.memory.seen, since: 0 };
    this.#work = new WorkList(parts.store, parts.store.backlogDocuments > 0 ? earlierRun : undefined);
    this.#aftermath = new Aftermath({
      ...world,
      work: this.#work,
      courier: this.#courier,
      maxDocuments: this.#preset.documents,
      ingested: parts.settings.ingested,
      onFirstAccepted: parts.onFirstAccepted,
    });
  }

  start(): void {
    this.#parts.store.onCommitted = () => this.#pump();
    this.#armFlush();
    this.#pump();
  }

  stats(): DeliveryStats {
    const { kind, reason } = this.#aftermath.trouble;
    const troubled = kind === "retrying" ? kind : kind === undefined ? "delivering" : "stopped";
    return {
      ...this.#figures,
      inFlight: this.#underWay.size,
      state: this.#ending === "closed" ? "closed" : troubled,
      reason: kind === undefined ? undefined : reason,
    };
  }

  /**
   * Delivers what is live and what is to be sent again, for `deadlineMs` at most and only as long as the server takes it; then ends
   * the requests under way. What remains is in the store. True when nothing live remains.
   */
  async close(deadlineMs: number): Promise<boolean> {
    if (this.#ending !== "no") return false;
    this.#ending = "closing";
    this.#system.clearTimer(this.#flushTimer);
    this.#flush = true;
    this.#aftermath.retryAt = 0;
    this.#aftermath.quiet = true;
    const rest = new Promise<void>((resolve) => {
      this.#onRest = resolve;
    });
    const deadline = this.#system.setTimer(() => this.#onRest?.(), deadlineMs);
    this.#pump();
    await rest;
    this.#system.clearTimer(deadline);
    const complete = this.#work.liveDocuments + this.#work.retryDocuments + this.#underWay.size === 0;
    this.#ending = "closed";
    this.#system.clearTimer(this.#wakeTimer);
    this.#parts.store.onCommitted = undefined;
    this.#parts.connection.close();
    await Promise.all(this.#underWay);
    return complete;
  }

  #armFlush(): void {
    const wait = untilFlush(this.#system.now(), this.#preset.intervalMs, this.#parts.settings.phase);
    this.#flushTimer = this.#system.setTimer(() => void this.#tick(), wait);
  }

  /** What left the hold a moment ago is committed first, so that it goes along. */
  async #tick(): Promise<void> {
    this.#armFlush();
    await this.#parts.store.commit();
    this.#flush = true;
    this.#work.tryBacklog();
    this.#pump();
  }

  /** Starts as many requests as may be under way now. Called whenever something changed. */
  #pump(): void {
    if (this.#taking) return;
    if (this.#ending === "closed" || !this.#mayStart()) {
      this.#restWhenIdle();
      return;
    }
    this.#taking = true;
    const request = this.#takeAndCarry().then((hadWork) => {
      this.#underWay.delete(request);
      if (hadWork) this.#pump();
      else this.#restWhenIdle();
    });
    this.#underWay.add(request);
  }

  /** While closing: nothing is under way and nothing more will be. */
  #restWhenIdle(): void {
    if (this.#ending === "closing" && this.#underWay.size === 0) this.#onRest?.();
  }

  #mayStart(): boolean {
    const now = this.#system.now();
    if (this.#aftermath.trouble.kind !== undefined) {
      if (this.#ending !== "no" || this.#underWay.size > 0 || this.#work.documents === 0) return false;
      if (now >= this.#aftermath.trouble.until) return true;
      this.#wakeAt(this.#aftermath.trouble.until);
      return false;
    }
    return this.#underWay.size < this.#allowed() && this.#isDue(now);
  }

  /** More than one request only while more waits than one takes. */
  #allowed(): number {
    const drains = this.#work.hasBacklog || this.#work.liveDocuments >= 2 * this.#aftermath.pace.documents;
    return drains ? this.#aftermath.pace.parallel : 1;
  }

  #isDue(now: number): boolean {
    if (this.#work.retryDocuments > 0) {
      if (now >= this.#aftermath.retryAt) return true;
      this.#wakeAt(this.#aftermath.retryAt);
    }
    if (!this.#mayTakeMore()) return false;
    const { liveDocuments, liveBytes, hasBacklog, suspectDocuments } = this.#work;
    if (liveDocuments >= this.#aftermath.pace.documents || liveBytes >= this.#aftermath.pace.bytes) return true;
    if (this.#flush && (liveDocuments > 0 || suspectDocuments > 0)) return true;
    return hasBacklog && this.#ending === "no";
  }

  /** What waits to be sent again holds its frames in memory, so it is bounded before more is taken. */
  #mayTakeMore(): boolean {
    return this.#work.retryDocuments < 2 * this.#preset.documents;
  }

  #wakeAt(time: number): void {
    this.#system.clearTimer(this.#wakeTimer);
    this.#wakeTimer = this.#system.setTimer(() => this.#pump(), Math.max(0, time - this.#system.now()));
  }

  /** False when there was nothing to take. */
  async #takeAndCarry(): Promise<boolean> {
    const probe = this.#aftermath.trouble.kind;
    const batch = await this.#work.take(this.#limits(probe));
    this.#taking = false;
    if (this.#work.liveDocuments === 0) this.#flush = false;
    if (batch === undefined) {
      this.#wakeAt(this.#system.now() + LOOK_AGAIN_MS);
      return false;
    }
    this.#pump();
    const carried = await this.#courier.carry(batch, this.#aftermath.wantsPipeline(batch));
    // After close the spool has what was not settled.
    if (this.#ending === "closed") return false;
    if (carried.kind === "answered") await this.#aftermath.answered(carried.outcome, batch, probe);
    else await this.#aftermath.failed(carried.fault, carried.slices, batch, probe);
    return true;
  }

  #limits(probe: TroubleKind | undefined): BatchLimits {
    const now = this.#system.now();
    const { documents, bytes } = this.#aftermath.pace;
    if (probe === undefined) {
      const more = this.#mayTakeMore();
      const backlog = more && this.#ending === "no";
      return {
        documents,
        bytes,
        retry: now >= this.#aftermath.retryAt,
        live: more,
        backlog,
        suspects: this.#aftermath.window.room(now),
      };
    }
    const most = probe === "retrying" ? documents : Math.min(PROBE_DOCUMENTS, documents);
    const { suspectDocuments } = this.#work;
    // Whether the fault is gone is asked with documents that were not rejected yet, as long as few are held for it.
    const asksSuspects = suspectDocuments >= MAX_SUSPECTS || suspectDocuments === this.#work.documents;
    return { documents: most, bytes, retry: true, live: true, backlog: true, suspects: asksSuspects ? most : 0 };
  }
}
