import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { programPath } from "../checkout.ts";
import { within } from "../deadline.ts";
import { eachLine } from "../lines.ts";
import { atEnd, type Owner } from "./at_end.ts";
import type { Truth } from "./truth.ts";

export interface WorkloadOptions {
  readonly count: number;
  /** Lives a second. */
  readonly rate: number;
  /**
   * Length of a second argument that is other letters for each life, 65,536 at most: it stands twice in a document, and
   * no compression gets more than a quarter of it away. Default 0: none.
   */
  readonly noise?: number;
}

/** Between these two moments a process lived, from fork to exit; ms since the epoch. */
export interface Span {
  readonly begin: number;
  readonly end: number;
}

/** Spawns processes that do nothing, one after another at a steady rate, each with a token as its only argument. */
export class Workload {
  /** What every token of it begins with. */
  readonly mark: string;
  /** Query DSL: documents about the processes of it, and about nothing else. */
  readonly query: object;
  readonly #child: ChildProcess;
  readonly #pids = new Map<string, number>();
  readonly #spans = new Map<string, Span>();
  readonly #ended: Promise<string>;

  static start(owner: Owner, options: WorkloadOptions): Workload {
    const workload = new Workload(options);
    atEnd(owner, () => void workload.#child.kill("SIGKILL"));
    return workload;
  }

  private constructor({ count, rate, noise = 0 }: WorkloadOptions) {
    this.mark = `life-${randomBytes(5).toString("hex")}`;
    const program = programPath("tiny");
    this.query = {
      bool: { filter: [{ prefix: { "process.args": `${this.mark}.` } }, { term: { "process.executable": program } }] },
    };
    const args = [String(rate), String(count), this.mark, program, String(noise)];
    this.#child = spawn(programPath("numbered"), args, { stdio: ["ignore", "pipe", "inherit"] });
    const { stdout } = this.#child;
    if (stdout === null) throw new Error("stdout is a pipe");
    const read = eachLine(stdout, (line) => this.#take(line));
    const exited = new Promise<string>((resolve, reject) => {
      this.#child.on("error", reject);
      this.#child.on("close", (code, signal) => resolve(signal ?? String(code)));
    });
    this.#ended = Promise.all([exited, read]).then(([status]) => status);
    // Reported by whoever awaits the end.
    this.#ended.catch(() => undefined);
  }

  /** How many have lived so far. */
  get lived(): number {
    return this.#pids.size;
  }

  /** By token. */
  get spans(): ReadonlyMap<string, Span> {
    return this.#spans;
  }

  /** Waits until all have lived. */
  async end(withinMs: number): Promise<Truth> {
    const status = await within(this.#ended, withinMs, () => `the workload has not ended; ${this.lived} have lived`);
    // SIGTERM before its first instruction.
    const unborn = status === "SIGTERM" && this.lived === 0;
    if (status !== "0" && !unborn) throw new Error(`the workload ended with ${status}`);
    return { mark: this.mark, pids: this.#pids };
  }

  /** Stops after the life under way. */
  async stop(): Promise<Truth> {
    this.#child.kill("SIGTERM");
    return this.end(10_000);
  }

  #take(line: string): void {
    const { number, pid, begin, end } = JSON.parse(line) as { number: number; pid: number; begin: number; end: number };
    const token = `${this.mark}.${number}`;
    this.#pids.set(token, pid);
    this.#spans.set(token, { begin: begin / 1000, end: end / 1000 });
  }
}
