import type { FileIdentity } from "../../record/record.ts";
import type { Hashes, HashType, NoHashReason } from "./hashes.ts";

/** What the helper is asked for, whatever the file. */
export interface HashBody {
  readonly types: readonly HashType[];
  /** Bytes. */
  readonly maxFileSize: number;
  readonly pid: number;
  readonly mntNs: number;
  /** Whether mntNs is mayfly's own: then the helper's root is one to look below. */
  readonly ownMntNs: boolean;
}

export interface ExecutableBody extends HashBody {
  /** Below the process's root; undefined where no path leads to the file (memfd, deleted). */
  readonly path: string | undefined;
  readonly file: FileIdentity;
}

export interface ScriptBody extends HashBody {
  readonly startTicks: number;
  readonly path: string;
  readonly execMs: number;
  readonly interpreterPath: string | undefined;
  readonly interpreter: FileIdentity;
}

export type HashAnswer =
  | { readonly hashes: Hashes; readonly bytes: number }
  | { readonly reason: NoHashReason; readonly bytes: number };
