import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { LineSplitter } from "./line_splitter.ts";
import { type HelperAnswer, type HelperRequest, READY } from "./protocol.ts";

/** What a helper process tells while it lives. None is called after `onExit`. */
export interface ChildListener {
  onReady(child: Child): void;
  onAnswer(child: Child, answer: HelperAnswer): void;
  /** Once: it has ended, or never began. */
  onExit(child: Child, reason: string): void;
}

/**
 * A heap of 16 MiB is many times what four files in work take, and keeps it from growing for want of a reason to collect; few threads
 * of V8, because it does nothing that they could help with. Measured: 8 MiB that are the helper's alone, 12 after 4,000 files.
 */
const NODE_OPTIONS = ["--max-old-space-size=16", "--max-semi-space-size=1", "--v8-pool-size=1", "--no-warnings"];

/**
 * One life of the helper process. It never keeps mayfly alive: neither the process nor its pipes hold the event loop once it is ready.
 * In a session of its own, so that Ctrl-C at mayfly's terminal does not reach it: mayfly ends first, or it with mayfly.
 */
export class Child {
  readonly #process: ChildProcessByStdio<Writable, Readable, null>;
  readonly #listener: ChildListener;
  #exited = false;

  /**
   * @param main path of the helper's compiled main file
   * @param threads how many of its file operations can block at once
   */
  constructor(main: string, threads: number, listener: ChildListener) {
    this.#listener = listener;
    this.#process = spawn(process.execPath, [...NODE_OPTIONS, main], {
      cwd: "/",
      detached: true,
      env: { UV_THREADPOOL_SIZE: String(threads) },
      stdio: ["pipe", "pipe", "ignore"],
    });
    this.#process.on("error", (error) => this.#end(error.message));
    this.#process.on("exit", (code, signal) => this.#end(signal ?? `exit code ${code}`));
    const { stdin, stdout } = this.#process;
    // A write to a helper that has just ended; its exit tells.
    stdin.on("error", () => undefined);
    const lines = new LineSplitter((line) => this.#take(line));
    stdout.on("data", (chunk: Buffer) => lines.push(chunk));
    stdout.on("error", () => undefined);
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  send(request: HelperRequest): void {
    this.#process.stdin.write(`${JSON.stringify(request)}\n`);
  }

  /**
   * Kills it and lets go of its pipes. One that sleeps uninterruptibly in a file system ends when that lets it, or never; `onExit`
   * tells, and nobody has to wait for it.
   */
  kill(): void {
    this.#process.kill("SIGKILL");
    this.#process.stdin.destroy();
    this.#process.stdout.destroy();
    this.#process.unref();
  }

  #take(line: string): void {
    if (this.#exited) return;
    if (line === READY) {
      this.#letGo();
      this.#listener.onReady(this);
    } else {
      this.#listener.onAnswer(this, JSON.parse(line) as HelperAnswer);
    }
  }

  #letGo(): void {
    this.#process.unref();
    // Pipes of a child process are sockets, though the types do not say so.
    for (const pipe of [this.#process.stdin, this.#process.stdout] as unknown as { unref?: () => void }[]) {
      pipe.unref?.();
    }
  }

  #end(reason: string): void {
    if (this.#exited) return;
    this.#exited = true;
    this.#listener.onExit(this, reason);
  }
}
