import type { FrameHeader } from "./frame_header.ts";
import { HEADER_BYTES, headerAt, MAGIC } from "./frame_header.ts";

/** A frame whose header is good; whether what is stored is good too is seen when it is decoded. */
export interface FoundFrame {
  readonly header: FrameHeader;
  /** Into the memory of the segment. */
  readonly stored: Buffer;
  /** Where in the segment it ends. */
  readonly endAt: number;
}

/** A stretch that holds no good frame, or document numbers that no frame holds. */
export interface Hole {
  /** Document numbers [first, end) are nowhere. */
  readonly first: number;
  readonly end: number;
  readonly bytes: number;
}

export type Found = { readonly frame: FoundFrame } | { readonly hole: Hole };

/**
 * Walks through the bytes of one segment, whatever they are. After damage it goes on at the next good header that stands
 * there, not where a length says, so it also gets over bytes that were taken out or put in. Every number from the
 * segment's first up to its end is told exactly once, as part of a frame or of a hole.
 */
export class SegmentScan {
  readonly #bytes: Buffer;
  /** One above the segment's last document; undefined when nothing tells. */
  readonly #end: number | undefined;
  /** Where the next header should stand, and the document that it should begin with. */
  #at = 0;
  #expected: number;
  /** Bytes before it were told, as frames or holes. */
  #told = 0;
  #last: FoundFrame | undefined = undefined;
  #lastAt = 0;
  /** End of the documents that a frame which is cut short or damaged claims. */
  #claimed = 0;

  constructor(bytes: Buffer, first: number, end: number | undefined) {
    this.#bytes = bytes;
    this.#expected = first;
    this.#end = end;
  }

  /** The next frame or hole; undefined at the end. */
  next(): Found | undefined {
    const header = this.#headerAt(this.#at) ?? this.#resynchronise();
    if (header === undefined)
      return this.#holeUpTo(this.#bytes.length, this.#end ?? Math.max(this.#expected, this.#claimed));
    const hole = this.#holeUpTo(this.#at, header.first);
    if (hole !== undefined) return hole;
    const from = this.#at + HEADER_BYTES;
    this.#lastAt = this.#at;
    this.#at = this.#told = from + header.storedBytes;
    this.#expected = header.first + header.count;
    this.#last = { header, stored: this.#bytes.subarray(from, this.#at), endAt: this.#at };
    return { frame: this.#last };
  }

  /** What next() gave last is no good frame after all: it becomes part of the hole that comes next. */
  reject(): void {
    if (this.#last === undefined) throw new Error("there is no frame to reject");
    const { header } = this.#last;
    this.#last = undefined;
    this.#told = this.#lastAt;
    this.#expected = header.first;
    this.#claimed = Math.max(this.#claimed, header.first + header.count);
    this.#at = this.#lastAt + 1;
  }

  /** A header that can be true here, with everything that it announces. */
  #headerAt(at: number): FrameHeader | undefined {
    const header = headerAt(this.#bytes, at);
    if (header === undefined || header.first < this.#expected) return undefined;
    if (this.#end !== undefined && header.first + header.count > this.#end) return undefined;
    if (at + HEADER_BYTES + header.storedBytes <= this.#bytes.length) return header;
    this.#claimed = Math.max(this.#claimed, header.first + header.count);
    return undefined;
  }

  /** Moves to the next good header; stays where it is when there is none. */
  #resynchronise(): FrameHeader | undefined {
    for (let at = this.#bytes.indexOf(MAGIC, this.#at); at >= 0; at = this.#bytes.indexOf(MAGIC, at + 1)) {
      const header = this.#headerAt(at);
      if (header === undefined) continue;
      this.#at = at;
      return header;
    }
    return undefined;
  }

  /** What lies between what was told and here. */
  #holeUpTo(at: number, number: number): Found | undefined {
    const hole: Hole = { first: this.#expected, end: Math.max(this.#expected, number), bytes: at - this.#told };
    this.#at = at;
    this.#told = at;
    this.#expected = hole.end;
    return hole.bytes === 0 && hole.first === hole.end ? undefined : { hole };
  }
}
