import { basename } from "node:path";
import type { Differences } from "./differences.ts";
import type { Document } from "./document.ts";
import { type Life, type TestProcess, testImage } from "./life.ts";
import { type Self, text } from "./program.ts";

/** process.parent against the parent as it was when it forked this process. */
export function parentDifferences(found: Differences, document: Document, life: Life): void {
  const parent = document.process?.parent;
  found.compare("process.parent.pid", parent?.pid, life.parent.pid);
  found.compare("process.parent.entity_id", parent?.entity_id, life.parent.entityId);
  const { executable, args, workingDirectory } = imageAtFork(life.parent, life);
  found.compare("process.parent.executable", parent?.executable, executable);
  found.compare("process.parent.name", parent?.name, basename(executable));
  found.compare("process.parent.args_count", parent?.args_count, args.length);
  // A copy in the child is cut at 4 KiB.
  if (Buffer.byteLength(args.join(" ")) <= 4096) {
    found.compare("process.parent.args", parent?.args, args);
    found.compare("process.parent.command_line", parent?.command_line, args.join(" "));
  }
  if (workingDirectory !== undefined) {
    found.compare("process.parent.working_directory", parent?.working_directory, workingDirectory);
  }
  found.check("process.parent.start", parent?.start, parent?.start !== undefined, "present");
}

interface ParentImage {
  readonly executable: string;
  readonly args: readonly string[];
  /** undefined: not compared. A parent that never ran exec inherited its image. */
  readonly workingDirectory: string | undefined;
}

function imageAtFork(parent: Life | TestProcess, child: Life): ParentImage {
  if (!("parent" in parent)) return { ...testImage, workingDirectory: undefined };
  const first = child.selves[0];
  const before = parent.selves.filter((self) => first === undefined || nanosOf(self) <= nanosOf(first));
  const self = before.at(-1);
  if (self === undefined) throw new Error(`${parent.role} told nothing before it made ${child.role}`);
  return {
    executable: text(self.exe).replace(/ \(deleted\)$/, ""),
    args: self.args.map(text),
    workingDirectory: self.after === "exec" ? text(self.cwd) : undefined,
  };
}

function nanosOf({ boot }: Self): bigint {
  return BigInt(boot.seconds) * 1_000_000_000n + BigInt(boot.nanos);
}
