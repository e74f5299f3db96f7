import type { DocumentStore } from "./document_store.ts";
import type { ElasticsearchEvents } from "./events.ts";
import type { Connection, Reply } from "./reply.ts";
import { actionOf, type BackingIndexes, type Doubt, type Holding, type Slice, SliceList } from "./slice.ts";
import type { Batch } from "./work_list.ts";

const NOTE = "backing_indexes";
/** `.ds-logs-mayfly.process-default-2026.11.21-000001` */
const BACKING_INDEX = /^\.ds-(.+)-\d{4}\.\d{2}\.\d{2}-\d{6,}$/;
/** What the name of a stream's first index ends with: there is no older one. */
const FIRST_GENERATION = "-000001";
/** An answer that came so lately tells the present write index well enough for documents of an earlier run, ms. */
const FRESH_MS = 5000;
/** Older backing indexes that are asked when it is not known since when documents may have been sent. */
const LOOK_BACK = 3;

/** What was found out about documents that may have been sent before. */
export interface Settled {
  readonly kind: "settled";
  /** Those that are in an older backing index: done. */
  readonly found: readonly { readonly holding: Holding; readonly documents: number }[];
  /** Those to send. */
  readonly slices: readonly Slice[];
  /** Up to this write index all older ones were asked, by data stream; a stream that could not be asked is left out. */
  readonly asked: BackingIndexes;
}

/** It could not be found out now; ask again later. */
export interface Unsettled {
  readonly kind: "unsettled";
  readonly reply: Reply;
}

/**
 * Keeps documents from being indexed twice around a rollover.
 *
 * Within one backing index the id does: a second `create` is answered 409. After a rollover the id is new again. So the backing
 * index that each stream was last seen to write into is remembered, in the spool too. Before documents are sent again whose
 * answer was lost, the stream is asked for its indexes (GET _data_stream, which create_doc and auto_configure allow); when
 * there is a newer one, `_mget` asks the older ones for just those ids (it needs `read`), and what is found is not sent.
 *
 * What is left: a rollover between the question and the arrival of the request, a few milliseconds, or up to 5 s while the
 * spool of an earlier run is read back. Item answers name the index, so such a document is not silent: it counts as a possible
 * duplicate, as every one does where the key may not read. A rollover between two sends that both count as answered cannot
 * double anything.
 */
export class BackingIndexMemory {
  readonly #store: DocumentStore;
  readonly #events: ElasticsearchEvents;
  #seen: BackingIndexes;
  /** Names in #seen, for the comparison in the hot path; there are three streams at most. */
  #names: readonly string[];
  /** When an answer last named an index, ms since the epoch. */
  #seenAt = 0;

  constructor(store: DocumentStore, events: ElasticsearchEvents) {
    this.#store = store;
    this.#events = events;
    this.#seen = readNote(store.getNote(NOTE));
    this.#names = [...this.#seen.values()];
  }

  get seen(): BackingIndexes {
    return this.#seen;
  }

