import type { NoteKind } from "../output.ts";
import { noCounts } from "./counters.ts";
import { makeSpoolFolder, unusable } from "./folder.ts";
import type { Frame } from "./frame.ts";
import { MAX_BODY_BYTES } from "./frame_header.ts";
import type { ActionLine } from "./line.ts";
import { actionLine, hasLineHead } from "./line.ts";
import { giveLockBack, takeLock } from "./lock.ts";
import { OpenFrame } from "./open_frame.ts";
import type { FoundSpool } from "./opening.ts";
import { findSpool } from "./opening.ts";
import type { SpoolOptions, SpoolSystem } from "./options.ts";
import { REAL_SYSTEM } from "./options.ts";
import type { SpoolParts } from "./parts.ts";
import { makeParts } from "./parts.ts";
import type { Segments } from "./segments.ts";
import type { SpoolStats } from "./stats.ts";
import { within } from "./within.ts";

/** Part of close()'s time that writing may take; the rest is for saving what is done. */
const WRITING_PART = 3 / 4;

/**
 * What left the hold, on the disk until it is delivered. Documents are encoded into the open frame as they come; the frame
 * is sealed when it is 250 ms old or full, compressed, written, and then live: the delivery takes it from memory. What
 * memory may not hold, and what earlier runs left, is the backlog and is read back.
 *
 * A document number is given once and never again. Whatever becomes of a document (done, dropped, lost to damage), its
 * number ends up in the set of settled ones, and a segment whose numbers are all settled is deleted.
 */
export class Spool {
  /** Set by the delivery: frames have become live. Must not throw. */
  onCommitted: (() => void) | undefined = undefined;

  readonly #options: SpoolOptions;
  readonly #system: SpoolSystem;
  readonly #lock: number;
  readonly #processAction: ActionLine;
  readonly #noteActions: Readonly<Record<NoteKind, ActionLine>>;
  readonly #counters = noCounts();
  readonly #segments: Segments;
  readonly #parts: SpoolParts;
  readonly #open: OpenFrame;
  /** Number of the next document that is sealed. */
  #next: number;
  #ageTimer: NodeJS.Timeout | undefined = undefined;
  #closed: Promise<boolean> | undefined = undefined;

  /**
   * Takes the folder's lock and finds what an earlier run left. Damaged content is told and stepped over.
   * @throws MayflyError SPOOL_LOCKED, CANNOT_WRITE
   */
  static async open(options: SpoolOptions): Promise<Spool> {
    const system = options.system ?? REAL_SYSTEM;
    makeSpoolFolder(options.path);
    const lock = takeLock(options.path, options.lock, system.now());
    try {
      return new Spool(options, system, lock, await findSpool(options.path));
    } catch (cause) {
      giveLockBack(lock);
      throw unusable(options.path, cause);
    }
  }

  private constructor(options: SpoolOptions, system: SpoolSystem, lock: number, found: FoundSpool) {
    this.#options = options;
    this.#system = system;
    this.#lock = lock;
    this.#processAction = actionLine(options.processIndex);
    this.#noteActions = { agent: actionLine(options.agentIndex), metrics: actionLine(options.metricsIndex) };
    this.#next = found.next;
    this.#segments = found.segments;
    this.#parts = makeParts(options, system, found, this.#counters, () => this.onCommitted?.());
    this.#open = this.#parts.open;
    if (found.stateLost) this.#tellStateLost();
    if (found.cut !== undefined) this.#parts.damage.found(found.cut.segment, found.cut.hole);
  }

  /**
   * HOT PATH. Takes one line of dataset mayfly.process in pieces, which begins as line.ts says. Measured until it is written,
   * lines of 3.3 KB that differ in times, ids, pids and arguments, 140 a frame: 3.2 us of CPU a document, of which encoding
   * 0.9, compression 1.3, handing the write to another thread and back 0.6. Bytes on disk a document: 101 at 250 a commit,
   * 118 at 50, 229 at 10, 1,419 alone.
   * @param repeatable an earlier run may have written the same document, under the same id
   * @returns false when it was dropped (and counted)
   */
  writePieces(pieces: readonly string[], repeatable: boolean): boolean {
    return (
      this.#open.append(pieces, repeatable, this.#processAction) ||
      this.#writeAnew(pieces, repeatable, this.#processAction)
    );
  }

  /** Takes one or more whole lines of dataset mayfly.agent. False when one was dropped (and counted). */
  write(text: string, kind: NoteKind = "agent"): boolean {
    const action = this.#noteActions[kind];
    let all = true;
    for (let at = 0; at < text.length; ) {
      const end = text.indexOf("\n", at) + 1 || text.length;
      const line = [text.slice(at, end)];
      if (!hasLineHead(line[0] as string))
        throw new Error(`this line does not begin as line.ts says: ${line[0]?.slice(0, 100)}`);
      all = this.#writeNote(line, action) && all;
      at = end;
    }
    return all;
  }

  /**
   * Seals the open frame. Resolves when all that was handed over before is written, or dropped (and counted), or kept in
   * memory only because the disk refuses.
   */
  commit(): Promise<void> {
    this.#seal();
    return this.#parts.queue.settled();
  }

  /** Documents of frames of this run in memory that were not taken yet, the bytes of their bodies, and Frame.since of the oldest. */
  get liveDocuments(): number {
    return this.#parts.held.liveDocuments;
  }

  get liveBytes(): number {
    return this.#parts.held.liveBytes;
  }

  get liveSince(): number | undefined {
    return this.#parts.held.liveSince;
  }

  /** The oldest live frame. It is the caller's until done(): its body must not be read after that, the memory is used again. */
  takeLive(): Frame | undefined {
    return this.#parts.held.take();
  }

