import { pathOf } from "./install.ts";
import type { Part } from "./parts.ts";
import type { Grant } from "./roles.ts";

/** One request, as it would be sent. */
export interface PlainRequest {
  readonly method: string;
  readonly path: string;
  readonly body: object;
  readonly why: string;
}

export function requestsOf(parts: readonly Part[]): readonly PlainRequest[] {
  return parts.map((part) => ({
    method: "PUT",
    path: pathOf(part),
    body: part.body,
    why: `${part.kind}: ${part.why}`,
  }));
}

/** As Kibana's Dev Tools take it by copy and paste. */
export function devToolsText(requests: readonly (PlainRequest | Grant)[]): string {
  return requests.map(({ method, path, body, why }) => `# ${why}\n${method} ${path}\n${readable(body)}\n`).join("\n");
}

/** Indented, but what has no objects in it on one line: there are 800 fields. */
function readable(body: object): string {
  const text = JSON.stringify(body, undefined, 2);
  return text.replaceAll(/\{\n\s+([^{}[\]]+?)\n\s+\}/g, (_, inner: string) => `{ ${inner.replaceAll(/\n\s+/g, " ")} }`);
}