  /** An item answer named this index. HOT PATH: a comparison, for documents of processes mostly one. */
  saw(index: string): void {
    if (index === this.#names[0] || index === this.#names[1] || index === this.#names[2]) return;
    const stream = BACKING_INDEX.exec(index)?.[1];
    if (stream === undefined) return;
    this.#seen = new Map(this.#seen).set(stream, index);
    this.#names = [...this.#seen.values()];
    this.#store.setNote(NOTE, JSON.stringify(Object.fromEntries(this.#seen)));
  }

  /** An answer that accepted documents came. */
  answered(now: number): void {
    this.#seenAt = now;
  }

  /** Whether a document in doubt that was accepted in `index` cannot also stand in an older one. */
  static isCertain(doubt: Doubt, asked: BackingIndexes, index: string): boolean {
    if (index.endsWith(FIRST_GENERATION)) return true;
    for (const name of doubt.before.values()) if (name === index) return true;
    for (const name of asked.values()) if (name === index) return true;
    return false;
  }

  /** To be called right before a batch with documents in doubt is sent. */
  async settle(batch: Batch, connection: Connection, now: number): Promise<Settled | Unsettled> {
    const doubtful = batch.slices.filter(({ doubt }) => doubt !== undefined && !this.#isKnown(doubt, now));
    if (doubtful.length === 0) return { kind: "settled", found: [], slices: batch.slices, asked: new Map() };
    const asked = new Map<string, string>();
    const found = new Set<string>();
    for (const [stream, byOldest] of groupByStream(doubtful)) {
      const indexes = await backingIndexesOf(stream, connection);
      if (indexes.kind === "unsettled") return indexes;
      if (indexes.names === undefined) continue;
      const complete = await this.#find(byOldest, indexes.names, connection, found);
      if (typeof complete !== "boolean") return complete;
      const writeIndex = indexes.names.at(-1);
      if (complete && writeIndex !== undefined) asked.set(stream, writeIndex);
    }
    return { kind: "settled", ...without(batch.slices, found), asked };
  }

  /** An answer after the doubt arose named the same index: there was no rollover since. */
  #isKnown(doubt: Doubt, now: number): boolean {
    if (this.#seenAt <= doubt.since || now - this.#seenAt > FRESH_MS || this.#seen.size === 0) return false;
    for (const [stream, index] of this.#seen) if (doubt.before.get(stream) !== index) return false;
    return true;
  }

  /** Adds to `found` the ids that stand in an older index. False when a question was not allowed. */
  async #find(
    byOldest: ReadonlyMap<string | undefined, readonly string[]>,
    names: readonly string[],
    connection: Connection,
    found: Set<string>,
  ): Promise<boolean | Unsettled> {
    let complete = true;
    for (const [oldest, ids] of byOldest) {
      const at = oldest === undefined ? -1 : names.indexOf(oldest);
      const candidates = names.slice(at >= 0 ? at : Math.max(0, names.length - 1 - LOOK_BACK), -1);
      if (at < 0 && names.length - 1 > LOOK_BACK) complete = false;
      for (const index of candidates) {
        const reply = await connection.request({
          method: "POST",
          path: `/${encodeURIComponent(index)}/_mget?_source=false&filter_path=docs.found,docs.error.type`,
          body: JSON.stringify({ ids }),
        });
        const docs = documentsFound(reply);
        if (docs === "not allowed") {
          complete = false;
          this.#events.onWarn(
            "cannot_check_duplicates",
            `the data stream was rolled over while answers were lost, and the key may not read ${index}: documents sent again may stand in the index twice; add the privilege "read" on logs-mayfly.*-* to rule that out`,
          );
        } else if (docs === undefined) return { kind: "unsettled", reply };
        else for (const [position, id] of ids.entries()) if (docs[position] === true) found.add(id);
      }
    }
    return complete;
  }
}

function readNote(text: string | undefined): BackingIndexes {
  if (text === undefined) return new Map();
  try {
    return new Map(Object.entries(JSON.parse(text) as Record<string, string>));
  } catch {
    // A damaged note is like none: older indexes are then asked further back.
    return new Map();
  }
}

/** Ids by data stream, and by the index that the stream was last seen to write into before they may have been sent. */
function groupByStream(slices: readonly Slice[]): Map<string, Map<string | undefined, string[]>> {
  const streams = new Map<string, Map<string | undefined, string[]>>();
  for (const { holding, from, to, doubt } of slices)
    for (let at = from; at < to; at++) {
      const { index: stream, id } = actionOf(holding.frame, at);
      const oldest = doubt?.before.get(stream);
      const byOldest = streams.get(stream) ?? new Map<string | undefined, string[]>();
      streams.set(stream, byOldest);
      const ids = byOldest.get(oldest);
      if (ids === undefined) byOldest.set(oldest, [id]);
      else ids.push(id);
    }
  return streams;
}

interface DataStreamsAnswer {
  readonly data_streams?: readonly { readonly indices: readonly { readonly index_name: string }[] }[];
}

interface MgetAnswer {
  readonly docs?: readonly { readonly found?: boolean }[];
}

interface Names {
  readonly kind: "names";
  /** Oldest first, the last is written into; undefined when the key may not see them; empty without a stream. */
  readonly names: readonly string[] | undefined;
}

/** Backing indexes of a stream. Unsettled when the server has no answer to it now. */
async function backingIndexesOf(stream: string, connection: Connection): Promise<Names | Unsettled> {
  const reply = await connection.request({
    method: "GET",
    path: `/_data_stream/${encodeURIComponent(stream)}?filter_path=data_streams.indices.index_name`,
  });
  if (reply.kind === "unanswered" || reply.status === 429 || reply.status >= 500) return { kind: "unsettled", reply };
  if (reply.status === 404) return { kind: "names", names: [] };
  if (reply.status !== 200) return { kind: "names", names: undefined };
  const { data_streams: streams } = (parse(reply.text) ?? {}) as DataStreamsAnswer;
  return { kind: "names", names: streams?.[0]?.indices.map(({ index_name: name }) => name) };
}

/** By position whether a document was found; undefined when there is no answer to it now. */
function documentsFound(reply: Reply): readonly boolean[] | "not allowed" | undefined {
  if (reply.kind === "unanswered" || reply.status === 429 || reply.status >= 500) return undefined;
  if (reply.status !== 200) return "not allowed";
  const { docs } = (parse(reply.text) ?? {}) as MgetAnswer;
  // An index that was deleted meanwhile holds nothing that could be doubled.
  return docs?.map(({ found }) => found === true);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function without(slices: readonly Slice[], ids: ReadonlySet<string>): Pick<Settled, "found" | "slices"> {
  if (ids.size === 0) return { found: [], slices };
  const found: { holding: Holding; documents: number }[] = [];
  const left = new SliceList();
  for (const { holding, from, to, doubt, suspect } of slices) {
    let documents = 0;
    for (let at = from; at < to; at++)
      if (doubt !== undefined && ids.has(actionOf(holding.frame, at).id)) documents++;
      else left.add(holding, at, doubt, suspect);
    if (documents > 0) found.push({ holding, documents });
  }
  return { found, slices: left.slices };
}
