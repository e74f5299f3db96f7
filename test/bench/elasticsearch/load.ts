import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { ingestPipeline } from "../../../src/output/elasticsearch/courier.ts";
import type { Server } from "../../harness/elasticsearch/server.ts";
import type { BodyFile } from "./bodies.ts";

const LOADER = fileURLToPath(new URL("loader.js", import.meta.url));
/** What mayfly asks of an answer is more than this: every item's status and index. */
const PATH = `/_bulk?require_data_stream=true&filter_path=errors&pipeline=${ingestPipeline}`;
/** Requests under way, each tried. */
const PARALLEL = [1, 2, 4];
const SLOWEST_PER_SECOND = 200;

const run = promisify(execFile);

/** Documents a second, from the first answer to the last. Sends whole requests, until there are so many documents. */
export async function load(server: Server, file: BodyFile, documents: number, parallel: number): Promise<number> {
  const args = [LOADER, `${server.url}${PATH}`, file.path, String(documents), String(parallel)];
  const timeout = Math.ceil(30 + documents / SLOWEST_PER_SECOND) * 1000;
  const { stdout } = await run(process.execPath, args, { timeout, killSignal: "SIGKILL" });
  return (JSON.parse(stdout) as { rate: number }).rate;
}

/**
 * With how many requests at a time the loader is fastest on this machine.
 * @param clear takes away what was loaded
 */
export async function bestParallel(
  server: Server,
  file: BodyFile,
  documents: number,
  clear: () => Promise<void>,
): Promise<number> {
  const rates = new Map<number, number>();
  // The first is for the server's JIT.
  await load(server, file, documents, Math.max(...PARALLEL));
  for (const parallel of PARALLEL) {
    await clear();
    rates.set(parallel, await load(server, file, documents, parallel));
  }
  await clear();
  const [best] = [...rates].sort((a, b) => b[1] - a[1])[0] ?? [1];
  return best;
}
