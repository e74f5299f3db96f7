import type { SpoolCounters } from "./counters.ts";
import { codeOf, reasonOf } from "./folder.ts";
import { encodeFrame } from "./frame_codec.ts";
import type { HeldFrame, HeldFrames } from "./held_frames.ts";
import type { SpoolEvents, SpoolSystem } from "./options.ts";
import type { Room } from "./room.ts";
import type { SegmentFiles } from "./segment_files.ts";
import type { Segment, Segments } from "./segments.ts";

export interface WriteQueueOptions extends SpoolEvents {
  readonly folder: string;
  readonly files: SegmentFiles;
  readonly segments: Segments;
  readonly held: HeldFrames;
  readonly room: Room;
  readonly counters: SpoolCounters;
  readonly maxUnwrittenBytes: number;
  readonly retryMs: number;
  readonly system: SpoolSystem;
  /** Frames have become live. */
  readonly onLive: () => void;
  /** A frame was written. */
  readonly onWritten: () => void;
}

interface Waiter {
  /** Frames that begin before this number. */
  readonly before: number;
  readonly resolve: () => void;
}

/** Why writing fails at present. */
interface WriteFault {
  readonly sentence: string;
  /** counters.droppedUnwritable at its beginning, and when that was. */
  readonly droppedBefore: number;
  readonly since: number;
}

/**
 * Writes sealed frames one at a time, in order. While the disk refuses they are live although they are in memory only, and
 * stay in the queue: when it takes them again they are written after all, unless they are done by then.
 */
export class WriteQueue {
  readonly #options: WriteQueueOptions;
  /** Sealed and not written, oldest first; the first may be in hand of the kernel. */
  #queue: HeldFrame[] = [];
  #bytes = 0;
  #documents = 0;
  #pump: Promise<void> | undefined = undefined;
  #stopped = false;
  #fault: WriteFault | undefined = undefined;
  /** Runs after a failed attempt: until it ends there is no other one. */
  #restTimer: NodeJS.Timeout | undefined = undefined;
  /** counters.droppedUnwritable when too much waited for a disk that is only slow; undefined while it keeps up. */
  #slowSince: number | undefined = undefined;
  #waiters: Waiter[] = [];

  constructor(options: WriteQueueOptions) {
    this.#options = options;
  }

  get documents(): number {
    return this.#documents;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get fault(): string | undefined {
    return this.#fault?.sentence;
  }

  /** No more may wait. */
  get full(): boolean {
    return this.#bytes >= this.#options.maxUnwrittenBytes;
  }

  /** True while the kernel may hold a write. */
  get busy(): boolean {
    return this.#pump !== undefined;
  }

  push(held: HeldFrame): void {
    this.#queue.push(held);
    this.#bytes += held.frame.body.length;
    this.#documents += held.frame.count;
    if (this.#fault !== undefined) this.#show();
    this.#start();
  }

  /** Resolves when all that was pushed is written, dropped, or in memory only because the disk refuses. */
  settled(): Promise<void> {
    const last = this.#queue.at(-1);
    if (last === undefined || this.#fault !== undefined || this.#stopped) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiters.push({ before: last.frame.first + 1, resolve });
    });
  }

  /** What waits may have been settled meanwhile, and needs no room any more. */
  forgetGone(): void {
    // The first may be in hand of the kernel; #next() takes it away.
    this.#queue = this.#queue.filter((held, at) => at === 0 || held.state !== "gone");
    this.#bytes = this.#queue.reduce((sum, { frame }) => sum + frame.body.length, 0);
    this.#documents = this.#queue.reduce((sum, { frame }) => sum + frame.count, 0);
  }

