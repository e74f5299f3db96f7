import { type ChildProcess, spawn } from "node:child_process";
import { AccountLines, type Database } from "./account_lines.ts";
import type { NamesCounters } from "./counters.ts";
import type { GetentSettings } from "./settings.ts";

/** What getent said of the ids it was asked for: `sure` when those that are not in `names` have no name. */
export type GetentAnswer = (ids: readonly number[], names: ReadonlyMap<number, string>, sure: boolean) => void;

const IDS_A_RUN = 64;
/** Of each line; name and id stand in front, a group's members behind. */
const LINE_HEAD_BYTES = 1024;
/** Ends a line that was cut: should the cut be within the id, the zero spoils it. */
const CUT = Buffer.from("\0\n");
/** getent(1): one or more keys were not found. */
const NOT_FOUND = 2;

/**
 * Asks NSS by getent(1), which has every module of the host (LDAP, SSSD, systemd), in a process that can be killed when one of
 * them hangs. One run at a time, for all ids that wait.
 */
export class Getent {
  readonly #database: Database;
  readonly #settings: GetentSettings;
  readonly #counters: NamesCounters;
  readonly #answer: GetentAnswer;
  #waiting: number[] = [];
  #running: Run | undefined;
  #pause: NodeJS.Timeout | undefined;
  #absent: boolean;

  constructor(database: Database, settings: GetentSettings, counters: NamesCounters, answer: GetentAnswer) {
    this.#database = database;
    this.#settings = settings;
    this.#counters = counters;
    this.#answer = answer;
    this.#absent = settings.command === undefined;
  }

  /** There is none: whoever is not in the files has no name. */
  get isAbsent(): boolean {
    return this.#absent;
  }

  /** Returns false when the id will not be asked for: too many wait, or there is no getent. Each id once, until it is answered. */
  ask(id: number): boolean {
    if (this.#absent) return false;
    if (this.#waiting.length >= this.#settings.maxWaiting) {
      this.#counters.getentRefused++;
      return false;
    }
    this.#waiting.push(id);
    this.#schedule(0);
    return true;
  }

  /** Kills what runs; nothing is answered any more. */
  close(): void {
    this.#absent = true;
    this.#waiting = [];
    clearTimeout(this.#pause);
    this.#running?.stop();
    this.#running = undefined;
  }

  /** Starts a run in a moment: whoever is asked for meanwhile joins it. */
  #schedule(ms: number): void {
    if (this.#running !== undefined || this.#waiting.length === 0) return;
    this.#pause ??= setTimeout(() => {
      this.#pause = undefined;
      this.#next();
    }, ms).unref();
  }

  #next(): void {
    const ids = this.#waiting.splice(0, IDS_A_RUN);
    this.#counters.getentRuns++;
    this.#running = new Run(this.#database, ids, this.#settings, (end) => this.#ended(ids, end));
  }

  #ended(ids: readonly number[], end: End): void {
    if (this.#running === undefined) return;
    this.#running = undefined;
    if (end.how === "absent") {
      this.#absent = true;
      this.#counters.getentAbsent = 1;
    } else if (end.how === "timeout") this.#counters.getentTimeouts++;
    else if (end.how === "failed") this.#counters.getentFailures++;
    this.#answer(ids, end.names, end.how === "answered" || end.how === "absent");
    if (end.how === "timeout" || end.how === "absent") this.#refuseWaiting(end.how === "absent");
    this.#schedule(this.#settings.spacingMs);
  }

  /** Whoever stands behind a run that hung would hang as well: nobody waits longer than two runs. */
  #refuseWaiting(sure: boolean): void {
    const ids = this.#waiting;
    if (ids.length === 0) return;
    this.#waiting = [];
    this.#counters.getentRefused += ids.length;
    this.#answer(ids, new Map(), sure);
  }
}

interface End {
  readonly how: "answered" | "timeout" | "failed" | "absent";
  readonly names: ReadonlyMap<number, string>;
}

/** One run of getent. */
class Run {
  readonly #child: ChildProcess;
  readonly #timer: NodeJS.Timeout;
  readonly #heads = new LineHeads();
  readonly #database: Database;
  #ended: ((end: End) => void) | undefined;

  constructor(database: Database, ids: readonly number[], settings: GetentSettings, ended: (end: End) => void) {
    this.#database = database;
    this.#ended = ended;
    // In a group of its own, so that it can be killed with whatever it started.
    this.#child = spawn(settings.command ?? "", [database, ...ids.map(String)], {
      cwd: "/",
      env: { PATH: process.env["PATH"] ?? "/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C" },
      stdio: ["ignore", "pipe", "ignore"],
      detached: true,
    });
    this.#child.unref();
    this.#child.on("error", (error) => this.#end("code" in error && error.code === "ENOENT" ? "absent" : "failed"));
    this.#child.on("close", (code) => this.#end(code === 0 || code === NOT_FOUND ? "answered" : "failed"));
    // There is no stdout when descriptors have run out; the error is told then.
    this.#child.stdout?.on("data", (bytes: Buffer) => {
      this.#heads.add(bytes);
      if (this.#heads.received > settings.maxBytes) this.#end("failed");
    });
    this.#child.stdout?.on("error", () => this.#end("failed"));
    this.#timer = setTimeout(() => this.#end("timeout"), settings.timeoutMs).unref();
  }

  stop(): void {
    this.#ended = undefined;
    this.#end("failed");
  }

  #end(how: End["how"]): void {
    clearTimeout(this.#timer);
    this.#kill();
    this.#child.stdout?.destroy();
    const ended = this.#ended;
    this.#ended = undefined;
    if (ended === undefined) return;
    const names = new Map<number, string>();
    new AccountLines(this.#heads.take(), this.#database, (id, name) => {
      if (!names.has(id)) names.set(id, name);
    }).read(Number.POSITIVE_INFINITY);
    ended({ how, names });
  }

  #kill(): void {
    const { pid, exitCode, signalCode } = this.#child;
    // Reaped: its pid may be another's by now.
    if (pid === undefined || exitCode !== null || signalCode !== null) return;
    try {
      process.kill(-pid, "SIGKILL");
    } catch {
      this.#child.kill("SIGKILL");
    }
  }
}

/** The beginnings of the lines of a stream: a group may have more members than anyone wants in memory. */
class LineHeads {
  readonly #parts: Buffer[] = [];
  #lineBytes = 0;
  /** Bytes of the whole stream. */
  received = 0;

  add(bytes: Buffer): void {
    this.received += bytes.length;
    for (let at = 0; at < bytes.length; ) {
      const newline = bytes.indexOf(10, at);
      const end = newline < 0 ? bytes.length : newline + 1;
      const room = Math.max(0, LINE_HEAD_BYTES - this.#lineBytes);
      const kept = Math.min(end - at, room);
      this.#parts.push(bytes.subarray(at, at + kept));
      if (newline >= 0 && kept < end - at) this.#parts.push(CUT);
      this.#lineBytes = newline < 0 ? this.#lineBytes + kept : 0;
      at = end;
    }
  }

  /** Whole lines only: of one that a kill cut short, the id may lack digits. */
  take(): Buffer {
    const bytes = Buffer.concat(this.#parts);
    return bytes.subarray(0, bytes.lastIndexOf(10) + 1);
  }
}
