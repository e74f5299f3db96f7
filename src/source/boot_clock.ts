import { existsSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { BootOffset } from "./clock.ts";

const FILE = "boot-clock.json";

/**
 * The offset boot clock -> wall clock that process.start is made with. The wall clock drifts against the boot clock, so the
 * first offset of a boot is kept in the state folder: process.start is equal in every document, after a restart too.
 * Another mayfly may have fixed it meanwhile; the first one stands.
 * @returns the fixed offset, and a warning when it could not be kept
 */
export function fixBootOffset(
  folder: string,
  bootId: string,
  now: BootOffset,
): { readonly offset: BootOffset; readonly warning: string | undefined } {
  const path = join(folder, FILE);
  const kept = readKept(path, bootId);
  if (kept !== undefined) return { offset: kept, warning: undefined };
  try {
    makeFolder(folder);
    return { offset: keepFirst(path, bootId, now), warning: undefined };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return {
      offset: now,
      warning: `process.start may differ by the drift of the clock after a restart: the state folder cannot be written (${reason}); set state.path`,
    };
  }
}

/** Each turn either finds an offset of this boot or takes a stale file away; more are lost only to as many others. */
const TURNS = 8;

/** link(2) is what only one of several can do; whoever comes second reads what the first one wrote. */
function keepFirst(path: string, bootId: string, now: BootOffset): BootOffset {
  const mine = `${path}.${process.pid}`;
  const stale = `${mine}.stale`;
  writeFileSync(mine, `${JSON.stringify({ boot_id: bootId, ...now })}\n`, { mode: 0o640 });
  try {
    for (let turn = 0; turn < TURNS; turn++) {
      if (isDone(() => linkSync(mine, path), "EEXIST")) return now;
      const kept = readKept(path, bootId);
      if (kept !== undefined) return kept;
      // Of another boot, or damaged. By now another mayfly may have put a good one there: then it goes back.
      if (!isDone(() => renameSync(path, stale), "ENOENT")) continue;
      if (readKept(stale, bootId) !== undefined) isDone(() => linkSync(stale, path), "EEXIST");
    }
    return now;
  } finally {
    rmSync(mine, { force: true });
    rmSync(stale, { force: true });
  }
}

/** False when it failed in the way that another mayfly's work brings about. */
function isDone(change: () => void, expected: string): boolean {
  try {
    change();
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === expected) return false;
    throw error;
  }
}

/**
 * Makes a folder and those above it. Not mkdirSync's `recursive`: Node 20 never comes back from it where a folder cannot
 * hold any (/proc/x).
 * @throws the error of mkdir(2)
 */
export function makeFolder(path: string): void {
  if (existsSync(path)) return;
  if (!existsSync(dirname(path))) makeFolder(dirname(path));
  isDone(() => mkdirSync(path, { mode: 0o750 }), "EEXIST");
}

/** undefined when there is none, it is of another boot, or it is damaged: then it is fixed anew. */
function readKept(path: string, bootId: string): BootOffset | undefined {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
  try {
    const kept = JSON.parse(text) as { boot_id?: unknown; seconds?: unknown; nanos?: unknown };
    if (kept.boot_id !== bootId || !Number.isInteger(kept.seconds) || !Number.isInteger(kept.nanos)) return undefined;
    return { seconds: kept.seconds as number, nanos: kept.nanos as number };
  } catch {
    return undefined;
  }
}
