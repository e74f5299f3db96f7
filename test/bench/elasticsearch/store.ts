import type { Server } from "../../harness/elasticsearch/server.ts";

interface Stats {
  readonly _all: {
    readonly primaries: {
      readonly docs: { readonly count: number };
      readonly store: { readonly size_in_bytes: number };
    };
  };
}

/** Bytes a document of a data stream's primary shards, after a merge to one segment each. */
export async function bytesOnDisk(server: Server, stream: string): Promise<number> {
  await server.call("POST", `/${stream}/_forcemerge?max_num_segments=1`);
  await server.call("POST", `/${stream}/_flush`);
  await server.refresh(stream);
  const { _all } = (await server.call("GET", `/${stream}/_stats/store,docs`)) as Stats;
  const { docs, store } = _all.primaries;
  return store.size_in_bytes / docs.count;
}
