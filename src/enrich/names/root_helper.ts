import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import {
  type RootAnswer,
  type RootLookupSettings,
  type RootReader,
  type RootRequest,
  RootTimeout,
} from "./root_request.ts";

interface Task {
  readonly request: RootRequest;
  readonly resolve: (answer: RootAnswer) => void;
  readonly reject: (reason: Error) => void;
}

/** What comes back from root_child.ts. */
type Message = RootAnswer | { readonly outcome: "failed"; readonly reason: string };

const program = fileURLToPath(new URL("./root_child.js", import.meta.url));

/** Not even SIGKILL ends a process that waits for a disk or a hard NFS mount; so many of them are let be. */
const DYING_MAX = 4;

/**
 * The process that reads the files of other roots, one request at a time. Started with the first request, ended when
 * there was none for a while, killed when one takes too long; the next request starts it again. It has 7 to 14 MiB of its own.
 */
export class RootHelper implements RootReader {
  readonly #settings: RootLookupSettings;
  readonly #timeoutMs: number;
  readonly #idleMs: number;
  readonly #program: string;
  readonly #waiting: Task[] = [];
  #current: Task | undefined;
  #child: ChildProcess | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Helpers that were killed and have not ended. */
  #dying = 0;
  #closed = false;

  /** @param helperProgram what is run; another one in tests */
  constructor(
    settings: RootLookupSettings,
    limits: { readonly timeoutMs: number; readonly idleMs: number },
    helperProgram: string = program,
  ) {
    this.#settings = settings;
    this.#timeoutMs = limits.timeoutMs;
    this.#idleMs = limits.idleMs;
    this.#program = helperProgram;
  }

  /** The helper's pid, while it runs. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  ask(request: RootRequest): Promise<RootAnswer> {
    if (this.#closed) return Promise.reject(new Error("closed"));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ request, resolve, reject });
      this.#next();
    });
  }

  /** Kills the helper; whoever waits is rejected. */
  close(): void {
    this.#closed = true;
    this.#fail(new Error("closed"));
    for (const task of this.#waiting.splice(0)) task.reject(new Error("closed"));
  }

  #next(): void {
    if (this.#current !== undefined || this.#closed) return;
    clearTimeout(this.#timer);
    this.#current = this.#waiting.shift();
    if (this.#current === undefined) {
      this.#timer = setTimeout(() => this.#stop(), this.#idleMs).unref();
      return;
    }
    // The first answer of a new helper includes its start, 40 ms and more on a busy machine.
    const patience = this.#child === undefined ? 2 * this.#timeoutMs : this.#timeoutMs;
    this.#timer = setTimeout(() => this.#fail(new RootTimeout()), patience).unref();
    try {
      this.#child ??= this.#start();
      this.#child.send(this.#current.request);
    } catch (error) {
      this.#fail(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #start(): ChildProcess {
    if (this.#dying >= DYING_MAX) throw new Error(`${this.#dying} helpers cannot be ended`);
    const child = fork(this.#program, [JSON.stringify(this.#settings)], {
      cwd: "/",
      env: {},
      execArgv: ["--max-old-space-size=64", "--max-semi-space-size=1"],
      stdio: ["ignore", "ignore", "ignore", "ipc"],
      // Ctrl-C in the terminal is mayfly's affair.
      detached: true,
    });
    child.unref();
    child.channel?.unref();
    child.on("message", (message: Message) => {
      if (this.#child === child) this.#answered(message);
    });
    const ended = (): void => {
      if (this.#child === child) this.#fail(new Error("the helper ended"));
    };
    child.on("error", ended);
    child.on("exit", ended);
    return child;
  }

  #answered(message: Message): void {
    const task = this.#current;
    this.#current = undefined;
    if (message.outcome === "failed") task?.reject(new Error(message.reason));
    else task?.resolve(message);
    this.#next();
  }

  #fail(reason: Error): void {
    this.#stop();
    const task = this.#current;
    this.#current = undefined;
    task?.reject(reason);
    this.#next();
  }

  #stop(): void {
    clearTimeout(this.#timer);
    const child = this.#child;
    this.#child = undefined;
    if (child?.kill("SIGKILL") === true) {
      this.#dying++;
      child.once("exit", () => this.#dying--);
    }
    if (child?.connected === true) child.disconnect();
  }
}
