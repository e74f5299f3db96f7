import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { firstOf } from "../../../src/output/spool/segments.ts";
import { atEnd, type Owner } from "../../harness/elasticsearch/at_end.ts";
import { pssOf } from "../usage.ts";

const SAMPLE_MS = 250;

/** Looks at a collector from time to time: its memory, and how its spool's files grow. */
export class Watch {
  /** MiB. */
  peakPss = 0;
  readonly #pid: number;
  readonly #spool: string;
  readonly #timer: NodeJS.Timeout;
  /** The most that each file was seen to take. */
  readonly #sizes = new Map<string, number>();
  readonly #before: number;

  constructor(owner: Owner, pid: number, spool: string) {
    this.#pid = pid;
    this.#spool = spool;
    this.#look();
    this.#before = this.#written();
    this.#timer = setInterval(() => this.#look(), SAMPLE_MS);
    // When the collector is ended because something went wrong, nothing looks at it any more.
    atEnd(owner, () => clearInterval(this.#timer));
  }

  /** Bytes that were written into the spool meanwhile. */
  stop(): number {
    clearInterval(this.#timer);
    this.#look();
    return this.#written() - this.#before;
  }

  #look(): void {
    this.peakPss = Math.max(this.peakPss, pssOf(this.#pid));
    for (const [name, size] of segmentSizes(this.#spool))
      this.#sizes.set(name, Math.max(size, this.#sizes.get(name) ?? 0));
  }

  #written(): number {
    return [...this.#sizes.values()].reduce((sum, size) => sum + size, 0);
  }
}

/** Bytes of a spool's segments by file name. */
export function segmentSizes(spool: string): ReadonlyMap<string, number> {
  const sizes = new Map<string, number>();
  for (const name of readdirSync(spool)) {
    if (firstOf(name) === undefined) continue;
    // A segment may be deleted between the list and the look.
    const size = statSync(join(spool, name), { throwIfNoEntry: false })?.size;
    if (size !== undefined) sizes.set(name, size);
  }
  return sizes;
}
