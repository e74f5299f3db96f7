/** A file is worth a progress line from this size on: below it is read in a second. Bytes. */
const SHOWN_FROM = 16 * 1024 * 1024;
const EVERY_MS = 200;

/** How far a long file is read, as one line on a terminal that is written over. */
export class Progress {
  readonly #stream: NodeJS.WriteStream;
  #shownAt = Number.NEGATIVE_INFINITY;
  #shown = false;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  show(done: number, all: number): void {
    const now = performance.now();
    if (!this.#stream.isTTY || all < SHOWN_FROM || now - this.#shownAt < EVERY_MS) return;
    this.#shownAt = now;
    this.#shown = true;
    const mib = (bytes: number): string => (bytes / 1024 / 1024).toFixed(0);
    this.#stream.write(`\r\u001b[Kreplaying ${Math.floor((done / all) * 100)} % of ${mib(all)} MiB`);
  }

  clear(): void {
    if (this.#shown) this.#stream.write("\r\u001b[K");
  }
}
