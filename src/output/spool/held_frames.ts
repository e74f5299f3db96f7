import type { Block, BlockPool } from "./blocks.ts";
import type { Frame } from "./frame.ts";
import type { SealedFrame } from "./open_frame.ts";
import type { Segment } from "./segments.ts";
import { backlogOf } from "./segments.ts";

/**
 * A frame in memory. `waiting`: sealed, not written, not to be sent. `live`: to be sent. `taken`: with the delivery.
 * `gone`: done or dropped, its memory is given back.
 */
export interface HeldFrame {
  readonly frame: Frame;
  /** undefined for what was read back. */
  readonly block: Block | undefined;
  state: "waiting" | "live" | "taken" | "gone";
  /** Where it is written; undefined as long as it is not. */
  segment: Segment | undefined;
}

/** The frames in memory, by number, and the queue of the live ones. */
export class HeldFrames {
  readonly #blocks: BlockPool;
  readonly #maxLiveBytes: number;
  readonly #byFirst = new Map<number, HeldFrame>();
  /** In state live, oldest first. */
  #live: HeldFrame[] = [];
  #liveDocuments = 0;
  #liveBytes = 0;

  constructor(blocks: BlockPool, maxLiveBytes: number) {
    this.#blocks = blocks;
    this.#maxLiveBytes = maxLiveBytes;
  }

  get liveDocuments(): number {
    return this.#liveDocuments;
  }

  get liveBytes(): number {
    return this.#liveBytes;
  }

  get liveSince(): number | undefined {
    return this.#live[0]?.frame.since;
  }

  /** When the oldest frame in memory left the hold, ms since the epoch. */
  get since(): number | undefined {
    let oldest: number | undefined;
    for (const { frame } of this.#byFirst.values()) if (!(frame.since >= (oldest ?? Infinity))) oldest = frame.since;
    return oldest;
  }

  get all(): Iterable<HeldFrame> {
    return this.#byFirst.values();
  }

  /** Whether the frame that begins with this document is in memory. */
  has(first: number): boolean {
    return this.#byFirst.has(first);
  }

  hold({ frame, block }: SealedFrame): HeldFrame {
    const held: HeldFrame = { frame, block, state: "waiting", segment: undefined };
    this.#byFirst.set(frame.first, held);
    return held;
  }

  /** It may be sent now. In order: oldest first. */
  show(held: HeldFrame): void {
    if (held.state !== "waiting") return;
    held.state = "live";
    this.#live.push(held);
    this.#liveDocuments += held.frame.count;
    this.#liveBytes += held.frame.body.length;
  }

  /** It stands in `segment` now. */
  written(held: HeldFrame, segment: Segment): void {
    if (held.state === "gone") return;
    held.segment = segment;
    segment.held += held.frame.count;
    if (held.state === "taken") segment.inFlight += held.frame.count;
    this.show(held);
    this.#overflow();
  }

  take(): Frame | undefined {
    const held = this.#live.shift();
    if (held === undefined) return undefined;
    this.#leaveLive(held);
    held.state = "taken";
    if (held.segment !== undefined) held.segment.inFlight += held.frame.count;
    return held.frame;
  }

  /** A frame of the backlog is given to the delivery. */
  readBack(frame: Frame, segment: Segment): void {
    this.#byFirst.set(frame.first, { frame, block: undefined, state: "taken", segment });
    segment.held += frame.count;
    segment.inFlight += frame.count;
  }

  /** The one that this frame was given out as; undefined when it is done already, or never was one of ours. */
  of(frame: Frame): HeldFrame | undefined {
    const held = this.#byFirst.get(frame.first);
    return held?.frame === frame ? held : undefined;
  }

  /** Lets go of a frame that is settled, and of its memory. */
  letGo(held: HeldFrame): void {
    if (held.state === "live") {
      this.#live.splice(this.#live.indexOf(held), 1);
      this.#leaveLive(held);
    }
    this.#forget(held);
  }

  /** Lets go of the live frames of a segment that is dropped. */
  letGoOfLive(segment: Segment): void {
    for (const held of this.#live.filter((live) => live.segment === segment)) this.letGo(held);
  }

  /** The oldest live frames become backlog while there is too much in memory; what is not written cannot. */
  #overflow(): void {
    while (this.#liveBytes > this.#maxLiveBytes) {
      const oldest = this.#live[0];
      const segment = oldest?.segment;
      if (oldest === undefined || segment === undefined) return;
      if (backlogOf(segment) === 0) segment.since = oldest.frame.since;
      this.letGo(oldest);
    }
  }

  #leaveLive(held: HeldFrame): void {
    this.#liveDocuments -= held.frame.count;
    this.#liveBytes -= held.frame.body.length;
  }

  #forget(held: HeldFrame): void {
    const { frame, block, segment, state } = held;
    this.#byFirst.delete(frame.first);
    if (segment !== undefined) segment.held -= frame.count;
    if (segment !== undefined && state === "taken") segment.inFlight -= frame.count;
    if (block !== undefined) this.#blocks.release(block);
    held.state = "gone";
  }
}
