import type { Frame } from "../spool/frame.ts";
import type { DocumentStore } from "./document_store.ts";
import { beginning, bytesOf, type Doubt, documentsOf, rest, type Slice } from "./slice.ts";

/** Slices that go out as one request. */
export interface Batch {
  readonly slices: readonly Slice[];
  readonly documents: number;
  readonly bytes: number;
  /** Of its oldest frame, ms since the epoch. */
  readonly since: number;
}

/** How large a batch may be, and of what. */
export interface BatchLimits {
  readonly documents: number;
  readonly bytes: number;
  /** What was sent before may be taken. */
  readonly retry: boolean;
  /** Live frames may be taken. */
  readonly live: boolean;
  /** What is on disk may be taken. */
  readonly backlog: boolean;
  /** Suspects among them at most. */
  readonly suspects: number;
}

/** Of a request while documents wait on disk: with less, more news than that would end up behind the backlog. */
const LIVE_SHARE = 3 / 4;

/** Everything that waits for being sent: what must be sent again first, then live frames and those on disk side by side. */
export class WorkList {
  readonly #store: DocumentStore;
  #retry: Slice[] = [];
  #suspects: Slice[] = [];
  /** Of frames that did not fit into a request whole. */
  #liveRest: Slice | undefined = undefined;
  #backlogRest: Slice | undefined = undefined;
  /** The disk could not be read a moment ago. */
  #unreadable = false;
  /** For frames that an earlier run wrote and perhaps sent; undefined when those are all taken. */
  #earlierRun: Doubt | undefined;

  constructor(store: DocumentStore, earlierRun: Doubt | undefined) {
    this.#store = store;
    this.#earlierRun = earlierRun;
  }

