import type { Owner } from "../../harness/elasticsearch/at_end.ts";

/** Owns what the benchmark opens: it is closed when the benchmark is over, and when it is interrupted. */
export class Ending implements Owner {
  readonly #closers: (() => Promise<void>)[] = [];
  #over: Promise<void> | undefined = undefined;

  constructor() {
    for (const [signal, status] of [
      ["SIGINT", 130],
      ["SIGTERM", 143],
    ] as const)
      process.on(signal, () => void this.over().finally(() => process.exit(status)));
  }

  after(close: () => Promise<void>): void {
    this.#closers.push(close);
  }

  over(): Promise<void> {
    this.#over ??= this.#close();
    return this.#over;
  }

  async #close(): Promise<void> {
    for (const close of this.#closers.splice(0)) await close();
  }
}
