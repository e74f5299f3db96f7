import { bodyOf, type Requester } from "./requester.ts";

/**
 * Elastic's prebuilt rules search `logs-endpoint.events.process-*` and `auditbeat-*`: under these names they see the stream. The
 * filter keeps mayfly's own notes out; it is decided once a shard and costs nothing.
 */
export const ruleAliasNames = ["logs-endpoint.events.process-mayfly", "auditbeat-mayfly"] as const;
const filter = { term: { "data_stream.dataset": "mayfly.process" } };
export const ruleAliases: Readonly<Record<string, { readonly filter: object }>> = Object.fromEntries(
  ruleAliasNames.map((name) => [name, { filter }]),
);

const OF_ELASTIC = "logs-endpoint.events.process-*,auditbeat-*";

interface Resolved {
  readonly data_streams?: readonly { readonly name: string }[];
  readonly indices?: readonly { readonly name: string; readonly data_stream?: string }[];
}

/** Streams and indices that Elastic Defend or Auditbeat writes: the rules look into them already. */
export async function streamsOfElastic(requester: Requester): Promise<readonly string[]> {
  const body = await bodyOf(requester, "GET", `/_resolve/index/${OF_ELASTIC}`, {
    what: "look for streams of Elastic Defend and Auditbeat",
    privilege: `view_index_metadata on ${OF_ELASTIC}`,
  });
  const { data_streams: streams = [], indices = [] } = body as Resolved;
  const plain = indices.filter((index) => index.data_stream === undefined);
  return [...streams, ...plain].map(({ name }) => name);
}

/** Why the aliases are left out. */
export function declined(found: readonly string[]): string {
  return (
    `Elastic's rules see ${found.slice(0, 3).join(", ")} already. With mayfly beside it they would tell each process of a host that has ` +
    "both twice, so the aliases are left out. To have them all the same, stop the other collector and delete its streams."
  );
}
