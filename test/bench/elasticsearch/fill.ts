import { Spool } from "../../../src/output/spool/spool.ts";
import type { Namespace } from "../../harness/elasticsearch/namespace.ts";
import { type BodyFile, linesOf } from "./bodies.ts";

/** A real spool is much smaller than what is in it. */
const MAX_BYTES = 8 * 1024 ** 3;
const CLOSE_MS = 30_000;

/** Writes the file's documents into a new spool, as a collector would have that found no server. Returns the bytes that it takes. */
export async function fillSpool(path: string, file: BodyFile, namespace: Namespace): Promise<number> {
  const spool = await Spool.open({
    path,
    processIndex: namespace.processes,
    agentIndex: namespace.notes,
    metricsIndex: `metrics-mayfly.agent-${namespace.name}`,
    lock: () => true,
    maxBytes: MAX_BYTES,
    whenFull: "drop_newest",
  });
  for (const lines of linesOf(file, namespace)) {
    for (const line of lines) spool.writePieces([line], false);
    await spool.commit();
  }
  const { bytes, committed } = spool.stats();
  const closed = await spool.close(CLOSE_MS);
  if (!closed || committed !== file.documents)
    throw new Error(`the spool ${path} took ${committed} of ${file.documents} documents`);
  return bytes;
}
