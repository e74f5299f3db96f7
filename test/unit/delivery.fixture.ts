import type { Appended, DeadLetter, DeadLetters } from "../../src/output/elasticsearch/dead_letter.ts";
import type { DocumentStore } from "../../src/output/elasticsearch/document_store.ts";
import type { ElasticsearchEvents } from "../../src/output/elasticsearch/events.ts";
import type { Connection, Reply, Request } from "../../src/output/elasticsearch/reply.ts";
import type { DeliverySystem } from "../../src/output/elasticsearch/system.ts";
import type { Frame } from "../../src/output/spool/frame.ts";

export const STREAM = "logs-mayfly.process-default";
export const INDEX = ".ds-logs-mayfly.process-default-2026.11.21-000001";

/** 24 characters, as ids are. */
export function idOf(number: number): string {
  return `id${String(number).padStart(22, "0")}`;
}

export function documentOf(
  number: number,
  stream = STREAM,
  time = "2026-11-21T09:42:02.120001234Z",
  more = "",
): string {
  const id = idOf(number);
  return `{"create":{"_index":"${stream}","_id":"${id}"}}\n{"@timestamp":"${time}","event":{"id":"${id}"}${more}}\n`;
}

export interface FrameOptions {
  readonly repeatable?: boolean;
  readonly replayed?: boolean;
  readonly since?: number;
  readonly stream?: string;
  readonly time?: string;
  readonly more?: string;
}

export function frameOf(first: number, count: number, options: FrameOptions = {}): Frame {
  const { repeatable = false, replayed = false, since = 0, stream, time, more } = options;
  const documents = Array.from({ length: count }, (_, at) => Buffer.from(documentOf(first + at, stream, time, more)));
  let end = 0;
  const ends = Uint32Array.from(documents, ({ length }) => (end += length));
  return { first, count, body: Buffer.concat(documents), ends, repeatable, replayed, since };
}

/** Holds frames in memory; knows which are done. */
export class MemoryStore implements DocumentStore {
  onCommitted: (() => void) | undefined = undefined;
  readonly live: Frame[] = [];
  readonly backlog: Frame[] = [];
  readonly taken = new Set<Frame>();
  readonly finished: Frame[] = [];
  readonly notes = new Map<string, string>();
  commits = 0;

  get liveDocuments(): number {
    return this.live.reduce((documents, { count }) => documents + count, 0);
  }

  get liveBytes(): number {
    return this.live.reduce((bytes, { body }) => bytes + body.length, 0);
  }

  get backlogDocuments(): number {
    return this.backlog.reduce((documents, { count }) => documents + count, 0);
  }

  /** A frame of this run. */
  write(frame: Frame): void {
    this.live.push(frame);
    this.onCommitted?.();
  }

  async commit(): Promise<void> {
    this.commits++;
  }

  takeLive(): Frame | undefined {
    return this.#take(this.live.shift());
  }

  async takeBacklog(): Promise<Frame | undefined> {
    return this.#take(this.backlog.shift());
  }

  done(frame: Frame): void {
    if (!this.taken.delete(frame)) throw new Error(`frame ${frame.first} was not taken, or is done twice`);
    this.finished.push(frame);
  }

  getNote(name: string): string | undefined {
    return this.notes.get(name);
  }

  setNote(name: string, value: string): void {
    this.notes.set(name, value);
  }

  #take(frame: Frame | undefined): Frame | undefined {
    if (frame !== undefined) this.taken.add(frame);
    return frame;
  }
}

export class MemoryDeadLetters implements DeadLetters {
  readonly path = "/var/lib/mayfly/dead-letter.ndjson";
  readonly letters: DeadLetter[] = [];

  async append(letters: readonly DeadLetter[]): Promise<Appended> {
    this.letters.push(...letters);
    return { written: letters.length, lost: 0, fault: undefined };
  }
}

/** Time that stands still until it is moved. */
export class FakeSystem implements DeliverySystem {
  #now = Date.parse("2026-11-21T10:00:00.000Z");
  #timers: { at: number; run: () => void }[] = [];
  /** What random() gives. */
  chance = 0.5;

