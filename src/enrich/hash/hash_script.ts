import { readFileSync } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import type { Course } from "../helper/protocol.ts";
import type { HashAnswer, ScriptBody } from "./body.ts";
import { digest } from "./digest.ts";
import { rootsOf } from "./neighbours.ts";
import { find, findDirectory, isExecuted, reasonOf } from "./open_file.ts";
import { walkInside } from "./walk.ts";

const SHEBANG = Buffer.from("#!");

/**
 * Hashes the script that an interpreter was started for. The kernel names its path and has let go of the file by the time of the
 * exec record, so there is no identity to compare. What is found counts as that script when all of this holds:
 *
 * - it stands at that path below the root of the process itself (same pid and start time). Of a process that has ended: below a root
 *   of its mount namespace where the path of the *interpreter* leads to the very file that the kernel executed
 * - every component was looked up inside that root, links too, and not through /proc
 * - it and every link on the way are older than the exec (ctime, which nobody can set): written, replaced or renamed later, it is not
 * - it is a regular file, begins with `#!`, and did not change while it was read
 *
 * Left over: who may rename the script's *directories* can put an older script in its place after the exec; and a write in the same
 * tick of the clock (1 to 10 ms) as the exec is not told from one before it.
 *
 * In the helper process.
 */
export async function hashScript(body: ScriptBody, course: Course): Promise<HashAnswer> {
  try {
    const own = await ownRoot(body);
    if (own !== undefined) return await hashBelow(own, body, course);
    for (const root of rootsOf(body)) {
      if (performance.now() > course.deadline) return { reason: "timeout", bytes: 0 };
      if (await holdsInterpreter(root, body)) {
        return await hashBelow(await findDirectory(root === "" ? "/" : root), body, course);
      }
    }
    return { reason: "gone", bytes: 0 };
  } catch (error) {
    return { reason: reasonOf(error), bytes: 0 };
  }
}

/** The root of the process; undefined when it has ended. A pid cannot come to another process and back to the one that it had. */
async function ownRoot({ pid, startTicks }: ScriptBody): Promise<FileHandle | undefined> {
  let root: FileHandle;
  try {
    root = await findDirectory(`/proc/${pid}/root`);
  } catch {
    return undefined;
  }
  if (startOf(pid) === startTicks) return root;
  await root.close();
  return undefined;
}

/** Field 22 of /proc/PID/stat, counted behind the name, which may hold anything. */
function startOf(pid: number): number | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "latin1");
    return Number(text.slice(text.lastIndexOf(")") + 2).split(" ")[19]);
  } catch {
    return undefined;
  }
}

async function holdsInterpreter(root: string, { interpreterPath, interpreter }: ScriptBody): Promise<boolean> {
  if (interpreterPath === undefined) return false;
  let found: FileHandle | undefined;
  try {
    found = await find(root + interpreterPath);
    return await isExecuted(found, await found.stat({ bigint: true }), interpreter);
  } catch {
    return false;
  } finally {
    await found?.close();
  }
}

/** Closes `root`. */
async function hashBelow(root: FileHandle, body: ScriptBody, course: Course): Promise<HashAnswer> {
  let found: FileHandle | undefined;
  try {
    const end = await walkInside(root, body.path, body.execMs);
    if (typeof end === "string") return { reason: end, bytes: 0 };
    found = end;
    const stat = await found.stat({ bigint: true });
    if (!stat.isFile()) return { reason: "not_regular", bytes: 0 };
    if (Number(stat.ctimeNs) / 1e6 > body.execMs) return { reason: "changed", bytes: 0 };
    return await digest(found, stat, body, course, SHEBANG);
  } finally {
    await found?.close();
    await root.close();
  }
}
