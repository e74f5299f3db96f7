import type { Pid, TaskRef, Ticks } from "../record/record.ts";
import type { Process } from "./process.ts";

/** Ends remembered, to tell a second record of one end from the end of a process that was never seen. A power of two. */
const ENDED_REMEMBERED = 4096;

/**
 * The living processes by pid. A pid alone names nobody: every look-up gives the start ticks too, and an entry of other ticks
 * is another process whose end was lost.
 */
export class ProcessTable {
  readonly #byPid = new Map<Pid, Process>();
  readonly #endedPids = new Int32Array(ENDED_REMEMBERED);
  readonly #endedTicks = new Float64Array(ENDED_REMEMBERED);
  #endedAt = 0;

  get size(): number {
    return this.#byPid.size;
  }

  get(pid: Pid, ticks: Ticks): Process | undefined {
    const found = this.#byPid.get(pid);
    return found !== undefined && found.identity.startTicks === ticks ? found : undefined;
  }

  find(ref: TaskRef): Process | undefined {
    return this.get(ref.pid, ref.startTicks);
  }

  /** Whoever has this pid in the table, dead or alive. */
  holder(pid: Pid): Process | undefined {
    return this.#byPid.get(pid);
  }

  add(process: Process): void {
    this.#byPid.set(process.identity.pid, process);
  }

  /** The process has ended. */
  remove(process: Process): void {
    this.#byPid.delete(process.identity.pid);
    this.noteEnd(process.identity.pid, process.identity.startTicks);
  }

  noteEnd(pid: Pid, ticks: Ticks): void {
    this.#endedPids[this.#endedAt] = pid;
    this.#endedTicks[this.#endedAt] = ticks;
    this.#endedAt = (this.#endedAt + 1) & (ENDED_REMEMBERED - 1);
  }

  /** Whether the end of this process was among the last ones. Asked only for processes that are not in the table: rare. */
  hasEnded(pid: Pid, ticks: Ticks): boolean {
    for (let i = 0; i < ENDED_REMEMBERED; i++)
      if (this.#endedPids[i] === pid && this.#endedTicks[i] === ticks) return true;
    return false;
  }

  values(): IterableIterator<Process> {
    return this.#byPid.values();
  }

  /** The oldest entry, in the order processes were added. */
  oldest(): Process | undefined {
    return this.#byPid.values().next().value;
  }
}
