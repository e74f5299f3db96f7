import { withoutPreview } from "./answer.ts";
import type { Outcome, Refusal } from "./bulk_answer.ts";
import { Courier, ingestPipeline } from "./courier.ts";
import type { DeadLetters } from "./dead_letter.ts";
import type { DocumentStore } from "./document_store.ts";
import type { ElasticsearchEvents } from "./events.ts";
import { newFigures } from "./figures.ts";
import { Pace } from "./pace.ts";
import { type Preset, presets, untilFlush } from "./presets.ts";
import type { Connection } from "./reply.ts";
import { adviceFor, type RequestFault } from "./request_fault.ts";
import type { DeliverySettings } from "./settings.ts";
import { actionOf, documentsOf, type Slice, SliceList } from "./slice.ts";
import type { DeliveryStats } from "./stats.ts";
import { type DeliverySystem, REAL_DELIVERY_SYSTEM } from "./system.ts";
import { Trouble, type TroubleKind } from "./trouble.ts";
import { isBearable, RejectionWindow } from "./window.ts";
import { type Batch, type BatchLimits, WorkList } from "./work_list.ts";

/** Documents of a request that asks whether a fault is gone. */
const PROBE_DOCUMENTS = 50;
/** Suspects held at most before probes take no further documents, and so hold no further frames. */
const MAX_SUSPECTS = 1000;
/** Documents refused one by one wait up to this long, ms, and ride along with others then. */
const RETRY_SPREAD_MS = 1000;
/** Of a request's documents so many may be answered 429 or 5xx before less is asked of the server at once. */
const FEW_REFUSED = 5;
/** Documents older than this are late: rules that look back by @timestamp have passed them, ms. */
const LATE_MS = 60_000;
/** A missing pipeline is asked for again after this, ms. */
const PIPELINE_AGAIN_MS = 10 * 60_000;
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
  readonly #pace: Pace;
  readonly #window = new RejectionWindow();
  readonly #trouble: Trouble;
  readonly #figures = newFigures();

  /** Requests that are under way, and whether the next one is being put together. */
  readonly #underWay = new Set<Promise<void>>();
  #taking = false;
  /** What has gathered is to go out although it fills no request. */
  #flush = false;
  #flushTimer: unknown = undefined;
  #wakeTimer: unknown = undefined;
  /** Documents to be sent again are due from then on, ms since the epoch. */
  #retryAt = 0;
  #pipelineMissingUntil = 0;
  #ending: "no" | "closing" | "closed" = "no";
  #onRest: (() => void) | undefined = undefined;

  constructor(parts: DeliveryParts) {
    this.#parts = parts;
    this.#system = parts.system ?? REAL_DELIVERY_SYSTEM;
    this.#preset = presets[parts.settings.preset];
    this.#pace = new Pace(this.#preset.documents);
    this.#trouble = new Trouble(this.#system);
    this.#courier = new Courier({ ...parts, system: this.#system, figures: this.#figures });
    const earlierRun = { before: this.#courier.memory.seen, since: 0 };
    this.#work = new WorkList(parts.store, parts.store.backlogDocuments > 0 ? earlierRun : undefined);
  }

  start(): void {
    this.#parts.store.onCommitted = () => this.#pump();
    this.#armFlush();
    this.#pump();
  }

  stats(): DeliveryStats {
    const { kind, reason } = this.#trouble;
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
    this.#retryAt = 0;
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
    if (this.#trouble.kind !== undefined) {
      if (this.#ending !== "no" || this.#underWay.size > 0 || this.#work.documents === 0) return false;
      if (now >= this.#trouble.until) return true;
      this.#wakeAt(this.#trouble.until);
      return false;
    }
    return this.#underWay.size < this.#allowed() && this.#isDue(now);
  }

  /** More than one request only while more waits than one takes. */
  #allowed(): number {
    const drains = this.#work.hasBacklog || this.#work.liveDocuments >= 2 * this.#pace.documents;
    return drains ? this.#pace.parallel : 1;
  }

  #isDue(now: number): boolean {
    if (this.#work.retryDocuments > 0) {
      if (now >= this.#retryAt) return true;
      this.#wakeAt(this.#retryAt);
    }
    if (!this.#mayTakeMore()) return false;
    const { liveDocuments, liveBytes, hasBacklog, suspectDocuments } = this.#work;
    if (liveDocuments >= this.#pace.documents || liveBytes >= this.#pace.bytes) return true;
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
    const probe = this.#trouble.kind;
    const batch = await this.#work.take(this.#limits(probe));
    this.#taking = false;
    if (this.#work.liveDocuments === 0) this.#flush = false;
    if (batch === undefined) {
      this.#wakeAt(this.#system.now() + LOOK_AGAIN_MS);
      return false;
    }
    this.#pump();
    const carried = await this.#courier.carry(batch, this.#wantsPipeline(batch));
    if (carried.kind === "answered") await this.#onAnswer(carried.outcome, batch, probe);
    else await this.#onFailed(carried.fault, carried.slices, batch, probe);
    return true;
  }

  #limits(probe: TroubleKind | undefined): BatchLimits {
    const now = this.#system.now();
    const { documents, bytes } = this.#pace;
    if (probe === undefined) {
      const more = this.#mayTakeMore();
      const backlog = more && this.#ending === "no";
      return { documents, bytes, retry: now >= this.#retryAt, live: more, backlog, suspects: this.#window.room(now) };
    }
    const most = probe === "retrying" ? documents : Math.min(PROBE_DOCUMENTS, documents);
    const { suspectDocuments } = this.#work;
    // Whether the fault is gone is asked with documents that were not rejected yet, as long as few are held for it.
    const asksSuspects = suspectDocuments >= MAX_SUSPECTS || suspectDocuments === this.#work.documents;
    return { documents: most, bytes, retry: true, live: true, backlog: true, suspects: asksSuspects ? most : 0 };
  }

  #wantsPipeline(batch: Batch): boolean {
    const now = this.#system.now();
    const { ingested } = this.#parts.settings;
    if (ingested === "off" || now < this.#pipelineMissingUntil) return false;
    return ingested === "always" || now - batch.since > LATE_MS;
  }

  async #onFailed(
    fault: RequestFault,
    slices: readonly Slice[],
    batch: Batch,
    probe: TroubleKind | undefined,
  ): Promise<void> {
    if (this.#ending === "closed") return;
    if (fault.kind === "split") {
      await this.#onTooLarge(fault, slices, batch);
      return;
    }
    this.#work.sendAgain(slices);
    if (fault.overloaded) this.#pace.refused();
    // Of requests that failed together one counts.
    if (this.#trouble.kind === undefined || probe !== undefined)
      this.#enter(fault.kind === "again" ? "retrying" : "stopped", fault.reason, fault.retryAfterMs);
  }

  async #onTooLarge(fault: RequestFault, slices: readonly Slice[], batch: Batch): Promise<void> {
    const only = slices[0] as Slice;
    if (documentsOf(slices) > 1) {
      this.#pace.tooLarge(batch.bytes);
      this.#work.sendAgain(slices);
      this.#parts.events.onWarn("request_too_large", `${fault.reason}; smaller requests are made`, {
        bytes: batch.bytes,
      });
      return;
    }
    const { holding, from: at, doubt, suspect } = only;
    const refusal = { holding, at, doubt, suspect, status: 413, type: "content_too_long", reason: fault.reason };
    await this.#onRejected([refusal], 1, undefined);
  }

  async #onAnswer(outcome: Outcome, batch: Batch, probe: TroubleKind | undefined): Promise<void> {
    if (this.#ending === "closed") return;
    const { accepted, alreadyThere, collisions, rejected, retry, held, streamFault, withoutPipeline } = outcome;
    const first = this.#figures.accepted === accepted && accepted > 0;
    this.#window.answered(this.#system.now(), accepted + alreadyThere);
    if (outcome.failureStore > 0) this.#tellFailureStore(outcome.failureStore);
    if (outcome.acceptedSuspects > 0 && !rejected.some(({ suspect }) => suspect)) this.#work.clearSuspects();
    if (collisions.length > 0) await this.#onCollisions(collisions);
    if (withoutPipeline.slices.length > 0) this.#onPipelineMissing(withoutPipeline.slices);
    const stopped = rejected.length > 0 && (await this.#onRejected(rejected, batch.documents, probe));
    if (streamFault !== undefined) {
      this.#work.sendAgain([...retry.slices, ...held.slices]);
      this.#onStreamFault(streamFault, probe);
    } else if (!stopped) this.#onWorked(outcome, batch, probe);
    else this.#work.sendAgain(retry.slices);
    if (first) this.#parts.onFirstAccepted?.();
  }

  /** Nothing is wrong with the stream; some documents may have been put off. */
  #onWorked({ retry }: Outcome, batch: Batch, probe: TroubleKind | undefined): void {
    const refused = documentsOf(retry.slices);
    const mostly = refused * 2 > batch.documents;
    this.#figures.retriedItems += refused;
    if (refused > 0 && this.#work.retryDocuments === 0)
      this.#retryAt = this.#system.now() + this.#system.random() * RETRY_SPREAD_MS;
    this.#work.sendAgain(retry.slices);
    if (refused > Math.min(FEW_REFUSED, batch.documents - 1)) this.#pace.refused();
    else if (refused === 0) this.#pace.good();
    if (mostly) {
      const reason = `Elasticsearch put off ${refused} of ${batch.documents} documents (429 or 5xx): it has too much to do; is the cluster healthy and large enough?`;
      if (this.#trouble.kind === undefined || probe !== undefined) this.#enter("retrying", reason, 0);
      return;
    }
    this.#trouble.worked();
    if (probe !== undefined) this.#resume();
  }

  #onStreamFault({ holding, at, status, type, reason }: Refusal, probe: TroubleKind | undefined): void {
    if (this.#trouble.kind !== undefined && probe === undefined) return;
    const { index } = actionOf(holding.frame, at);
    const told = `Elasticsearch refuses documents for ${index}: ${status} ${type}: ${withoutPreview(reason)}`;
    this.#enter("stopped", `${told}; ${adviceFor(status, type, reason, index)}`, 0);
  }

  /** True when the delivery stopped for it: the documents are held then, not given up. */
  async #onRejected(rejected: readonly Refusal[], sent: number, probe: TroubleKind | undefined): Promise<boolean> {
    const now = this.#system.now();
    const { holding, at, type, reason } = rejected[0] as Refusal;
    const { index } = actionOf(holding.frame, at);
    const told = `Elasticsearch rejects documents for ${index} for what they are: ${type}: ${withoutPreview(reason)}`;
    const isTest = probe === "stopped" || probe === "rejections";
    const bearable = isTest ? isBearable(sent, rejected.length) : rejected.length <= this.#window.room(now);
    if (bearable && rejected.length <= this.#window.room(now)) {
      this.#window.rejected(now, rejected.length);
      this.#window.answered(now, rejected.length);
      this.#parts.events.onWarn("documents_rejected", `${told}; they are in ${this.#parts.deadLetters.path}`, {
        documents: rejected.length,
      });
      await this.#courier.bury(rejected);
      return false;
    }
    const slices = new SliceList();
    for (const refusal of rejected) slices.add(refusal.holding, refusal.at, refusal.doubt, true);
    this.#work.suspect(slices.slices);
    if (bearable) return false;
    if (this.#trouble.kind === undefined || probe !== undefined)
      this.#enter(
        "rejections",
        `${told}; more than 10 and 1 % of a minute's documents, so the mapping must be wrong: run "mayfly setup", and roll the data stream over`,
        0,
      );
    return true;
  }

  async #onCollisions(collisions: readonly Refusal[]): Promise<void> {
    this.#figures.collisions += collisions.length;
    const { holding, at } = collisions[0] as Refusal;
    this.#parts.events.onWarn(
      "id_collision",
      `Elasticsearch has other documents under ids that were sent for the first time, the first ${actionOf(holding.frame, at).id}: another host has this host's machine-id (cloned or resumed from one image?); set identity.salt on one of them, "mayfly doctor" explains; the documents are in ${this.#parts.deadLetters.path}`,
      { documents: collisions.length },
    );
    await this.#courier.bury(collisions);
  }

  #onPipelineMissing(slices: readonly Slice[]): void {
    this.#pipelineMissingUntil = this.#system.now() + PIPELINE_AGAIN_MS;
    this.#retryAt = 0;
    this.#work.sendAgain(slices);
    this.#parts.events.onWarn(
      "pipeline_missing",
      `the ingest pipeline ${ingestPipeline} does not exist: documents are sent without event.ingested; run "mayfly setup", or set output.elasticsearch.ingested: off`,
    );
  }

  #tellFailureStore(documents: number): void {
    this.#parts.events.onWarn(
      "failure_store_used",
      "Elasticsearch put documents into the failure store, where no search of the data stream finds them: look at STREAM::failures for the reason",
      { documents },
    );
  }

  #enter(kind: TroubleKind, reason: string, retryAfterMs: number): void {
    const waitMs = Math.round(this.#trouble.enter(kind, reason, retryAfterMs));
    const waiting = this.#work.documents;
    if (this.#ending !== "no") return;
    const seconds = Math.ceil(waitMs / 1000);
    this.#parts.events.onWarn(
      kind === "retrying" ? "delivery_retrying" : "delivery_stopped",
      `${reason}; nothing is lost, documents stay in the spool; next try in ${seconds} s`,
      { waiting, waitMs },
    );
  }

  #resume(): void {
    const ms = this.#trouble.leave();
    this.#parts.events.onInfo(
      "delivery_resumed",
      `Elasticsearch takes documents again, after ${Math.round(ms / 1000)} s; ${this.#work.documents} wait`,
      { waiting: this.#work.documents, afterMs: ms },
    );
  }
}
