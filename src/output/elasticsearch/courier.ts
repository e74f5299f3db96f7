import { bulkFilter } from "./answer.ts";
import { BackingIndexMemory } from "./backing_indexes.ts";
import { type Outcome, parseBulkAnswer, type Refusal, readBulkAnswer } from "./bulk_answer.ts";
import type { DeadLetters } from "./dead_letter.ts";
import type { DocumentStore } from "./document_store.ts";
import type { ElasticsearchEvents } from "./events.ts";
import type { DeliveryFigures } from "./figures.ts";
import { LagMeter } from "./lag.ts";
import type { Connection, Reply } from "./reply.ts";
import { answeredFault, type RequestFault, unansweredFault } from "./request_fault.ts";
import { actionOf, type BackingIndexes, bodyOf, type Doubt, type Holding, lineOf, type Slice } from "./slice.ts";
import type { DeliverySystem } from "./system.ts";
import type { Batch } from "./work_list.ts";

/** Sets event.ingested; made by `mayfly setup`. */
export const ingestPipeline = "logs-mayfly@ingested";

/** How a batch fared. Its settled documents are settled; what is in the lists is the caller's again. */
export type Carried =
  | { readonly kind: "answered"; readonly outcome: Outcome }
  | { readonly kind: "failed"; readonly fault: RequestFault; readonly slices: readonly Slice[] };

export interface CourierParts {
  readonly connection: Connection;
  readonly store: DocumentStore;
  readonly deadLetters: DeadLetters;
  readonly figures: DeliveryFigures;
  readonly events: ElasticsearchEvents;
  readonly system: DeliverySystem;
}

/** Takes one batch to the server and brings back what is not settled. Knows nothing of waiting and stopping. */
export class Courier {
  readonly #parts: CourierParts;
  readonly memory: BackingIndexMemory;
  readonly #lag: LagMeter;

  constructor(parts: CourierParts) {
    this.#parts = parts;
    this.memory = new BackingIndexMemory(parts.store, parts.events);
    this.#lag = new LagMeter(parts.figures.lagSeconds);
  }

  async carry(batch: Batch, withPipeline: boolean): Promise<Carried> {
    const { connection, system, figures } = this.#parts;
    let { slices } = batch;
    let asked: BackingIndexes = new Map();
    if (slices.some(({ doubt }) => doubt !== undefined)) {
      const settled = await this.memory.settle(batch, connection, system.now());
      if (settled.kind === "unsettled") return this.#failed(settled.reply, slices, undefined);
      for (const { holding, documents } of settled.found) {
        figures.alreadyThere += documents;
        this.#settle(holding, documents);
      }
      ({ slices, asked } = settled);
    }
    const sentAt = system.now();
    const ifWritten: Doubt = { before: this.memory.seen, since: sentAt };
    const pipeline = withPipeline ? `&pipeline=${ingestPipeline}` : "";
    const path = `/_bulk?require_data_stream=true&filter_path=${bulkFilter}${pipeline}`;
    if (slices.length === 0) return { kind: "answered", outcome: this.#read(slices, [], ifWritten, asked) };
    const reply = await connection.request({ method: "POST", path, body: slices.map(bodyOf) });
    figures.sentBytes += reply.sentBytes;
    if (reply.kind === "unanswered" || reply.status !== 200 || !reply.isElasticsearch)
      return this.#failed(reply, slices, ifWritten);
    const items = parseBulkAnswer(
      reply.text,
      slices.reduce((documents, { from, to }) => documents + to - from, 0),
    );
    if (items === undefined) return this.#failed(reply, slices, ifWritten);
    figures.requests++;
    figures.bulkSeconds.add(Math.max(0, system.now() - sentAt) / 1000);
    return { kind: "answered", outcome: this.#read(slices, items, ifWritten, asked) };
  }

  #read(
    slices: readonly Slice[],
    items: Parameters<typeof readBulkAnswer>[1],
    ifWritten: Doubt,
    asked: BackingIndexes,
  ): Outcome {
    const { figures, store, system } = this.#parts;
    const now = system.now();
    const outcome = readBulkAnswer(slices, items, { ifWritten, asked, memory: this.memory, lag: this.#lag, now });
    figures.accepted += outcome.accepted;
    figures.alreadyThere += outcome.alreadyThere;
    figures.failureStore += outcome.failureStore;
    figures.possibleDuplicates += outcome.possibleDuplicates;
    if (outcome.accepted > 0) {
      figures.lastAccepted = now;
      this.memory.answered(now);
    }
    for (const holding of new Set(slices.map((slice) => slice.holding)))
      if (holding.unsettled === 0) store.done(holding.frame);
    return outcome;
  }

  /** @param sent undefined when the bulk request itself was not made */
  #failed(reply: Reply, slices: readonly Slice[], sent: Doubt | undefined): Carried {
    this.#parts.figures.failedRequests++;
    const first = slices[0] as Slice;
    const fault =
      reply.kind === "unanswered"
        ? unansweredFault(reply)
        : answeredFault(reply, actionOf(first.holding.frame, first.from).index);
    if (!fault.mayHaveArrived || sent === undefined) return { kind: "failed", fault, slices };
    return { kind: "failed", fault, slices: slices.map((slice) => ({ ...slice, doubt: slice.doubt ?? sent })) };
  }

  /** Puts documents into the dead letter file; they are settled then. */
  async bury(refusals: readonly Refusal[]): Promise<void> {
    const { deadLetters, events, figures, system } = this.#parts;
    const when = new Date(system.now()).toISOString();
    const { written, lost, fault } = await deadLetters.append(
      refusals.map(({ holding, at, status, type, reason }) => ({
        when,
        ...actionOf(holding.frame, at),
        status,
        type,
        reason,
        document: lineOf(holding.frame, at),
      })),
    );
    figures.deadLettered += written;
    figures.deadLetterLost += lost;
    if (lost > 0)
      events.onWarn(
        "dead_letter_lost",
        fault ??
          `${deadLetters.path} is full: the oldest documents in it were given up; look at them with "mayfly dead-letter list"`,
        { lost },
      );
    for (const { holding } of refusals) this.#settle(holding, 1);
  }

  #settle(holding: Holding, documents: number): void {
    holding.unsettled -= documents;
    if (holding.unsettled === 0) this.#parts.store.done(holding.frame);
  }
}
