import { type ChildProcess, spawn } from "node:child_process";
import { constants } from "node:os";
import { programPath } from "./checkout.ts";
import { within } from "./deadline.ts";
import { eachLine } from "./lines.ts";

/** A string, or bytes that are no UTF-8. */
export type Bytes = string | { readonly hex: string };

interface Moment {
  readonly seconds: number;
  readonly nanos: number;
}

/** What an image knows of itself; see test/programs/truth.h. */
export interface Self {
  readonly say: "self";
  readonly after: "fork" | "exec";
  readonly role: string;
  readonly made_by: string;
  readonly pid: number;
  readonly ppid: number;
  readonly process_group: number;
  readonly session: number;
  readonly start_ticks: number;
  readonly tty?: { readonly major: number; readonly minor: number };
  readonly exe: Bytes;
  readonly cwd: Bytes;
  readonly script?: Bytes;
  readonly args: readonly Bytes[];
  readonly uid: number;
  readonly euid: number;
  readonly suid: number;
  readonly gid: number;
  readonly egid: number;
  readonly sgid: number;
  /** 16 hexadecimal digits. */
  readonly effective: string;
  readonly permitted: string;
  readonly boot: Moment;
  readonly real: Moment;
}

/** What a parent was told of its child's end by wait4(2). */
export interface Death {
  readonly say: "ended";
  readonly role: string;
  readonly pid: number;
  readonly status: number;
  readonly user_us: number;
  readonly system_us: number;
  readonly max_rss_kib: number;
  readonly minor_faults: number;
  readonly major_faults: number;
  /** 512 bytes each. */
  readonly blocks_in: number;
  readonly blocks_out: number;
  readonly voluntary: number;
  readonly involuntary: number;
  readonly boot: Moment;
  readonly real: Moment;
}

interface Ready {
  readonly say: "ready";
  readonly pids: readonly number[];
}

/** Everything one run of a truth program told. */
export interface Told {
  readonly program: string;
  readonly selves: readonly Self[];
  readonly deaths: readonly Death[];
  /** As wait(2) gives it, of the process that the test started. */
  readonly status: number;
}

/** A running truth program. Its stdin is open: `existing` and `sleepers` wait for the end of it. */
export class Program {
  readonly selves: Self[] = [];
  readonly deaths: Death[] = [];
  /** Of `sleepers`: its children, once all are there. */
  ready: readonly number[] | undefined;
  readonly #name: string;
  readonly #child: ChildProcess;
  readonly #ended: Promise<number>;
  #news: () => void = () => undefined;

  constructor(name: string, args: readonly string[] = [], environment: Record<string, string> = {}) {
    this.#name = [name, ...args].join(" ");
    this.#child = spawn(programPath(name), args, {
      stdio: ["pipe", "pipe", "inherit"],
      env: { ...process.env, ...environment },
    });
    const { stdout } = this.#child;
    if (stdout === null) throw new Error("stdout is a pipe");
    const read = eachLine(stdout, (line) => this.#take(line));
    const exited = new Promise<number>((resolve, reject) => {
      this.#child.on("error", reject);
      this.#child.on("close", (code, signal) => {
        resolve(signal === null ? (code ?? 0) << 8 : constants.signals[signal]);
      });
    });
    this.#ended = Promise.all([exited, read]).then(([status]) => status);
  }

  /** Resolves when it has told what `enough` looks for; throws when it does not within `ms`. */
  async until(enough: (program: Program) => boolean, ms = 10_000): Promise<void> {
    const told = new Promise<void>((resolve) => {
      this.#news = () => {
        if (enough(this)) resolve();
      };
      this.#news();
    });
    await within(told, ms, () => `${this.#name} has not told enough`);
  }

  /** Lets it go on (end of its stdin) and waits for its end. */
  async end(ms = 20_000): Promise<Told> {
    this.#child.stdin?.end();
    try {
      const status = await within(this.#ended, ms, () => `${this.#name} has not ended`);
      if (status === 120 << 8) throw new Error(`${this.#name} could not do what it is for; its stderr says why`);
      return { program: this.#name, selves: this.selves, deaths: this.deaths, status };
    } finally {
      this.kill();
    }
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }

  #take(line: string): void {
    const said = JSON.parse(line) as Self | Death | Ready;
    if (said.say === "self") this.selves.push(said);
    else if (said.say === "ended") this.deaths.push(said);
    else this.ready = said.pids;
    this.#news();
  }
}

/** Runs a truth program to its end. `pauseMs`: how long it waits between two transitions of one process. */
export function runProgram(name: string, args: readonly string[] = [], pauseMs = 0): Promise<Told> {
  return new Program(name, args, { MAYFLY_PAUSE_MS: String(pauseMs) }).end();
}

/** As Node decodes it too: bytes that are no UTF-8 become U+FFFD, one for each maximal part of a character. */
export function text(bytes: Bytes): string {
  return typeof bytes === "string" ? bytes : Buffer.from(bytes.hex, "hex").toString("utf8");
}
