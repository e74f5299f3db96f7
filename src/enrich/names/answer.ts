import type { Pid } from "../../record/record.ts";

/** Whose names: a process of this moment. Namespaces by inode, 0 when not known. */
export interface NameScope {
  readonly mntNs: number;
  readonly userNs: number;
  readonly pid: Pid;
}

/** A name; null: known to have none, or not to be found out soon; undefined: not known yet, and being asked for. */
export type NameAnswer = string | null | undefined;
