import { randomBytes } from "node:crypto";
import { askCluster } from "../../../src/setup/cluster.ts";
import { install, pathOf } from "../../../src/setup/install.ts";
import { type Part, partsOf } from "../../../src/setup/parts.ts";
import { settingsOf } from "../../../src/setup/settings.ts";
import { atEnd, type Owner } from "../../harness/elasticsearch/at_end.ts";
import type { Namespace } from "../../harness/elasticsearch/namespace.ts";
import type { Server } from "../../harness/elasticsearch/server.ts";

const defaults = settingsOf({
  expect: undefined,
  retention: undefined,
  ilm: undefined,
  indexMode: undefined,
  rules: false,
  profile: "lifecycle",
});

/**
 * Puts to work for these namespaces alone what `mayfly setup` installs, under names of its own: what the cluster has of mayfly is
 * neither needed nor touched. Removed at the end.
 */
export async function setUpFor(owner: Owner, server: Server, namespaces: readonly Namespace[]): Promise<void> {
  const word = `bench${randomBytes(5).toString("hex")}`;
  const parts = partsOf(defaults, await askCluster(server)).map((part) => own(part, word, namespaces));
  const made: Part[] = [];
  atEnd(owner, async () => {
    // What is in use cannot be removed: streams before their templates, templates before the components that they name.
    for (const namespace of namespaces) await namespace.remove();
    for (const part of made.reverse()) await server.request("DELETE", pathOf(part));
  });
  for (const part of parts) if ((await install(server, part)).outcome === "created") made.push(part);
}

/** The pipeline keeps its name: mayfly says it in its requests. */
function own(part: Part, word: string, namespaces: readonly Namespace[]): Part {
  if (part.kind === "ingest pipeline") return part;
  const text = JSON.stringify(part.body).replaceAll('"mayfly@', `"${word}@`);
  const body = JSON.parse(text) as { index_patterns?: readonly string[]; priority?: number };
  const name = part.name.replace("mayfly", word);
  if (body.index_patterns === undefined) return { ...part, name, body };
  const patterns = namespaces.flatMap((one) =>
    (body.index_patterns ?? []).map((pattern) => pattern.replace(/\*$/, one.name)),
  );
  // Of two templates for one stream the higher one counts; an equal one would be refused.
  return { ...part, name, body: { ...body, index_patterns: patterns, priority: (body.priority ?? 0) + 1 } };
}
