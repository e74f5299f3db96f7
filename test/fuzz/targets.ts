import { batches } from "./batches.ts";
import { config, state } from "./files.ts";
import { frames } from "./frames.ts";
import { procfs } from "./procfs.ts";
import { recordings } from "./recordings.ts";
import type { Target } from "./target.ts";

/** By name. */
export const targets: Readonly<Record<string, () => Target>> = { batches, recordings, procfs, frames, config, state };