  readonly now = (): number => this.#now;
  readonly random = (): number => this.chance;
  readonly setTimer = (run: () => void, ms: number): unknown => {
    const timer = { at: this.#now + ms, run };
    this.#timers.push(timer);
    return timer;
  };
  readonly clearTimer = (timer: unknown): void => {
    this.#timers = this.#timers.filter((other) => other !== timer);
  };

  /** Moves time on, timer by timer, and lets everything that is ready run in between. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settled();
    for (;;) {
      const next = this.#timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (next === undefined) break;
      this.#now = Math.max(this.#now, next.at);
      this.clearTimer(next);
      next.run();
      await settled();
    }
    this.#now = end;
    await settled();
  }
}

/** Everything that waits for promises only has run. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 8; turn++) await new Promise((resolve) => setImmediate(resolve));
}

export interface Sent {
  readonly id: string;
  readonly stream: string;
}

export interface BulkRequest extends Request {
  readonly documents: readonly Sent[];
}

/** What is answered for one document: a status, or an item with its error. */
export type ItemScript = number | { readonly status: number; readonly [key: string]: unknown };

/** Answers bulk requests as `bulk` says and others as `other` says. */
export class ScriptedConnection implements Connection {
  readonly bulks: BulkRequest[] = [];
  readonly others: Request[] = [];
  closed = false;
  bulk: (request: BulkRequest) => Reply | Promise<Reply> = ({ documents }) => items(documents.map(() => 201));
  other: (request: Request) => Reply | Promise<Reply> = () => answer(404, "{}");

  async request(request: Request): Promise<Reply> {
    if (!request.path.startsWith("/_bulk")) {
      this.others.push(request);
      return this.other(request);
    }
    const text = Buffer.concat(request.body as Buffer[]).toString("utf8");
    const lines = text.split("\n").filter((_, at) => at % 2 === 0);
    lines.pop();
    const documents = lines.map((line) => {
      const { create } = JSON.parse(line) as { create: { _index: string; _id: string } };
      return { id: create._id, stream: create._index };
    });
    const bulk = { ...request, documents };
    this.bulks.push(bulk);
    return this.bulk(bulk);
  }

  close(): void {
    this.closed = true;
  }
}

export function answer(status: number, text: string, more: Partial<Extract<Reply, { kind: "answered" }>> = {}): Reply {
  return {
    kind: "answered",
    status,
    text,
    isElasticsearch: true,
    retryAfterMs: 0,
    location: undefined,
    host: "http://es:9200",
    sentBytes: 0,
    ...more,
  };
}

export function unanswered(mayHaveArrived: boolean, timedOut = false): Reply {
  const reason = "http://es:9200: the test has cut the connection";
  return { kind: "unanswered", mayHaveArrived, timedOut, reason, host: "http://es:9200", sentBytes: 0 };
}

export const CONFLICT = {
  status: 409,
  error: {
    type: "version_conflict_engine_exception",
    reason: "[x]: version conflict, document already exists (current version [1])",
  },
} as const;
export const REJECTED = {
  status: 400,
  error: {
    type: "document_parsing_exception",
    reason:
      "[1:52] failed to parse field [n] of type [long] in document with id '2'. Preview of field's value: 'secret'",
  },
} as const;
export const TOO_MANY = {
  status: 429,
  error: { type: "es_rejected_execution_exception", reason: "rejected" },
} as const;

export function items(scripts: readonly ItemScript[], index = INDEX): Reply {
  const list = scripts.map((script) => ({
    create: { _index: index, ...(typeof script === "number" ? { status: script } : script) },
  }));
  return answer(200, JSON.stringify({ took: 1, errors: scripts.some((script) => script !== 201), items: list }));
}

/** Remembers what was told. */
export class Told implements ElasticsearchEvents {
  readonly warnings: { code: string; message: string }[] = [];
  readonly infos: { code: string; message: string }[] = [];
  readonly onWarn = (code: string, message: string): void => void this.warnings.push({ code, message });
  readonly onInfo = (code: string, message: string): void => void this.infos.push({ code, message });

  codes(): string[] {
    return this.warnings.map(({ code }) => code);
  }
}
