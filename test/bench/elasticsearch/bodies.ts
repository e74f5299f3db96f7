import { createHash } from "node:crypto";
import { closeSync, openSync, readFileSync, readSync, writeFileSync, writeSync } from "node:fs";
import { maxBodyBytes, presets } from "../../../src/output/elasticsearch/presets.ts";
import { LINE_START, TIME_BYTES } from "../../../src/output/spool/line.ts";
import type { Namespace } from "../../harness/elasticsearch/namespace.ts";

/** One request's body in the file. */
export interface BodyPlace {
  readonly offset: number;
  readonly bytes: number;
  readonly documents: number;
}

/** Bodies of bulk requests in a file, as large as mayfly makes them. */
export interface BodyFile {
  readonly path: string;
  readonly places: readonly BodyPlace[];
  readonly documents: number;
  /** data_stream.namespace of the documents, and what they are sent to. */
  readonly namespace: string;
}

const TIME_AT = LINE_START.length;
/** The newest is older than all bounds of the lag's histogram: so a backlog is told from what is live. */
const NEWEST_AGE_MS = 2 * 3600_000;

/**
 * So many documents from fewer real lines of one host: the same again with other ids, entity ids and times, as if the host had
 * gone on doing what it did.
 */
export function writeBodies(
  path: string,
  { name: namespace, processes }: Namespace,
  lines: readonly string[],
  documents: number,
): BodyFile {
  const places: BodyPlace[] = [];
  const fd = openSync(path, "w");
  try {
    let offset = 0;
    for (const { text, count } of requests(processes, anew(lines, documents, namespace))) {
      const body = Buffer.from(text);
      writeSync(fd, body);
      places.push({ offset, bytes: body.length, documents: count });
      offset += body.length;
    }
  } finally {
    closeSync(fd);
  }
  const file = { path, places, documents, namespace };
  writeFileSync(placesPath(path), JSON.stringify(file));
  return file;
}

export function readPlaces(path: string): BodyFile {
  return JSON.parse(readFileSync(placesPath(path), "utf8")) as BodyFile;
}

/** The documents' own lines of each request, with their newlines, as if they were of another namespace. */
export function* linesOf({ path, places, namespace }: BodyFile, other: Namespace): Generator<readonly string[]> {
  const fd = openSync(path, "r");
  try {
    for (const { offset, bytes } of places) {
      const body = Buffer.allocUnsafe(bytes);
      readSync(fd, body, 0, bytes, offset);
      const lines = body.toString().split("\n");
      yield lines
        .filter((_, at) => at % 2 === 1)
        .map((line) => `${line}\n`.replace(`"${namespace}"`, `"${other.name}"`));
    }
  } finally {
    closeSync(fd);
  }
}

function placesPath(path: string): string {
  return `${path}.json`;
}

function* requests(index: string, lines: Iterable<string>): Generator<{ text: string; count: number }> {
  let request = { text: "", count: 0, bytes: 0 };
  for (const line of lines) {
    const pair = `{"create":{"_index":"${index}","_id":"${idOf(line)}"}}\n${line}\n`;
    const bytes = Buffer.byteLength(pair);
    if (request.count === presets.balanced.documents || request.bytes + bytes > maxBodyBytes) {
      yield request;
      request = { text: "", count: 0, bytes: 0 };
    }
    request = { text: request.text + pair, count: request.count + 1, bytes: request.bytes + bytes };
  }
  if (request.count > 0) yield request;
}

function* anew(lines: readonly string[], documents: number, namespace: string): Generator<string> {
  const entity = lines.map((line) => /"entity_id":"([^"]{10})/.exec(line)?.[1]).find((prefix) => prefix !== undefined);
  const times = lines.map((line) => Date.parse(line.slice(TIME_AT, TIME_AT + TIME_BYTES)));
  const first = Math.min(...times);
  const span = Math.max(...times) - first + 1;
  const begin = Date.now() - NEWEST_AGE_MS - Math.ceil(documents / lines.length) * span;
  for (let number = 0; number < documents; number++) {
    const [round, at] = [Math.floor(number / lines.length), number % lines.length];
    const line = lines[at] as string;
    const id = idOf(line);
    const own = id.slice(0, 10) + digest(`id ${round}`, 6) + id.slice(16);
    const moment = new Date(begin + round * span + ((times[at] as number) - first)).toISOString().slice(0, -1);
    yield (LINE_START + moment + line.slice(TIME_AT + moment.length))
      .replace(id, own)
      .replace(/"namespace":"[^"]*"/, `"namespace":"${namespace}"`)
      .replaceAll(`"${entity}`, `"${digest(`entity ${round}`, 10)}`);
  }
}

function idOf(line: string): string {
  return /"id":"([^"]{24})"/.exec(line)?.[1] ?? "";
}

function digest(text: string, length: number): string {
  return createHash("sha256").update(text).digest("base64url").slice(0, length);
}
