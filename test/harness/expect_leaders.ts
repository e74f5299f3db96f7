import { basename } from "node:path";
import type { Differences } from "./differences.ts";
import type { Document } from "./document.ts";
import { entityId, procIdentity } from "./identity.ts";
import { type Life, type TestProcess, testProcess } from "./life.ts";
import { type Self, text } from "./program.ts";

/** Of processes below an init that made no session, and of kernel threads: pid 0, the idle task, which is no process. */
const NOBODYS = 0;

/** The leaders of group and session against the numbers that the kernel told the process itself. */
export function leaderDifferences(found: Differences, document: Document, life: Life, self: Self): void {
  const { process } = document;
  for (const [name, pid] of [
    ["group_leader", self.process_group],
    ["session_leader", self.session],
  ] as const) {
    const leader = process?.[name];
    if (pid === NOBODYS) {
      found.compare(`process.${name}`, leader, undefined);
      continue;
    }
    found.compare(`process.${name}.pid`, leader?.pid, pid);
    found.compare(`process.${name}.same_as_process`, leader?.same_as_process, pid === life.pid);
    const known = relative(life, pid);
    if (known !== undefined) {
      found.compare(`process.${name}.entity_id`, leader?.entity_id, known.entityId);
      found.check(`process.${name}.start`, leader?.start, leader?.start !== undefined, "present");
    }
    if (pid !== life.pid) continue;
    found.compare(`process.${name}.executable`, leader?.executable, process?.executable);
    found.compare(`process.${name}.args`, leader?.args, process?.args);
    found.compare(`process.${name}.user.id`, leader?.user?.id, String(self.euid));
    found.compare(`process.${name}.tty`, leader?.tty, process?.tty);
  }
  // A recording begins without those who were there before.
  if (isRecorded()) return;
  const entry = process?.entry_leader;
  found.check("process.entry_leader.entity_id", entry?.entity_id, entry?.entity_id !== undefined, "present");
  found.check(
    "process.entry_leader.entry_meta.type",
    entry?.entry_meta?.type,
    entry?.entry_meta !== undefined,
    "present",
  );
}

/** Of documents with an exec: what ran before, where the process told it. */
export function previousDifferences(
  found: Differences,
  document: Document,
  life: Life,
  before: Self | undefined,
): void {
  const previous = document.process?.previous;
  const isExec = document.mayfly?.transitions?.split("+").includes("exec") === true;
  if (!isExec) found.compare("process.previous", previous, undefined);
  else if (before !== undefined && before.pid === life.pid) {
    const executable = text(before.exe).replace(/ \(deleted\)$/, "");
    found.compare("process.previous.executable", basename(previous?.executable ?? ""), basename(executable));
    found.compare("process.previous.args_count", previous?.args_count, before.args.length);
  }
}

function relative(life: Life, pid: number): Life | TestProcess | undefined {
  let next: Life | TestProcess = life;
  while ("parent" in next && next.pid !== pid) next = next.parent;
  if (next.pid === pid) return next;
  const identity = isRecorded() ? undefined : procIdentity(pid);
  return identity && { role: "test", ...identity, entityId: entityId(identity) };
}

function isRecorded(): boolean {
  return testProcess.pid !== process.pid;
}
