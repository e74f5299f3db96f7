import { maxBodyBytes } from "./presets.ts";

/** Requests in flight at most, and only while more waits than one of them takes. */
const MAX_PARALLEL = 4;
const MIN_DOCUMENTS = 50;
/** Good answers in a row that win one step back. */
const GOOD_IN_A_ROW = 10;
/** Steps from nothing to a full batch. */
const STEPS = 8;

/** How much is asked of the server at once: halves when it says that it is too much, and comes back in steps. */
export class Pace {
  /** Documents of a request at most. */
  documents: number;
  /** Bytes of a body at most. */
  bytes = maxBodyBytes;
  parallel = MAX_PARALLEL;
  readonly #maxDocuments: number;
  /** Just under the smallest body that was answered 413. */
  #maxBytes = maxBodyBytes;
  #good = 0;

  constructor(maxDocuments: number) {
    this.#maxDocuments = maxDocuments;
    this.documents = maxDocuments;
  }

  /** A whole answer without a refusal. */
  good(): void {
    this.#good++;
    if (this.#good < GOOD_IN_A_ROW) return;
    this.#good = 0;
    this.documents = Math.min(this.#maxDocuments, this.documents + Math.ceil(this.#maxDocuments / STEPS));
    this.bytes = Math.min(this.#maxBytes, this.bytes + Math.ceil(this.#maxBytes / STEPS));
    this.parallel = Math.min(MAX_PARALLEL, this.parallel + 1);
  }

  /** 429, or no answer in time: the server has too much to do. */
  refused(): void {
    this.#good = 0;
    this.documents = Math.max(Math.min(MIN_DOCUMENTS, this.#maxDocuments), this.documents >> 1);
    this.parallel = Math.max(1, this.parallel >> 1);
  }

  /** 413 for a body of so many bytes: a limit of the server or of a proxy, which stays. */
  tooLarge(bytes: number): void {
    this.#good = 0;
    this.#maxBytes = Math.min(this.#maxBytes, Math.floor(bytes * 0.9));
    this.bytes = Math.min(this.bytes, bytes >> 1);
  }
}
