import { existsSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { fieldKinds } from "../../../ecs/fields/table.ts";
import { nameIn } from "../accounts.ts";
import type { Document } from "../document.ts";
import { fieldNames } from "../field_names.ts";
import { testProcess } from "../life.ts";
import { sha256 } from "../sha256.ts";
import type { Expected } from "./attack.ts";
import {
  Check,
  describeExpectation,
  type Fields,
  has,
  meets,
  oneOf,
  sameAs,
  someNumber,
  someText,
  valueAt,
} from "./field.ts";

/* The documents of one sequence against what is expected of them. */

/** The documents of what one scene started, with all that came of it, in the collector's order. */
export class Family {
  readonly documents: readonly Document[];
  readonly #roots: ReadonlyMap<string, Document>;

  constructor(all: readonly Document[], started: ReadonlySet<number>) {
    const roots = all.filter(
      ({ process }) => started.has(process?.pid ?? 0) && process?.parent?.entity_id === testProcess.entityId,
    );
    // The first of each: later ones are of the same process.
    this.#roots = new Map(roots.toReversed().map((document) => [document.process?.entity_id ?? "", document]));
    this.documents = all.filter((document) => this.rootOf(document) !== undefined);
  }

  /** Which of the started processes it is or comes from. */
  rootOf({ process }: Document): Document | undefined {
    const lineage = [process?.entity_id ?? "", ...(process?.Ext?.ancestry ?? [])];
    return lineage.map((id) => this.#roots.get(id)).find((root) => root !== undefined);
  }

  /** Of the image that is expected, the document of its start. */
  startOf(expected: Expected): Document | undefined {
    const wanted = { "event.type": has("start"), "event.action": has("exec"), ...expected.of };
    return this.documents.find((document) => unmet(document, wanted).length === 0);
  }

  /** Of the same process, the document of its end. */
  endOf({ process }: Document): Document | undefined {
    const isEnd = (one: Document): boolean => meets(one.event?.action, has("end"), one);
    return this.documents.find((one) => one.process?.entity_id === process?.entity_id && isEnd(one));
  }

  toString(): string {
    const lines = this.documents.map(({ event, process }) =>
      JSON.stringify([event?.action, process?.name, process?.args, process?.exit_code, process?.parent?.name]),
    );
    return lines.length === 0 ? "no documents at all" : lines.join("\n");
  }
}

/** What is not as expected; nothing when all is well. */
export function differences(family: Family, expected: Expected): readonly string[] {
  const what = Object.values(expected.of)
    .map((value) => describeExpectation(value))
    .join(", ");
  const start = family.startOf(expected);
  if (start === undefined) return [`no document of ${what} among\n${String(family)}`];
  const found = [
    ...unmet(start, { ...ofEveryStart(start), ...expected.fields }),
    ...unmet(start, { ...aroundEvery(start, family.rootOf(start)), ...expected.context }),
  ];
  if (expected.siblingOf !== undefined) {
    const sibling = family.startOf({ of: expected.siblingOf });
    const parent = sibling?.process?.parent?.entity_id ?? "of a sibling that has no document";
    found.push(...unmet(start, { "process.parent.entity_id": parent }));
  }
  if (expected.end !== undefined) {
    const end = family.endOf(start);
    if (end === undefined) found.push("no document of its end");
    else found.push(...unmet(end, expected.end));
  }
  return found.map((one) => `${what}: ${one}`);
}

/** Names of fields that would fall to a dynamic mapping. */
export function unmapped(documents: readonly Document[]): readonly string[] {
  const names = new Set(documents.flatMap((document) => [...fieldNames(document)]));
  return [...names].filter((name) => !fieldKinds.has(name));
}

function unmet(document: Document, fields: Fields): string[] {
  return Object.entries(fields)
    .filter(([name, expected]) => !meets(valueAt(document, name), expected, document))
    .map(([name, expected]) => {
      const value = JSON.stringify(valueAt(document, name)) ?? "absent";
      return `${name} is ${value}, expected ${describeExpectation(expected)}`;
    });
}

/** What every rule relies on, whatever it looks for. */
function ofEveryStart({ process }: Document): Fields {
  const args = process?.args ?? [];
  return {
    "event.kind": "event",
    "event.category": has("process"),
    "event.id": someText,
    "event.dataset": "mayfly.process",
    "host.os.type": "linux",
    "host.id": someText,
    "agent.id": someText,
    "process.pid": someNumber,
    "process.start": someText,
    "process.name": basename(process?.executable ?? "nothing"),
    "process.args_count": args.length,
    "process.command_line": args.join(" "),
    "process.Ext.ancestry": has(process?.parent?.entity_id ?? "of a parent"),
    "process.parent.pid": someNumber,
    "process.parent.start": someText,
    "process.parent.name": basename(process?.parent?.executable ?? "nothing"),
    "process.parent.command_line": process?.parent?.args?.join(" ") ?? someText,
    "process.user.id": sameAs("user.id"),
    "process.group.id": sameAs("group.id"),
    "process.working_directory": someText,
  };
}

/** What stands around every process of a scene, unless an expectation says otherwise. */
function aroundEvery(document: Document, root: Document | undefined): Fields {
  const { process, user, group } = document;
  const leader = (path: string): Fields => ({
    [`${path}.pid`]: root?.process?.pid ?? someNumber,
    [`${path}.entity_id`]: root?.process?.entity_id ?? someText,
    [`${path}.start`]: root?.process?.start ?? someText,
    [`${path}.same_as_process`]: root?.process?.entity_id === process?.entity_id,
  });
  return {
    ...leader("process.session_leader"),
    ...leader("process.group_leader"),
    "process.entry_leader.entity_id": someText,
    "process.entry_leader.start": someText,
    "process.entry_leader.entry_meta.type": oneOf(
      ...["init", "sshd", "ssm", "container", "terminal", "console", "kthread", "unknown"],
    ),
    "user.name": accountName("/etc/passwd", user?.id),
    "process.user.name": accountName("/etc/passwd", process?.user?.id),
    "process.real_user.name": accountName("/etc/passwd", process?.real_user?.id),
    "group.name": accountName("/etc/group", group?.id),
    "process.group.name": accountName("/etc/group", process?.group?.id),
    "process.hash.sha256": hashOf(process?.executable ?? ""),
  };
}

function accountName(file: string, id: string | undefined): Check | string {
  const name = id === undefined ? undefined : nameIn(file, id);
  return name ?? new Check(`absent: ${file} has no ${id}`, (value) => value === undefined);
}

const hashes = new Map<string, string>();

/** SHA-256 of a file as it is now. A document without it says why. */
export function hashOf(path: string): Check {
  if (!hashes.has(path) && existsSync(path)) {
    hashes.set(path, sha256(path));
  }
  const sum = hashes.get(path);
  const isTold = (document: Document): boolean =>
    document.mayfly?.quality?.some((word) => word.startsWith("hash_")) === true;
  return new Check(`${sum ?? "no hash"}, or absent with the reason`, (value, document) =>
    value === undefined ? isTold(document) : value === sum,
  );
}

/** Before a folder goes: the hashes of the files in it. */
export function rememberHashes(folder: string): void {
  for (const file of readdirSync(folder, { recursive: true, withFileTypes: true }))
    if (file.isFile()) hashOf(join(file.parentPath, file.name));
}
