import { withoutPreview } from "./answer.ts";
import type { Outcome, Refusal } from "./bulk_answer.ts";
import { type Courier, ingestPipeline } from "./courier.ts";
import type { DeadLetters } from "./dead_letter.ts";
import type { ElasticsearchEvents } from "./events.ts";
import type { DeliveryFigures } from "./figures.ts";
import { Pace } from "./pace.ts";
import { adviceFor, type RequestFault } from "./request_fault.ts";
import type { IngestedMode } from "./settings.ts";
import { actionOf, documentsOf, type Slice, SliceList } from "./slice.ts";
import type { DeliverySystem } from "./system.ts";
import { Trouble, type TroubleKind } from "./trouble.ts";
import { isBearable, RejectionWindow } from "./window.ts";
import type { Batch, WorkList } from "./work_list.ts";

/** Documents refused one by one wait up to this long, ms, and ride along with others then. */
const RETRY_SPREAD_MS = 1000;
/** Of a request's documents so many may be answered 429 or 5xx before less is asked of the server at once. */
const FEW_REFUSED = 5;
/** Documents older than this are late: rules that look back by @timestamp have passed them, ms. */
const LATE_MS = 60_000;
/** A missing pipeline is asked for again after this, ms. */
const PIPELINE_AGAIN_MS = 10 * 60_000;

export interface AftermathParts {
  readonly work: WorkList;
  readonly courier: Courier;
  readonly deadLetters: DeadLetters;
  readonly figures: DeliveryFigures;
  readonly events: ElasticsearchEvents;
  readonly system: DeliverySystem;
  /** Documents of a request at most. */
  readonly maxDocuments: number;
  readonly ingested: IngestedMode;
  readonly onFirstAccepted: (() => void) | undefined;
}

/**
 * What follows from the answer to a request, or from its failure: what is sent again, held or given up, what is told, and how
 * much is asked of the server from now on.
 */
export class Aftermath {
  readonly pace: Pace;
  readonly window = new RejectionWindow();
  readonly trouble: Trouble;
  /** Documents to be sent again are due from then on, ms since the epoch. */
  retryAt = 0;
  /** While mayfly stops a failure is no news. */
  quiet = false;
  readonly #parts: AftermathParts;
  #pipelineMissingUntil = 0;

  constructor(parts: AftermathParts) {
    this.#parts = parts;
    this.pace = new Pace(parts.maxDocuments);
    this.trouble = new Trouble(parts.system);
  }

