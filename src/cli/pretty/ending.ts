import type { Exit } from "../../process/lifecycle.ts";
import type { Paint } from "./style.ts";

/** How a process ended, in words. */
export interface Ending {
  /** "" for exit code 0. */
  readonly text: string;
  readonly paint: Paint;
  /** True for a code other than 0 and for every signal. */
  readonly failed: boolean;
}

/** Signals by number on x86-64 and arm64 (signal(7)). Those whose name says more than a word would keep it. */
const WORDS: readonly (string | undefined)[] = [
  undefined,
  "hung up",
  "interrupted",
  "quit",
  "illegal instruction",
  "trapped",
  "aborted",
  "bus error",
  "arithmetic error",
  "killed",
  "SIGUSR1",
  "segfault",
  "SIGUSR2",
  "broken pipe",
  "alarm",
  "terminated",
  "SIGSTKFLT",
  "SIGCHLD",
  "SIGCONT",
  "SIGSTOP",
  "SIGTSTP",
  "SIGTTIN",
  "SIGTTOU",
  "SIGURG",
  "CPU limit",
  "file size limit",
  "SIGVTALRM",
  "SIGPROF",
  "SIGWINCH",
  "SIGIO",
  "power failure",
  "bad system call",
];

const REAL_TIME_FIRST = 34;
const REAL_TIME_LAST = 64;

/** Ends that somebody asked for, or that are the usual end of a pipeline: HUP, INT, PIPE, ALRM, TERM. */
const ASKED_FOR: ReadonlySet<number> = new Set([1, 2, 13, 14, 15]);

const SUCCESS: Ending = { text: "", paint: "plain", failed: false };
const UNSEEN: Ending = { text: "unseen", paint: "yellow", failed: false };

/** An end that was only noticed, not seen (records were lost), is `unseen`: how it ended nobody knows. */
export function endingOf(exit: Exit): Ending {
  if (exit.status === undefined) return UNSEEN;
  return exit.status === 0 ? SUCCESS : failureOf(exit.status);
}

/** `status` as wait(2) gives it. */
function failureOf(status: number): Ending {
  const signal = status & 0x7f;
  if (signal === 0) return { text: `exit ${(status >> 8) & 0xff}`, paint: "red", failed: true };
  const core = (status & 0x80) !== 0 ? " (core)" : "";
  return { text: signalText(signal) + core, paint: ASKED_FOR.has(signal) ? "yellow" : "boldRed", failed: true };
}

function signalText(signal: number): string {
  if (signal >= REAL_TIME_FIRST && signal <= REAL_TIME_LAST) {
    return signal === REAL_TIME_FIRST ? "SIGRTMIN" : `SIGRTMIN+${signal - REAL_TIME_FIRST}`;
  }
  return WORDS[signal] ?? `signal ${signal}`;
}