  /** Documents that stand on the disk only and were not taken yet. Damage in them is only known when they are read. */
  get backlogDocuments(): number {
    return this.#segments.backlog;
  }

  /**
   * The oldest frame of the backlog; never one that is live, taken or done. undefined when there is none, or when the rest
   * cannot be read at present: then backlogDocuments is above 0, and asking again after 10 s may help. Never rejects.
   */
  takeBacklog(): Promise<Frame | undefined> {
    return this.#closed === undefined ? this.#parts.backlog.take() : Promise.resolve(undefined);
  }

  /** Every document of a frame that was taken is delivered or in the dead letter file. A second call does nothing. */
  done(frame: Frame): void {
    const { held, queue, state } = this.#parts;
    const mine = held.of(frame);
    if (mine === undefined) return;
    held.letGo(mine);
    this.#counters.done += this.#segments.settle(frame.first, frame.first + frame.count);
    if (mine.segment === undefined) queue.forgetGone();
    state.changed();
  }

  /** A small fact that the delivery kept, in this run or an earlier one. */
  getNote(name: string): string | undefined {
    return this.#parts.state.notes.get(name);
  }

  /** Kept within a second, as what is done is. undefined takes it away. */
  setNote(name: string, value: string | undefined): void {
    const { state } = this.#parts;
    if (state.notes.get(name) === value) return;
    if (value === undefined) state.notes.delete(name);
    else state.notes.set(name, value);
    state.changed();
  }

  /**
   * Takes no more documents, writes what is open, brings it to the medium, saves what is done and gives the lock back.
   * False when that was not possible in `deadlineMs`; what is in memory only is then counted as dropped. Later calls get
   * the first one's answer.
   */
  close(deadlineMs: number): Promise<boolean> {
    this.#closed ??= this.#close(deadlineMs);
    return this.#closed;
  }

  /** SpoolStats.openBytes alone. */
  get openBytes(): number {
    return this.#open.bytes + this.#parts.queue.bytes;
  }

  stats(): SpoolStats {
    const { held, queue, syncing } = this.#parts;
    const segments = this.#segments;
    return {
      ...this.#counters,
      openDocuments: this.#open.documents + queue.documents,
      openBytes: this.openBytes,
      documents: segments.undone,
      bytes: segments.bytes,
      maxBytes: this.#options.maxBytes,
      oldest: earliest([held.since, segments.backlogSince, this.#open.documents > 0 ? this.#open.since : undefined]),
      fault: queue.fault ?? syncing.fault,
    };
  }

  /** A full spool refuses a note that the open frame would take: both would be dropped, and what it tells be lost. */
  #writeNote(line: readonly string[], action: ActionLine): boolean {
    if (this.#refuses(OpenFrame.bound(line, action))) return false;
    return this.#open.append(line, false, action) || this.#writeAnew(line, false, action);
  }

  /** No frame is open, or this one has no room or holds the other kind. */
  #writeAnew(pieces: readonly string[], repeatable: boolean, action: ActionLine): boolean {
    const bytes = OpenFrame.bound(pieces, action);
    if (this.#refuses(bytes)) return false;
    this.#seal();
    this.#open.begin(bytes, repeatable, this.#system.now());
    this.#open.append(pieces, repeatable, action);
    if (this.#open.oversize) this.#seal();
    else this.#ageTimer = setTimeout(() => this.#seal(), this.#options.frameMs ?? 250);
    return true;
  }

  /** Counts the document when it must be dropped. */
  #refuses(bytes: number): boolean {
    const { queue, room } = this.#parts;
    if (this.#closed !== undefined) this.#counters.droppedUnwritable++;
    else if (bytes > MAX_BODY_BYTES) this.#tellTooLong(bytes);
    else if (room.refuses) room.dropped(1);
    else if (queue.full) queue.dropped();
    else return false;
    return true;
  }

  #seal(): void {
    clearTimeout(this.#ageTimer);
    this.#ageTimer = undefined;
    const sealed = this.#open.seal(this.#next);
    if (sealed === undefined) return;
    this.#next += sealed.frame.count;
    this.#parts.queue.push(this.#parts.held.hold(sealed));
  }

  async #close(deadlineMs: number): Promise<boolean> {
    const { queue, syncing, backlog, state } = this.#parts;
    const began = performance.now();
    this.#seal();
    const written = await within(this.#finish(), deadlineMs * WRITING_PART);
    const lost = queue.stop();
    this.#counters.droppedUnwritable += lost;
    syncing.stop();
    backlog.close();
    const saved = await within(state.save(true), deadlineMs - (performance.now() - began));
    state.stop();
    giveLockBack(this.#lock);
    return written === true && saved === true && lost === 0;
  }

  /** Files are closed only behind everything that the kernel was asked for. */
  async #finish(): Promise<boolean> {
    const { queue, syncing, files } = this.#parts;
    await queue.finish();
    const synced = await syncing.now();
    await files.close();
    return synced;
  }

  #tellStateLost(): void {
    const { path, onWarn } = this.#options;
    onWarn?.(
      "spool_state_lost",
      `What was delivered from the spool ${path} is not known (done.json is missing or damaged): all its documents are sent again. Elasticsearch keeps one of each as long as they go to the same index.`,
      { documents: this.#segments.backlog },
    );
  }

  #tellTooLong(bytes: number): void {
    this.#counters.droppedUnwritable++;
    this.#options.onWarn?.(
      "spool_line_too_long",
      `A document of up to ${bytes} bytes is dropped: no request could hold it.`,
      { bytes },
    );
  }
}

function earliest(times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}
