import { type ChildProcess, spawn } from "node:child_process";
import { MAYFLY } from "../checkout.ts";
import { within } from "../deadline.ts";

/** One line of the collector's log, as log.format json has it. */
export interface LogLine {
  readonly "@timestamp": string;
  readonly "log.level": string;
  readonly message: string;
  /** `code` for messages that may repeat. */
  readonly mayfly?: Readonly<Record<string, unknown>>;
}

/** How a run ended. */
export interface Ending {
  /** Exit code as text, or the name of the signal. */
  readonly status: string;
  /** ms from the signal to the end. */
  readonly took: number;
}

const START_MS = 30_000;

/** One life of the collector's process. */
export class ShipperRun {
  readonly pid: number;
  /** The lines of standard error that are JSON, in their order. */
  readonly log: LogLine[] = [];
  /** All of standard error. */
  stderr = "";
  /** Undefined while it runs. */
  status: string | undefined;
  readonly #child: ChildProcess;
  readonly #exited: Promise<string>;
  #rest = "";
  #onLine: () => void = () => undefined;
  /** A test that is ended itself leaves nothing behind. */
  readonly #abandoned = (): void => void this.#child.kill("SIGKILL");

  /** @param args of mayfly */
  constructor(args: readonly string[], environment: Readonly<Record<string, string>>) {
    const env = { ...process.env, ...environment };
    this.#child = spawn(process.execPath, [MAYFLY, ...args], { stdio: ["ignore", "ignore", "pipe"], env });
    this.pid = this.#child.pid ?? 0;
    process.once("exit", this.#abandoned);
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => this.#take(text));
    this.#exited = new Promise((resolve) => {
      this.#child.on("error", (fault) => this.#end(String(fault), resolve));
      this.#child.on("close", (code, signal) => this.#end(signal ?? String(code), resolve));
    });
  }

  /** Resolves once it says so; throws with what it said when it ends before, or in time does neither. */
  async watching(): Promise<void> {
    const attached = new Promise<void>((resolve) => {
      this.#onLine = () => {
        if (this.log.some(({ message }) => message.startsWith("watching"))) resolve();
      };
      this.#onLine();
    });
    const ended = this.#exited.then((status) => {
      throw new Error(`the collector ended with ${status} before it was watching; stderr:\n${this.stderr}`);
    });
    await within(Promise.race([attached, ended]), START_MS, () => `it is not watching; stderr:\n${this.stderr}`);
  }

  async end(signal: NodeJS.Signals, withinMs: number): Promise<Ending> {
    const began = performance.now();
    this.#child.kill(signal);
    const status = await within(
      this.#exited,
      withinMs,
      () => `it has not ended on ${signal}; stderr:\n${this.stderr.slice(-3000)}`,
    );
    return { status, took: performance.now() - began };
  }

  /** kill -9. Harmless when it has ended. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#exited;
  }

  #end(status: string, tell: (status: string) => void): void {
    this.status = status;
    process.off("exit", this.#abandoned);
    tell(status);
  }

  #take(text: string): void {
    this.stderr += text;
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) if (line.startsWith("{")) this.log.push(JSON.parse(line) as LogLine);
    this.#onLine();
  }
}
