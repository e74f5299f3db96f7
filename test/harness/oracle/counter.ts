import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { CHECKOUT } from "../checkout.ts";
import { within } from "../deadline.ts";
import { eachLine } from "../lines.ts";

/** One process as test/oracle/counter.bpf.c counted it. */
export interface CountedProcess {
  readonly pid: number;
  readonly start_ticks: number;
  /** Of itself. */
  readonly forks: number;
  readonly execs: number;
  readonly ends: number;
  readonly children: number;
}

export interface Counts {
  /** Between these moments it counted, in ticks of 10 ms since boot. */
  readonly from_ticks: number;
  readonly to_ticks: number;
  /** Calls that the kernel left out. */
  readonly skipped: number;
  /** Processes for which there was no room. */
  readonly untold: number;
  /** Those whose fork it saw. */
  readonly processes: readonly CountedProcess[];
}

const FOLDER = join(CHECKOUT, "dist", "test", "oracle");
const START_MS = 20_000;
const STOP_MS = 30_000;

/** The counting oracle as a child process; it counts when `start` resolves. It ends with this process, however that ends. */
export class Counter {
  readonly #child: ChildProcess;
  readonly #read: Promise<void>;
  readonly #lines: string[] = [];
  #ready: () => void = () => undefined;

  static async start(): Promise<Counter> {
    const counter = new Counter();
    try {
      const ready = new Promise<void>((resolve) => {
        counter.#ready = resolve;
      });
      const ended = counter.#read.then(() => {
        throw new Error("the counter ended before it was ready; its stderr says why");
      });
      await within(Promise.race([ready, ended]), START_MS, () => "the counter does not count");
      return counter;
    } catch (fault) {
      counter.kill();
      throw fault;
    }
  }

  private constructor() {
    this.#child = spawn(join(FOLDER, "counter"), [join(FOLDER, "counter.bpf.o")], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    const failed = new Promise<never>((_, reject) => this.#child.on("error", reject));
    const { stdout } = this.#child;
    if (stdout === null) throw new Error("stdout is a pipe");
    this.#read = Promise.race([eachLine(stdout, (line) => this.#take(line)), failed]);
    // Reported by `start` and `stop`, which await it.
    this.#read.catch(() => undefined);
  }

  /** Ends the counting and returns what was counted. */
  async stop(): Promise<Counts> {
    try {
      this.#child.stdin?.end();
      await within(this.#read, STOP_MS, () => "the counter has not ended");
      return JSON.parse(this.#lines.join("\n")) as Counts;
    } finally {
      this.kill();
    }
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }

  #take(line: string): void {
    if (line === '{"ready":true}') this.#ready();
    else this.#lines.push(line);
  }
}
