import type { Frame } from "../spool/frame.ts";

/** Backing index by data stream, as item answers named it. Immutable. */
export type BackingIndexes = ReadonlyMap<string, string>;

/** Documents may have been sent by a request whose answer is not known. */
export interface Doubt {
  /** As last seen before that request: it wrote into these or into later ones. */
  readonly before: BackingIndexes;
  /** When the doubt arose, ms since the epoch. */
  readonly since: number;
}

/** A frame that was taken from the store. */
export interface Holding {
  readonly frame: Frame;
  /** Documents that are neither delivered nor in the dead letter file. */
  unsettled: number;
}

/** Neighbouring documents of one frame, at least one. What is not settled is held as slices: nothing is kept for a document. */
export interface Slice {
  readonly holding: Holding;
  readonly from: number;
  /** Exclusive. */
  readonly to: number;
  readonly doubt: Doubt | undefined;
  /** Rejected before, at a time when too many were. */
  readonly suspect: boolean;
}

export function startOf({ holding, from }: Slice): number {
  return from === 0 ? 0 : (holding.frame.ends[from - 1] as number);
}

export function bytesOf(slice: Slice): number {
  return (slice.holding.frame.ends[slice.to - 1] as number) - startOf(slice);
}

export function bodyOf(slice: Slice): Buffer {
  return slice.holding.frame.body.subarray(startOf(slice), slice.holding.frame.ends[slice.to - 1]);
}

export function documentsOf(slices: readonly Slice[]): number {
  return slices.reduce((documents, { from, to }) => documents + to - from, 0);
}

/** The longest beginning within both bounds; undefined when not even its first document fits. */
export function beginning(slice: Slice, documents: number, bytes: number): Slice | undefined {
  const most = Math.min(slice.to, slice.from + documents);
  if (most === slice.to && bytesOf(slice) <= bytes) return slice;
  const { ends } = slice.holding.frame;
  const limit = startOf(slice) + bytes;
  let low = slice.from;
  let high = most;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((ends[middle - 1] as number) <= limit) low = middle;
    else high = middle - 1;
  }
  return low === slice.from ? undefined : { ...slice, to: low };
}

/** What follows a beginning of it. */
export function rest(slice: Slice, head: Slice): Slice | undefined {
  return head.to === slice.to ? undefined : { ...slice, from: head.to };
}

/** Gathers documents that come in order as few slices. */
export class SliceList {
  readonly slices: Slice[] = [];

  add(holding: Holding, at: number, doubt: Doubt | undefined, suspect: boolean): void {
    const last = this.slices.at(-1);
    if (last?.holding === holding && last.to === at && last.doubt === doubt && last.suspect === suspect)
      this.slices[this.slices.length - 1] = { ...last, to: at + 1 };
    else this.slices.push({ holding, from: at, to: at + 1, doubt, suspect });
  }
}

const NEWLINE = 0x0a;

/** Data stream and id of one document, from its action line. For the few that are asked for or told. */
export function actionOf(frame: Frame, at: number): { readonly index: string; readonly id: string } {
  const start = at === 0 ? 0 : (frame.ends[at - 1] as number);
  const line = frame.body.toString("utf8", start, frame.body.indexOf(NEWLINE, start));
  const { create } = JSON.parse(line) as { create: { _index: string; _id: string } };
  return { index: create._index, id: create._id };
}

/** The document's own line, without its newline. */
export function lineOf(frame: Frame, at: number): string {
  const start = at === 0 ? 0 : (frame.ends[at - 1] as number);
  return frame.body.toString("utf8", frame.body.indexOf(NEWLINE, start) + 1, (frame.ends[at] as number) - 1);
}
