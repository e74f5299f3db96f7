import { join } from "node:path";
import type { Ranges } from "./ranges.ts";

/** One segment file as far as the spool counts it. Documents and their numbers; bytes on disk. */
export interface Segment {
  /** Number of its first document, and its name. */
  readonly first: number;
  readonly path: string;
  /** One above the number of its last document. */
  end: number;
  /** Good bytes on the disk: the next frame is written behind them. */
  bytes: number;
  /** Documents that are done, dropped or lost. */
  settled: number;
  /** Documents whose frames are in memory: live, or with the delivery. */
  held: number;
  /** Of them, those with the delivery. */
  inFlight: number;
  /** When the oldest document that is only on the disk left the hold, ms since the epoch; a lower bound. */
  since: number;
}

const NAME = /^(\d{16})\.segment$/;

export function segmentPath(folder: string, first: number): string {
  return join(folder, `${String(first).padStart(16, "0")}.segment`);
}

/** Number of the first document of a segment of this name; undefined for other files. */
export function firstOf(name: string): number | undefined {
  const digits = NAME.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

export function emptySegment(folder: string, first: number): Segment {
  const path = segmentPath(folder, first);
  return { first, path, end: first, bytes: 0, settled: 0, held: 0, inFlight: 0, since: 0 };
}

/** Documents that are written and not settled. */
export function undoneOf(segment: Segment): number {
  return segment.end - segment.first - segment.settled;
}

/** Of them, those that stand on the disk only. */
export function backlogOf(segment: Segment): number {
  return undoneOf(segment) - segment.held;
}

/**
 * All segments, oldest first, and which document numbers are settled: done, dropped, or lost to damage. Every number
 * below `end` is either settled or stands undone in one segment.
 */
export class Segments {
  readonly settled: Ranges;
  readonly #list: Segment[] = [];
  #bytes = 0;
  #end: number;

  constructor(settled: Ranges, end: number) {
    this.settled = settled;
    this.#end = end;
  }

  get list(): readonly Segment[] {
    return this.#list;
  }

  /** The newest one. */
  get last(): Segment | undefined {
    return this.#list.at(-1);
  }

  /** Bytes on disk. */
  get bytes(): number {
    return this.#bytes;
  }

  /** One above the highest number that was written. */
  get end(): number {
    return this.#end;
  }

  get undone(): number {
    return this.#list.reduce((sum, segment) => sum + undoneOf(segment), 0);
  }

  get backlog(): number {
    return this.#list.reduce((sum, segment) => sum + backlogOf(segment), 0);
  }

  /** When the oldest document that is only on the disk left the hold, ms since the epoch; a lower bound. */
  get backlogSince(): number | undefined {
    return this.#list.find((segment) => backlogOf(segment) > 0)?.since;
  }

  /** Behind all others. What lies between it and the one before counts to the one before. */
  add(segment: Segment): void {
    const last = this.last;
    if (last === undefined) this.settled.forgetBelow(segment.first);
    else this.extend(last, segment.first, 0);
    this.#list.push(segment);
    this.#bytes += segment.bytes;
    segment.settled = this.settled.within(segment.first, segment.end);
    this.#end = Math.max(this.#end, segment.end);
  }

  /** The last segment now reaches up to document `end`, and has `bytes` more. */
  extend(segment: Segment, end: number, bytes: number): void {
    segment.settled += this.settled.within(segment.end, end);
    segment.end = end;
    segment.bytes += bytes;
    this.#bytes += bytes;
    this.#end = Math.max(this.#end, end);
  }

  /** Documents [first, end) of one segment, or of none yet, are settled. Returns how many were not before. */
  settle(first: number, end: number): number {
    const added = this.settled.add(first, end);
    const segment = this.#at(first);
    if (segment !== undefined) segment.settled += added;
    return added;
  }

  /** Its file is gone. */
  remove(segment: Segment): void {
    const at = this.#list.indexOf(segment);
    if (at < 0) return;
    this.#list.splice(at, 1);
    this.#bytes -= segment.bytes;
    this.settled.forgetBelow(this.#list[0]?.first ?? this.#end);
  }

  /** The segment that holds this document. */
  #at(number: number): Segment | undefined {
    let low = 0;
    let high = this.#list.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#list[middle] as Segment).end <= number) low = middle + 1;
      else high = middle;
    }
    const found = this.#list[low];
    return found !== undefined && found.first <= number ? found : undefined;
  }
}
