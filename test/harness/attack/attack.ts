import type { Fields } from "./field.ts";
import type { Scene } from "./scene.ts";

/** A sequence of commands as an attacker types them, harmless, and what a detection rule reads of it. */
export interface Attack {
  /** What happens, in words. */
  readonly title: string;
  /** The kind of rule that looks for it. */
  readonly rule: string;
  /** Programs without which it cannot be done, by name or path. */
  readonly needs?: readonly string[];
  /** Makes it happen and says which documents tell of it. */
  readonly run: (scene: Scene) => Promise<readonly Expected[]>;
}

/** One image that ran, told by a document of the sequence. */
export interface Expected {
  /** Which document: the one of a start that meets these. */
  readonly of: Fields;
  /** What a rule on it reads. */
  readonly fields?: Fields;
  /** Who and what stands around the process: leaders, names, hashes, packages, environment. */
  readonly context?: Fields;
  /** Another image of the sequence with the same parent: rules join on process.parent.entity_id. */
  readonly siblingOf?: Fields;
  /** How it ended. In the same document or in a later one of the same process. */
  readonly end?: Fields;
}

/** The profiles whose documents rules are written for. */
export const profiles = ["elastic", "transitions"] as const;
