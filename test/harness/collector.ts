import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, createReadStream, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MAYFLY } from "./checkout.ts";
import { within } from "./deadline.ts";
import { type Document, parseDocument } from "./document.ts";
import { eachLine } from "./lines.ts";

import type { ProfileUnderTest } from "./words.ts";

export interface CollectorOptions {
  readonly profile?: ProfileUnderTest;
  /** aggregation.hold; default: that of the collector (1 s). */
  readonly hold?: string;
  /** Whether the start-up scan is made. Default true: without it the parents of what starts are unknown. */
  readonly snapshot?: boolean;
  /** Lines of YAML for its configuration, besides state and hold. */
  readonly config?: string;
  /** A state folder to share with another collector; default: one of its own, removed at the end. */
  readonly state?: string;
  /** "file": stdout goes to a file, read by `eachDocument` after the stop. For storms. Default "memory". */
  readonly into?: "memory" | "file";
}

const START_MS = 20_000;
const STOP_MS = 30_000;

interface Waiter {
  readonly matches: (document: Document) => boolean;
  readonly done: (document: Document) => void;
}

/** The real collector as a child process, watching when `start` resolves. Always `stop` it. */
export class Collector {
  /** In the order of its output. */
  readonly documents: Document[] = [];
  readonly pid: number;
  readonly #child: ChildProcess;
  readonly #folder: string;
  /** Where its stdout goes with `into: "file"`; gone after `kill`. */
  readonly file: string | undefined;
  readonly #byEntity = new Map<string, Document[]>();
  readonly #waiters = new Set<Waiter>();
  readonly #read: Promise<unknown>;
  readonly #exited: Promise<string>;
  #stderr = "";
  /** A test or benchmark that is ended itself leaves nothing behind. */
  readonly #abandoned = (): void => {
    this.#child.kill("SIGKILL");
    rmSync(this.#folder, { recursive: true, force: true });
  };

  static async start(options: CollectorOptions = {}): Promise<Collector> {
    const collector = new Collector(options);
    try {
      await collector.#watching();
    } catch (fault) {
      await collector.kill();
      throw fault;
    }
    return collector;
  }

  private constructor(options: CollectorOptions) {
    this.#folder = mkdtempSync(join(tmpdir(), "mayfly-test-"));
    const config = join(this.#folder, "mayfly.yml");
    writeFileSync(config, configText(options, this.#folder));
    const args = [MAYFLY, "run", "--format", "ndjson", "--config", config];
    if (options.profile !== undefined) args.push("--profile", options.profile);
    if (options.snapshot === false) args.push("--no-snapshot");

    this.file = options.into === "file" ? join(this.#folder, "documents.ndjson") : undefined;
    const out = this.file === undefined ? "pipe" : openSync(this.file, "w");
    this.#child = spawn(process.execPath, args, { stdio: ["ignore", out, "pipe"] });
    if (typeof out === "number") closeSync(out);
    this.pid = this.#child.pid ?? 0;
    process.once("exit", this.#abandoned);
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr += text;
    });
    this.#exited = new Promise((resolve) => {
      this.#child.on("close", (code, signal) => resolve(signal ?? String(code)));
    });
    const stdout = this.#child.stdout;
    this.#read = stdout === null ? Promise.resolve() : eachLine(stdout, (line) => this.#take(parseDocument(line)));
    // Reported by `stop`, which awaits the same promise.
    this.#read.catch(() => undefined);
  }

  /** What it wrote on stderr so far. */
  get stderr(): string {
    return this.#stderr;
  }

  /** The documents of one process, in the order of its output. */
  of(entityId: string): readonly Document[] {
    return this.#byEntity.get(entityId) ?? [];
  }

  /** The first document, present or to come, that matches. */
  async waitFor(matches: (document: Document) => boolean, what: string, withinMs = 10_000): Promise<Document> {
    const present = this.documents.find(matches);
    if (present !== undefined) return present;
    let waiter: Waiter | undefined;
    const arrival = new Promise<Document>((done) => {
      waiter = { matches, done };
      this.#waiters.add(waiter);
    });
    try {
      return await within(arrival, withinMs, () => `no document came for: ${what}; ${this.#situation()}`);
    } finally {
      if (waiter !== undefined) this.#waiters.delete(waiter);
    }
  }

  /** Ends it, as Ctrl-C does by default, and returns all its documents. Throws unless it flushes in time and exits 0. */
  async stop(signal: "SIGINT" | "SIGTERM" = "SIGINT"): Promise<readonly Document[]> {
    try {
      this.#child.kill(signal);
      const status = await within(this.#exited, STOP_MS, () => `it did not end on ${signal}; ${this.#situation()}`);
      await this.#read;
      if (status !== "0") throw new Error(`the collector ended with ${status}; ${this.#situation()}`);
      return this.documents;
    } finally {
      if (this.file === undefined) await this.kill();
    }
  }

  /** With `into: "file"`, after `stop`: every document, one at a time. */
  async eachDocument(take: (document: Document) => void): Promise<void> {
    if (this.file === undefined) throw new Error("only a collector that writes into a file can be read this way");
    await eachLine(createReadStream(this.file, { highWaterMark: 1 << 20 }), (line) => take(parseDocument(line)));
  }

  /** Makes sure that nothing of it is left: process and files. Harmless after `stop`. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#exited;
    process.off("exit", this.#abandoned);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #watching(): Promise<void> {
    const attached = new Promise<void>((resolve) => {
      const look = (): void => {
        if (!this.#stderr.includes("watching")) return;
        this.#child.stderr?.off("data", look);
        resolve();
      };
      this.#child.stderr?.on("data", look);
    });
    const ended = this.#exited.then((status) => {
      throw new Error(`the collector ended with ${status} before it was watching; ${this.#situation()}`);
    });
    await within(Promise.race([attached, ended]), START_MS, () => `it is not watching; ${this.#situation()}`);
  }

  #take(document: Document): void {
    this.documents.push(document);
    const id = document.process?.entity_id;
    if (id !== undefined) {
      const known = this.#byEntity.get(id);
      if (known === undefined) this.#byEntity.set(id, [document]);
      else known.push(document);
    }
    for (const waiter of this.#waiters) if (waiter.matches(document)) waiter.done(document);
  }

  #situation(): string {
    return `${this.documents.length} documents so far; stderr:\n${this.#stderr.slice(-2000)}`;
  }
}

function configText(options: CollectorOptions, folder: string): string {
  const lines = [`state: {path: ${JSON.stringify(options.state ?? join(folder, "state"))}}`];
  if (options.hold !== undefined) lines.push(`aggregation: {hold: ${options.hold}}`);
  if (options.config !== undefined) lines.push(options.config);
  return `${lines.join("\n")}\n`;
}