  /** Counts a document that was handed over while `full`. */
  dropped(): void {
    const { counters, folder, maxUnwrittenBytes, onWarn } = this.#options;
    const first = this.#fault === undefined && this.#slowSince === undefined;
    if (this.#fault === undefined) this.#slowSince ??= counters.droppedUnwritable;
    counters.droppedUnwritable++;
    if (!first) return;
    onWarn?.(
      "spool_slow",
      `The disk of the spool ${folder} is too slow: ${maxUnwrittenBytes} bytes wait for it, new documents are dropped.`,
      { waiting: this.#documents },
    );
  }

  /** Resolves when nothing waits, or the disk refused once more. */
  async finish(): Promise<void> {
    await this.#pump;
    if (this.#queue.length === 0) return;
    this.#rested();
    await this.#pump;
  }

  /** Tries no more. Returns the documents that will not be written and are not done. */
  stop(): number {
    this.#stopped = true;
    clearTimeout(this.#restTimer);
    for (const { resolve } of this.#waiters) resolve();
    this.#waiters = [];
    return this.#queue.reduce((sum, held) => sum + (held.state === "gone" ? 0 : held.frame.count), 0);
  }

  #start(): void {
    if (this.#next() === undefined) return;
    this.#pump ??= this.#writeAll();
  }

  async #writeAll(): Promise<void> {
    for (let held = this.#next(); held !== undefined; held = this.#next()) {
      await this.#write(held);
      this.#wake();
    }
    // Here and not in a later turn: what is pushed from now on needs a new one.
    this.#pump = undefined;
  }

  /** What is to be written next; undefined when nothing is, or not now. */
  #next(): HeldFrame | undefined {
    while (this.#queue[0]?.state === "gone") this.#leave();
    return this.#stopped || this.#restTimer !== undefined ? undefined : this.#queue[0];
  }

  async #write(held: HeldFrame): Promise<void> {
    const bytes = encodeFrame(held.frame);
    let segment: Segment | undefined;
    try {
      if (await this.#options.room.make(bytes.length)) segment = await this.#options.files.append(held.frame, bytes);
    } catch (error) {
      this.#failed(error);
      return;
    }
    this.#leave();
    if (segment === undefined) this.#drop(held);
    else this.#written(held, segment);
  }

  #written(held: HeldFrame, segment: Segment): void {
    const { counters, held: frames, onWritten, onLive } = this.#options;
    counters.committed += held.frame.count;
    frames.written(held, segment);
    if (this.#fault !== undefined) this.#recovered(this.#fault);
    if (this.#slowSince !== undefined && this.#queue.length === 0) this.#caughtUp(this.#slowSince);
    onWritten();
    onLive();
  }

  #leave(): void {
    const held = this.#queue.shift();
    if (held === undefined) return;
    this.#bytes -= held.frame.body.length;
    this.#documents -= held.frame.count;
  }

  /** There is no room for it. Its numbers stay unused. What the delivery has from memory is still delivered. */
  #drop(held: HeldFrame): void {
    if (held.state === "taken" || held.state === "gone") return;
    const { segments, room, held: frames } = this.#options;
    const { first, count } = held.frame;
    frames.letGo(held);
    segments.settle(first, first + count);
    room.dropped(count);
  }

  #failed(error: unknown): void {
    const { folder, counters, system, retryMs, maxUnwrittenBytes, onWarn } = this.#options;
    counters.writeErrors++;
    const first = this.#fault === undefined;
    const sentence = `The spool ${folder} cannot be written: ${reasonOf(error)}.`;
    const { droppedBefore = this.#slowSince ?? counters.droppedUnwritable, since = system.now() } = this.#fault ?? {};
    this.#slowSince = undefined;
    this.#fault = { sentence, droppedBefore, since };
    if (!this.#stopped) this.#restTimer = setTimeout(() => this.#rested(), retryMs);
    this.#show();
    if (!first) return;
    onWarn?.(
      "spool_unwritable",
      `${sentence} Documents wait in memory, ${maxUnwrittenBytes} bytes at most; a crash would lose them.`,
      { error: codeOf(error), waiting: this.#documents },
    );
  }

  #recovered(fault: WriteFault): void {
    const { folder, counters, system, onRecover } = this.#options;
    this.#fault = undefined;
    const dropped = counters.droppedUnwritable - fault.droppedBefore;
    const seconds = Math.round((system.now() - fault.since) / 1000);
    onRecover?.(
      "spool_unwritable",
      `The spool ${folder} can be written again after ${seconds} s; ${dropped} documents were dropped, ${this.#documents} still wait.`,
      { seconds, dropped, waiting: this.#documents },
    );
  }

  #caughtUp(droppedBefore: number): void {
    const { folder, counters, onRecover } = this.#options;
    this.#slowSince = undefined;
    const dropped = counters.droppedUnwritable - droppedBefore;
    const message = `The disk of the spool ${folder} keeps up again; ${dropped} documents were dropped.`;
    onRecover?.("spool_slow", message, { dropped });
  }

  /** What waits is sent from memory. */
  #show(): void {
    for (const held of this.#queue) this.#options.held.show(held);
    this.#options.onLive();
  }

  #wake(): void {
    const oldest = this.#queue[0]?.frame.first ?? Number.POSITIVE_INFINITY;
    const woken = this.#waiters.filter(({ before }) => this.#fault !== undefined || oldest >= before);
    if (woken.length === 0) return;
    this.#waiters = this.#waiters.filter((waiter) => !woken.includes(waiter));
    for (const { resolve } of woken) resolve();
  }

  #rested(): void {
    clearTimeout(this.#restTimer);
    this.#restTimer = undefined;
    this.#start();
  }
}
