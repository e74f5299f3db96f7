import type { FileHandle } from "node:fs/promises";
import type { Course } from "../helper/protocol.ts";
import type { ExecutableBody, HashAnswer } from "./body.ts";
import { digest } from "./digest.ts";
import type { NoHashReason } from "./hashes.ts";
import { rootsOf } from "./neighbours.ts";
import { find, findBehind, isExecuted, reasonOf } from "./open_file.ts";

/** Last: a service with a mount namespace of its own mostly runs what is below the host's root. */
const OWN_ROOT = "";
/** What is more worth telling comes later. */
const weights: readonly NoHashReason[] = ["gone", "unreadable", "not_regular", "changed"];

/**
 * Hashes the file that a process executes or executed. Whatever way leads to a file, it is only read if it is that one: of the same
 * inode, size, ctime, mtime and, where it can be compared, device. So a path that leads elsewhere by now costs nothing but a stat.
 *
 * In the helper process.
 */
export async function hashExecutable(body: ExecutableBody, course: Course): Promise<HashAnswer> {
  const { path, pid } = body;
  // The process itself: right for deleted, memfd and container files, as long as it lives and has not exec'ed again.
  const own = await hashAt(() => findBehind(`/proc/${pid}/exe`), body, course);
  if (typeof own !== "string") return own;
  // Another file there only says that the process went on, or that its pid is another's.
  let reason: NoHashReason = own === "unreadable" ? own : "gone";
  if (path === undefined) return { reason, bytes: 0 };
  for (const root of new Set([...rootsOf(body), OWN_ROOT])) {
    if (performance.now() > course.deadline) return { reason: "timeout", bytes: 0 };
    const answer = await hashAt(() => find(root + path), body, course);
    if (typeof answer !== "string") return answer;
    if (weights.indexOf(answer) > weights.indexOf(reason)) reason = answer;
  }
  return { reason, bytes: 0 };
}

/** @returns the answer when this is the file; else why this way led nowhere */
async function hashAt(
  findIt: () => Promise<FileHandle>,
  body: ExecutableBody,
  course: Course,
): Promise<HashAnswer | NoHashReason> {
  let found: FileHandle | undefined;
  try {
    found = await findIt();
    const stat = await found.stat({ bigint: true });
    if (!(await isExecuted(found, stat, body.file))) return stat.isFile() ? "changed" : "not_regular";
    return await digest(found, stat, body, course);
  } catch (error) {
    return reasonOf(error);
  } finally {
    await found?.close();
  }
}