  /** Whether the request is to go through the pipeline that sets event.ingested. */
  wantsPipeline(batch: Batch): boolean {
    const now = this.#parts.system.now();
    const { ingested } = this.#parts;
    if (ingested === "off" || now < this.#pipelineMissingUntil) return false;
    return ingested === "always" || now - batch.since > LATE_MS;
  }

  /** A request failed as a whole. @param probe the trouble that it was to test */
  async failed(
    fault: RequestFault,
    slices: readonly Slice[],
    batch: Batch,
    probe: TroubleKind | undefined,
  ): Promise<void> {
    if (fault.kind === "split") {
      await this.#onTooLarge(fault, slices, batch);
      return;
    }
    this.#parts.work.sendAgain(slices);
    if (fault.overloaded) this.pace.refused();
    // Of requests that failed together one counts.
    if (this.trouble.kind === undefined || probe !== undefined)
      this.#enter(fault.kind === "again" ? "retrying" : "stopped", fault.reason, fault.retryAfterMs);
  }

  async #onTooLarge(fault: RequestFault, slices: readonly Slice[], batch: Batch): Promise<void> {
    const only = slices[0] as Slice;
    if (documentsOf(slices) > 1) {
      this.pace.tooLarge(batch.bytes);
      this.#parts.work.sendAgain(slices);
      this.#parts.events.onWarn("request_too_large", `${fault.reason}; smaller requests are made`, {
        bytes: batch.bytes,
      });
      return;
    }
    const { holding, from: at, doubt, suspect } = only;
    const refusal = { holding, at, doubt, suspect, status: 413, type: "content_too_long", reason: fault.reason };
    await this.#onRejected([refusal], 1, undefined);
  }

  /** A request was answered. @param probe the trouble that it was to test */
  async answered(outcome: Outcome, batch: Batch, probe: TroubleKind | undefined): Promise<void> {
    const { accepted, alreadyThere, collisions, rejected, retry, held, streamFault, withoutPipeline } = outcome;
    const first = this.#parts.figures.accepted === accepted && accepted > 0;
    this.window.answered(this.#parts.system.now(), accepted + alreadyThere);
    if (outcome.failureStore > 0) this.#tellFailureStore(outcome.failureStore);
    if (outcome.possibleDuplicates > 0) this.#tellPossibleDuplicates(outcome.possibleDuplicates);
    if (outcome.acceptedSuspects > 0 && !rejected.some(({ suspect }) => suspect)) this.#parts.work.clearSuspects();
    if (collisions.length > 0) await this.#onCollisions(collisions);
    if (withoutPipeline.slices.length > 0) this.#onPipelineMissing(withoutPipeline.slices);
    const stopped = rejected.length > 0 && (await this.#onRejected(rejected, batch.documents, probe));
    if (streamFault !== undefined) {
      this.#parts.work.sendAgain([...retry.slices, ...held.slices]);
      this.#onStreamFault(streamFault, probe);
    } else if (!stopped) this.#onWorked(outcome, batch, probe);
    else this.#parts.work.sendAgain(retry.slices);
    if (first) this.#parts.onFirstAccepted?.();
  }

  /** Nothing is wrong with the stream; some documents may have been put off. */
  #onWorked({ retry }: Outcome, batch: Batch, probe: TroubleKind | undefined): void {
    const refused = documentsOf(retry.slices);
    const mostly = refused * 2 > batch.documents;
    this.#parts.figures.retriedItems += refused;
    if (refused > 0 && this.#parts.work.retryDocuments === 0)
      this.retryAt = this.#parts.system.now() + this.#parts.system.random() * RETRY_SPREAD_MS;
    this.#parts.work.sendAgain(retry.slices);
    if (refused > Math.min(FEW_REFUSED, batch.documents - 1)) this.pace.refused();
    else if (refused === 0) this.pace.good();
    if (mostly) {
      const reason = `Elasticsearch put off ${refused} of ${batch.documents} documents (429 or 5xx): it has too much to do; is the cluster healthy and large enough?`;
      if (this.trouble.kind === undefined || probe !== undefined) this.#enter("retrying", reason, 0);
      return;
    }
    this.trouble.worked();
    if (probe !== undefined) this.#resume();
  }

  #onStreamFault({ holding, at, status, type, reason }: Refusal, probe: TroubleKind | undefined): void {
    if (this.trouble.kind !== undefined && probe === undefined) return;
    const { index } = actionOf(holding.frame, at);
    const told = `Elasticsearch refuses documents for ${index}: ${status} ${type}: ${withoutPreview(reason)}`;
    this.#enter("stopped", `${told}; ${adviceFor(status, type, reason, index)}`, 0);
  }

  /** True when the delivery stopped for it: the documents are held then, not given up. */
  async #onRejected(rejected: readonly Refusal[], sent: number, probe: TroubleKind | undefined): Promise<boolean> {
    const now = this.#parts.system.now();
    const { holding, at, type, reason } = rejected[0] as Refusal;
    const { index } = actionOf(holding.frame, at);
    const told = `Elasticsearch rejects documents for ${index} for what they are: ${type}: ${withoutPreview(reason)}`;
    const isTest = probe === "stopped" || probe === "rejections";
    const bearable = isTest ? isBearable(sent, rejected.length) : rejected.length <= this.window.room(now);
    if (bearable && rejected.length <= this.window.room(now)) {
      this.window.rejected(now, rejected.length);
      this.window.answered(now, rejected.length);
      this.#parts.events.onWarn("documents_rejected", `${told}; they are in ${this.#parts.deadLetters.path}`, {
        documents: rejected.length,
      });
      await this.#parts.courier.bury(rejected);
      return false;
    }
    const slices = new SliceList();
    for (const refusal of rejected) slices.add(refusal.holding, refusal.at, refusal.doubt, true);
    this.#parts.work.suspect(slices.slices);
    if (bearable) return false;
    if (this.trouble.kind === undefined || probe !== undefined)
      this.#enter(
        "rejections",
        `${told}; more than 10 and 1 % of a minute's documents, so the mapping must be wrong: run "mayfly setup", and roll the data stream over`,
        0,
      );
    return true;
  }

  async #onCollisions(collisions: readonly Refusal[]): Promise<void> {
    this.#parts.figures.collisions += collisions.length;
    const { holding, at } = collisions[0] as Refusal;
    this.#parts.events.onWarn(
      "id_collision",
      `Elasticsearch has other documents under ids that were sent for the first time, the first ${actionOf(holding.frame, at).id}: another host has this host's machine-id (cloned or resumed from one image?); set identity.salt on one of them, "mayfly doctor" explains; the documents are in ${this.#parts.deadLetters.path}`,
      { documents: collisions.length },
    );
    await this.#parts.courier.bury(collisions);
  }

  #onPipelineMissing(slices: readonly Slice[]): void {
    this.#pipelineMissingUntil = this.#parts.system.now() + PIPELINE_AGAIN_MS;
    this.retryAt = 0;
    this.#parts.work.sendAgain(slices);
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

  #tellPossibleDuplicates(documents: number): void {
    this.#parts.events.onWarn(
      "possible_duplicates",
      "documents whose answer was lost were sent again after a rollover: they may stand twice, in two backing indexes of the data stream",
      { documents },
    );
  }

  #enter(kind: TroubleKind, reason: string, retryAfterMs: number): void {
    const waitMs = Math.round(this.trouble.enter(kind, reason, retryAfterMs));
    const waiting = this.#parts.work.documents;
    if (this.quiet) return;
    const seconds = Math.ceil(waitMs / 1000);
    this.#parts.events.onWarn(
      kind === "retrying" ? "delivery_retrying" : "delivery_stopped",
      `${reason}; nothing is lost, documents stay in the spool; next try in ${seconds} s`,
      { waiting, waitMs },
    );
  }

  #resume(): void {
    const ms = this.trouble.leave();
    this.#parts.events.onInfo(
      "delivery_resumed",
      `Elasticsearch takes documents again, after ${Math.round(ms / 1000)} s; ${this.#parts.work.documents} wait`,
      { waiting: this.#parts.work.documents, afterMs: ms },
    );
  }
}
