import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { CHECKOUT } from "./checkout.ts";
import type { ProcIdentity } from "./identity.ts";
import type { Told } from "./program.ts";

/*
 * test/recordings/KERNEL/MECHANISM.mayfly holds what the kernel told of one run of a truth program, MECHANISM.json what the
 * program told of itself and which documents were expected of it then: programs may change, recordings stay.
 */

export const RECORDINGS = join(CHECKOUT, "test", "recordings");

/** In recordings the host has no name: these stand for its ids. */
export const RECORDED_HOST = {
  machineId: "0123456789abcdef0123456789abcdef",
  bootId: "00000000-0000-4000-8000-000000000000",
} as const;

/** The process that started the program, as `process.parent` of `main` has it. */
export interface RecordedStarter extends ProcIdentity {
  readonly executable: string;
  readonly args: readonly string[];
  /** Its parent, of which the recording says nothing more. */
  readonly parent: ProcIdentity;
}

export interface RecordedTruth {
  /** PATIENCE where it was made: 1 on real processors. */
  readonly patience: number;
  /** Between two transitions of one process. */
  readonly pauseMs: number;
  /** Documents by role, as in the program's opening comment. */
  readonly together: Readonly<Record<string, readonly string[]>>;
  readonly apart: Readonly<Record<string, readonly string[]>>;
  readonly starter: RecordedStarter;
  readonly told: Told;
}

export interface Recorded {
  /** Below RECORDINGS, without `.mayfly`: `6.18/exec_chain`. */
  readonly name: string;
  readonly file: string;
  readonly truth: RecordedTruth;
}

export function recordings(): readonly Recorded[] {
  return filesOfRecordings()
    .filter((file) => file.endsWith(".mayfly"))
    .map((file) => {
      const truth = readFileSync(join(RECORDINGS, file.replace(/\.mayfly$/, ".json")), "utf8");
      const name = file.replace(/\.mayfly$/, "");
      return { name, file: join(RECORDINGS, file), truth: JSON.parse(truth) as RecordedTruth };
    });
}

/** Paths below RECORDINGS. */
export function filesOfRecordings(): readonly string[] {
  const entries = readdirSync(RECORDINGS, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(RECORDINGS.length + 1))
    .sort();
}
