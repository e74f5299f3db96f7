import { atEnd, type Owner } from "./at_end.ts";
import type { Namespace } from "./namespace.ts";
import type { Server } from "./server.ts";

/** What is searched for by the tests; the rest is stored and not indexed. */
const searched = {
  "@timestamp": { type: "date" },
  "process.args": { type: "keyword" },
  "process.executable": { type: "keyword" },
};

/**
 * A template for one namespace, whatever else is installed on the server: it takes floods of large documents at small cost, and
 * refusals come back to the client.
 * @param properties mappings beside those of what compareTruth reads, by field
 */
export async function indexLittle(
  owner: Owner,
  server: Server,
  namespace: Namespace,
  properties?: object,
): Promise<void> {
  const name = `little-${namespace.name}`;
  await server.call("PUT", `/_index_template/${name}`, {
    index_patterns: [`logs-mayfly.*-${namespace.name}`],
    priority: 900,
    data_stream: {},
    template: {
      settings: { number_of_replicas: 0 },
      mappings: { dynamic: false, properties: { ...searched, ...properties } },
      data_stream_options: { failure_store: { enabled: false } },
    },
  });
  atEnd(owner, async () => void (await server.call("DELETE", `/_index_template/${name}`)));
}
