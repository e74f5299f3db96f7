import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { readAll } from "./upstream.ts";

/** Samples by their name with its labels: `mayfly_documents_total{output="file"}`. */
export type Metrics = ReadonlyMap<string, number>;

/** Asks a server on a unix socket. */
export async function getBySocket(socketPath: string, path: string): Promise<{ status: number; text: string }> {
  const asking = request({ socketPath, path, agent: false });
  asking.end();
  const [answer] = (await once(asking, "response")) as [IncomingMessage];
  return { status: answer.statusCode ?? 0, text: (await readAll(answer)).toString() };
}

/** Reads the text format of Prometheus. Throws on a line that is none of it. */
export function parseMetrics(text: string): Metrics {
  const samples = new Map<string, number>();
  for (const line of text.split("\n")) {
    if (line === "" || line.startsWith("#")) continue;
    const [, name, value] = /^([A-Za-z_:][\w:]*(?:\{.*\})?) (\S+)$/.exec(line) ?? [];
    if (name === undefined || value === undefined) throw new Error(`no line of metrics: ${line}`);
    samples.set(name, value === "+Inf" ? Number.POSITIVE_INFINITY : Number(value));
  }
  return samples;
}