  /** Documents that were sent and are to be sent again, suspects aside. */
  get retryDocuments(): number {
    return documentsOf(this.#retry);
  }

  get suspectDocuments(): number {
    return documentsOf(this.#suspects);
  }

  get liveDocuments(): number {
    return this.#store.liveDocuments + (this.#liveRest === undefined ? 0 : documentsOf([this.#liveRest]));
  }

  get liveBytes(): number {
    return this.#store.liveBytes + (this.#liveRest === undefined ? 0 : bytesOf(this.#liveRest));
  }

  get backlogDocuments(): number {
    return this.#store.backlogDocuments + (this.#backlogRest === undefined ? 0 : documentsOf([this.#backlogRest]));
  }

  /** Whether documents on disk may be had now. */
  get hasBacklog(): boolean {
    return !this.#unreadable && this.backlogDocuments > 0;
  }

  /** The disk may be asked again after it could not be read. */
  tryBacklog(): void {
    this.#unreadable = false;
  }

  /** Documents that wait, wherever. */
  get documents(): number {
    return this.retryDocuments + this.suspectDocuments + this.liveDocuments + this.backlogDocuments;
  }

  sendAgain(slices: readonly Slice[]): void {
    this.#retry.push(...slices);
  }

  suspect(slices: readonly Slice[]): void {
    for (const slice of slices) this.#suspects.push({ ...slice, suspect: true });
  }

  /** The server has taken suspects: what they were rejected for is repaired. */
  clearSuspects(): void {
    for (const slice of this.#suspects) this.#retry.push({ ...slice, suspect: false });
    this.#suspects = [];
  }

  /**
   * The next batch; undefined when nothing may be taken. While documents wait on disk, live ones fill three quarters of a request at
   * most: they overtake, and the backlog still gets shorter. What they leave is the backlog's. Not to be called again before it resolved.
   */
  async take(limits: BatchLimits): Promise<Batch | undefined> {
    const builder = new BatchBuilder(limits);
    this.#suspects = builder.fillFrom(this.#suspects, limits.suspects);
    if (limits.retry) this.#retry = builder.fillFrom(this.#retry, limits.documents);
    const shares = limits.backlog && this.hasBacklog;
    if (limits.live) this.#takeLive(builder, shares ? LIVE_SHARE : 1);
    if (shares) {
      await this.#takeBacklog(builder);
      if (limits.live) this.#takeLive(builder, 1);
    }
    return builder.batch();
  }

  #takeLive(builder: BatchBuilder, share: number): void {
    const { documents, bytes } = builder.room(share);
    const end = { documents: builder.documents + documents, bytes: builder.bytes + bytes };
    while (!builder.isFull(end)) {
      const slice = this.#liveRest ?? this.#whole(this.#store.takeLive());
      if (slice === undefined) return;
      const taken = builder.add(slice, end);
      this.#liveRest = taken === undefined ? slice : rest(slice, taken);
      if (this.#liveRest !== undefined) return;
    }
  }

  async #takeBacklog(builder: BatchBuilder): Promise<void> {
    const end = builder.limits;
    while (!builder.isFull(end)) {
      let slice = this.#backlogRest;
      if (slice === undefined) {
        slice = this.#whole(await this.#store.takeBacklog());
        // Oldest first: what comes to disk after this was written by this run, and not sent.
        if (this.#store.backlogDocuments === 0) this.#earlierRun = undefined;
        if (slice === undefined) {
          this.#unreadable = this.#store.backlogDocuments > 0;
          return;
        }
      }
      const taken = builder.add(slice, end);
      this.#backlogRest = taken === undefined ? slice : rest(slice, taken);
      if (this.#backlogRest !== undefined) return;
    }
  }

  #whole(frame: Frame | undefined): Slice | undefined {
    if (frame === undefined) return undefined;
    const doubt = frame.replayed ? this.#earlierRun : undefined;
    return { holding: { frame, unsettled: frame.count }, from: 0, to: frame.count, doubt, suspect: false };
  }
}

interface Bound {
  readonly documents: number;
  readonly bytes: number;
}

class BatchBuilder {
  readonly limits: BatchLimits;
  readonly #slices: Slice[] = [];
  documents = 0;
  bytes = 0;
  #since = Number.POSITIVE_INFINITY;

  constructor(limits: BatchLimits) {
    this.limits = limits;
  }

  /** This share of the limits, as far as it is not used. */
  room(share: number): Bound {
    return {
      documents: Math.max(
        0,
        Math.min(Math.ceil(this.limits.documents * share), this.limits.documents - this.documents),
      ),
      bytes: Math.max(0, Math.min(Math.ceil(this.limits.bytes * share), this.limits.bytes - this.bytes)),
    };
  }

  isFull(end: Bound): boolean {
    return this.documents >= end.documents || this.bytes >= end.bytes;
  }

  /** Takes the beginning that fits and returns it. A first document goes even when it is larger than the bound: alone. */
  add(slice: Slice, end: Bound): Slice | undefined {
    const head =
      beginning(slice, end.documents - this.documents, end.bytes - this.bytes) ??
      (this.documents === 0 ? { ...slice, to: slice.from + 1 } : undefined);
    if (head === undefined) return undefined;
    this.#slices.push(head);
    this.documents += head.to - head.from;
    this.bytes += bytesOf(head);
    this.#since = Math.min(this.#since, head.holding.frame.since);
    return head;
  }

  /** Takes from the front of a list; returns what remains of it. */
  fillFrom(slices: readonly Slice[], documents: number): Slice[] {
    const end = { documents: Math.min(this.limits.documents, this.documents + documents), bytes: this.limits.bytes };
    let at = 0;
    let left: Slice | undefined;
    while (at < slices.length && left === undefined && !this.isFull(end)) {
      const slice = slices[at] as Slice;
      const head = this.add(slice, end);
      if (head === undefined) break;
      left = rest(slice, head);
      at++;
    }
    return left === undefined ? slices.slice(at) : [left, ...slices.slice(at)];
  }

  batch(): Batch | undefined {
    if (this.documents === 0) return undefined;
    return { slices: this.#slices, documents: this.documents, bytes: this.bytes, since: this.#since };
  }
}
