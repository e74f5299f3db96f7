import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { programPath } from "../harness/checkout.ts";
import type { Document } from "../harness/document.ts";

/** Asked for, so that no worker ever waits: far more than any machine can. */
const RATE = 10_000_000;
/** Should nobody end it. */
const SECONDS_MOST = 60;
/** A dynamic program: about 2,000 lives a second fill two CPUs, and leave a collector the time to keep up. */
const COMMAND = ["/bin/true", "one-of-a-storm"];

/** Short lives on every CPU, until `end`: one worker a CPU, each in a closed loop. */
export class StormBeside {
  readonly #child: ChildProcess;
  readonly #timer: NodeJS.Timeout;
  #lastPid = 0;
  /** How many times the machine's pids have come round. */
  rounds = 0;
  /** At least so many pids have been given since it began. */
  pids = 0;

  constructor() {
    const workers = ["-p", String(availableParallelism()), "--rate", String(RATE), "--seconds", String(SECONDS_MOST)];
    // A process group of its own: the workers end with it.
    this.#child = spawn(programPath("spawn"), [...workers, ...COMMAND], { detached: true, stdio: "ignore" });
    this.#timer = setInterval(() => this.#look(), 20);
  }

  /** Whether the document tells a whole life of this storm. */
  static isOfStorm({ process, mayfly }: Document): boolean {
    return process?.args?.[1] === COMMAND[1] && mayfly?.transitions === "fork+exec+end";
  }

  /** Throws when it had ended by itself: then there was no storm. */
  async end(): Promise<void> {
    clearInterval(this.#timer);
    const { pid, exitCode, signalCode } = this.#child;
    if (pid === undefined || exitCode !== null || signalCode !== null) throw new Error("the storm was over too early");
    process.kill(-pid, "SIGKILL");
    await once(this.#child, "exit");
  }

  /** The last number in /proc/loadavg is the pid that was given last. */
  #look(): void {
    const lastPid = Number(readFileSync("/proc/loadavg", "latin1").split(" ").at(-1));
    const isRound = lastPid < this.#lastPid;
    if (isRound) this.rounds++;
    if (this.#lastPid > 0) this.pids += isRound ? 0 : lastPid - this.#lastPid;
    this.#lastPid = lastPid;
  }
}
