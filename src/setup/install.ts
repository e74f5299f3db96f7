import { isSame } from "./leaves.ts";
import type { Part, PartKind } from "./parts.ts";
import { bodyIfThere, bodyOf, type Purpose, type Requester } from "./requester.ts";

/** `declined` is something that setup leaves as it is, with a reason. */
export type Outcome = "created" | "updated" | "unchanged" | "declined" | "rollover needed";

/** One line of what setup did. */
export interface Step {
  readonly what: string;
  readonly outcome: Outcome;
  readonly note: string;
}

interface Place {
  readonly folder: string;
  readonly privilege: string;
  /** What is there under this name, as it was put, in the answer of GET. */
  readonly present: (body: unknown, name: string) => unknown;
}

const places: Readonly<Record<PartKind, Place>> = {
  "component template": {
    folder: "_component_template",
    privilege: "manage_index_templates (cluster)",
    present: (body) =>
      (body as { component_templates: readonly { component_template: unknown }[] }).component_templates[0]
        ?.component_template,
  },
  "index template": {
    folder: "_index_template",
    privilege: "manage_index_templates (cluster)",
    present: (body) =>
      (body as { index_templates: readonly { index_template: unknown }[] }).index_templates[0]?.index_template,
  },
  "ingest pipeline": {
    folder: "_ingest/pipeline",
    privilege: "manage_ingest_pipelines (cluster)",
    present: (body, name) => (body as Readonly<Record<string, unknown>>)[name],
  },
};

/** Where the part stands in the cluster. */
export function pathOf({ kind, name }: Part): string {
  return `/${places[kind].folder}/${name}`;
}

/** Puts it there unless the same is there already. @throws MayflyError */
export async function install(requester: Requester, part: Part): Promise<Step> {
  const { kind, name, body, why } = part;
  const { privilege, present } = places[kind];
  const purpose: Purpose = { what: `install the ${kind} ${name}`, privilege };
  const answer = await bodyIfThere(requester, pathOf(part), purpose);
  const before = answer === undefined ? undefined : present(answer, name);
  const step = { what: `${kind} ${name}`, note: why };
  if (before !== undefined && isSame(body, before)) return { ...step, outcome: "unchanged" };
  await bodyOf(requester, "PUT", pathOf(part), purpose, body);
  return { ...step, outcome: before === undefined ? "created" : "updated" };
}
