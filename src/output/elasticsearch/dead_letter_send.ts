import { readdir, rename } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { bulkFilter, judge } from "./answer.ts";
import { parseBulkAnswer } from "./bulk_answer.ts";
import { type DeadLetter, DeadLetterFile, exists, readDeadLetters, remove } from "./dead_letter.ts";
import type { Connection } from "./reply.ts";
import { answeredFault, unansweredFault } from "./request_fault.ts";

/** Documents of a request. Few: these are the ones that went wrong before. */
const BATCH = 200;

/** Dead letters that have status, error and data stream in common. */
export interface DeadLetterGroup {
  readonly index: string;
  readonly status: number;
  readonly type: string;
  /** Of the latest one. */
  readonly reason: string;
  readonly documents: number;
  /** ISO times of the first and the latest refusal. */
  readonly first: string;
  readonly latest: string;
}

export interface DeadLetterSummary {
  readonly documents: number;
  /** Lines that are no letters. */
  readonly damaged: number;
  /** Most documents first. */
  readonly groups: readonly DeadLetterGroup[];
}

/** What `mayfly dead-letter list` shows. Throws what reading a file throws. */
export async function summariseDeadLetters(path: string): Promise<DeadLetterSummary> {
  const groups = new Map<string, DeadLetterGroup>();
  let documents = 0;
  let damaged = 0;
  for (const file of [...(await sendingFiles(path)), `${path}.1`, path])
    for await (const letter of readDeadLetters(file, () => damaged++)) {
      documents++;
      const { index, status, type, reason, when } = letter;
      const key = JSON.stringify([index, status, type]);
      const known = groups.get(key) ?? { index, status, type, documents: 0, first: when };
      groups.set(key, { ...known, reason, documents: known.documents + 1, latest: when });
    }
  return { documents, damaged, groups: [...groups.values()].sort((a, b) => b.documents - a.documents) };
}

export interface SendSummary {
  /** Taken now, or found to be there from an earlier, interrupted send. */
  readonly accepted: number;
  /** Refused again: back in the file, with the new reason. */
  readonly refused: number;
  /** Back in the file because the server could not be asked. */
  readonly kept: number;
  /** Lines that a crash cut off; the spool still has their documents, so they are left out. */
  readonly damaged: number;
  /** Why it ended early, as a sentence. */
  readonly fault: string | undefined;
}

/**
 * Sends the dead letters again and keeps those that are refused; a running mayfly may go on writing to the file meanwhile.
 *
 * The files are renamed first (PATH.sending-N), and each is removed when all its documents are accepted or back in PATH. After a
 * crash the next send begins with what the last one left: what had been accepted is answered 409 then, which is success for
 * a document that was not a collision; what had been put back stands there twice, until it is accepted.
 * A collision stays: only its answer tells that its id is another document's, and that does not change.
 *
 * Throws what renaming or reading a file throws.
 */
export async function sendDeadLetters(path: string, maxBytes: number, connection: Connection): Promise<SendSummary> {
  const file = new DeadLetterFile(path, maxBytes);
  const total = { accepted: 0, refused: 0, kept: 0, damaged: 0, fault: undefined as string | undefined };
  for (const sending of await takeAway(path))
    if (await sendFile(sending, file, connection, total)) await remove(sending);
  return total;
}

/** Oldest letters first. */
async function takeAway(path: string): Promise<readonly string[]> {
  const sending = [...(await sendingFiles(path))];
  let number = Number(sending.at(-1)?.split("-").at(-1) ?? 0);
  for (const source of [`${path}.1`, path]) {
    if (!(await exists(source))) continue;
    const target = `${path}.sending-${++number}`;
    await rename(source, target);
    sending.push(target);
  }
  return sending;
}

/** What a send that did not end has left. */
async function sendingFiles(path: string): Promise<readonly string[]> {
  const prefix = `${basename(path)}.sending-`;
  const names = (await exists(dirname(path))) ? await readdir(dirname(path)) : [];
  const numbers = names.filter((name) => name.startsWith(prefix)).map((name) => Number(name.slice(prefix.length)));
  return numbers.sort((a, b) => a - b).map((number) => `${path}.sending-${number}`);
}

type Total = { -readonly [Key in keyof SendSummary]: SendSummary[Key] };

/** False when something could not be put back: the file stays for the next send. */
async function sendFile(sending: string, file: DeadLetterFile, connection: Connection, total: Total): Promise<boolean> {
  let batch: DeadLetter[] = [];
  let complete = true;
  const flush = async (): Promise<void> => {
    const back = total.fault === undefined ? await sendBatch(batch, connection, total) : keepAll(batch, total);
    batch = [];
    const { fault } = await file.append(back);
    if (fault === undefined) return;
    total.fault ??= fault;
    complete = false;
  };
  for await (const letter of readDeadLetters(sending, () => total.damaged++)) {
    batch.push(letter);
    if (batch.length === BATCH) await flush();
  }
  if (batch.length > 0) await flush();
  return complete;
}

function keepAll(batch: readonly DeadLetter[], total: Total): readonly DeadLetter[] {
  total.kept += batch.length;
  return batch;
}

/** What is to be put back. */
async function sendBatch(
  batch: readonly DeadLetter[],
  connection: Connection,
  total: Total,
): Promise<readonly DeadLetter[]> {
  const body = batch.map(({ index, id, document }) =>
    Buffer.from(`${JSON.stringify({ create: { _index: index, _id: id } })}\n${document}\n`),
  );
  const path = `/_bulk?require_data_stream=true&filter_path=${bulkFilter}`;
  const reply = await connection.request({ method: "POST", path, body });
  const items =
    reply.kind === "answered" && reply.status === 200 ? parseBulkAnswer(reply.text, batch.length) : undefined;
  if (items === undefined) {
    const stream = batch[0]?.index ?? "";
    total.fault = (reply.kind === "unanswered" ? unansweredFault(reply) : answeredFault(reply, stream)).reason;
    return keepAll(batch, total);
  }
  const back: DeadLetter[] = [];
  for (const [position, letter] of batch.entries()) {
    const item = (items[position] as (typeof items)[number]).create;
    const verdict = judge(item, letter.status === 409);
    if (verdict === "done") total.accepted++;
    else {
      total.refused++;
      const { type = "", reason = "" } = item.error ?? {};
      // What the server only put off keeps the reason that it is here for.
      const isFinal = verdict === "document" || verdict === "collision";
      back.push(isFinal ? { ...letter, when: new Date().toISOString(), status: item.status, type, reason } : letter);
    }
  }
  return back;
}
