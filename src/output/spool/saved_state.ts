import { open, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { crc32c } from "./crc32c.ts";
import { codeOf, FILE_MODE } from "./folder.ts";
import type { Range } from "./ranges.ts";

/** What a restart must know beside the segments. */
export interface SavedState {
  /** Number of the next document. */
  readonly next: number;
  /** Documents that are done, dropped or lost, in segments that still exist. */
  readonly settled: readonly Range[];
  readonly notes: Readonly<Record<string, string>>;
}

export const STATE_FILE = "done.json";
const VERSION = 1;

/** The file's first line; the second is its sum. */
interface Written {
  readonly version: number;
  readonly next: number;
  readonly done: readonly (readonly [number, number])[];
  readonly notes: Readonly<Record<string, string>>;
}

/** undefined when there is none; `damaged` when there is one that cannot be believed. */
export async function readState(folder: string): Promise<SavedState | "damaged" | undefined> {
  let text: string;
  try {
    text = await readFile(join(folder, STATE_FILE), "utf8");
  } catch (error) {
    return codeOf(error) === "ENOENT" ? undefined : "damaged";
  }
  const [json = "", sum = ""] = text.split("\n");
  return sum === sumOf(json) ? parse(json) : "damaged";
}

function parse(json: string): SavedState | "damaged" {
  try {
    const { version, next, done, notes } = JSON.parse(json) as Written;
    if (version !== VERSION || !Number.isSafeInteger(next)) return "damaged";
    return { next, settled: done.map(([first, end]) => ({ first, end })), notes: { ...notes } };
  } catch {
    return "damaged";
  }
}

/**
 * Replaces the file as a whole. Without `sync` a power cut may leave the one before or a damaged one: then documents are
 * sent again, which Elasticsearch answers by their ids.
 */
export async function writeState(folder: string, state: SavedState, sync: boolean): Promise<void> {
  const { next, settled, notes } = state;
  const done = settled.map(({ first, end }) => [first, end] as const);
  const json = JSON.stringify({ version: VERSION, next, done, notes } satisfies Written);
  const path = join(folder, STATE_FILE);
  const file = await open(`${path}.new`, "w", FILE_MODE);
  try {
    await file.writeFile(`${json}\n${sumOf(json)}\n`);
    if (sync) await file.datasync();
  } finally {
    await file.close();
  }
  await rename(`${path}.new`, path);
}

/** A flipped digit would pass for a range of documents that are done. */
function sumOf(json: string): string {
  return crc32c(Buffer.from(json)).toString(16);
}
