import assert from "node:assert/strict";
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { type DeadLetter, DeadLetterFile, readDeadLetters } from "../../src/output/elasticsearch/dead_letter.ts";
import { sendDeadLetters, summariseDeadLetters } from "../../src/output/elasticsearch/dead_letter_send.ts";
import { CONFLICT, idOf, items, REJECTED, ScriptedConnection, STREAM, unanswered } from "./delivery.fixture.ts";

let folder = "";
let path = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mayfly-dead-letter-"));
  path = join(folder, "dead-letter.ndjson");
});
afterEach(() => rmSync(folder, { recursive: true }));

function letterOf(number: number, more: Partial<DeadLetter> = {}): DeadLetter {
  const id = idOf(number);
  return {
    when: "2026-11-21T10:00:00.000Z",
    index: STREAM,
    id,
    status: 400,
    type: "document_parsing_exception",
    reason: "failed to parse",
    document: `{"event":{"id":"${id}"},"n":"\u2028\u2029 \\u0000 \u{1f98b}"}`,
    ...more,
  };
}

async function all(file: string): Promise<DeadLetter[]> {
  const letters: DeadLetter[] = [];
  for await (const letter of readDeadLetters(file, () => assert.fail("a damaged line"))) letters.push(letter);
  return letters;
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, at) => from + at);
}

test("letters are read back as they were written, and only the owner may read the file", async () => {
  const file = new DeadLetterFile(path, 1_000_000);
  const letters = range(0, 1000).map((number) => letterOf(number));
  assert.deepEqual(await file.append(letters.slice(0, 400)), { written: 400, lost: 0, fault: undefined });
  await Promise.all([file.append(letters.slice(400, 700)), file.append(letters.slice(700))]);
  assert.deepEqual(await all(path), letters);
  assert.equal(statSync(path).mode & 0o777, 0o600);
});

test("the file and its predecessor stay within the bound, and what is given up is counted", async () => {
  const file = new DeadLetterFile(path, 20_000);
  let lost = 0;
  for (const number of range(0, 1000)) lost += (await file.append([letterOf(number)])).lost;
  const kept = [...(await all(`${path}.1`)), ...(await all(path))];
  assert.ok(statSync(path).size + statSync(`${path}.1`).size <= 20_000);
  assert.equal(kept.length + lost, 1000);
  assert.deepEqual(
    kept.map(({ id }) => id),
    range(1000 - kept.length, 1000).map(idOf),
  );
});

test("a letter larger than the file may be is counted as lost", async () => {
  const file = new DeadLetterFile(path, 2000);
  const { written, lost } = await file.append([letterOf(0), letterOf(1, { document: "x".repeat(5000) }), letterOf(2)]);
  assert.deepEqual({ written, lost }, { written: 2, lost: 1 });
});

test("a file that cannot be written is told, with the documents counted as lost", async () => {
  const file = new DeadLetterFile(join(folder, "missing", "file"), 1_000_000);
  const { written, lost, fault } = await file.append([letterOf(0), letterOf(1)]);
  assert.deepEqual({ written, lost }, { written: 0, lost: 2 });
  assert.match(fault ?? "", /cannot write .*ENOENT/);
});

test("a line that a crash cut off does not spoil the next", async () => {
  const file = new DeadLetterFile(path, 1_000_000);
  await file.append([letterOf(0)]);
  appendFileSync(path, '{"when":"2026');
  await file.append([letterOf(1)]);
  const damaged: string[] = [];
  const ids: string[] = [];
  for await (const { id } of readDeadLetters(path, (line) => damaged.push(line))) ids.push(id);
  assert.deepEqual(ids, [idOf(0), idOf(1)]);
  assert.deepEqual(damaged, ['{"when":"2026']);
});

test("the list counts by reason, most first", async () => {
  const file = new DeadLetterFile(path, 1_000_000);
  await file.append([letterOf(0), letterOf(1, { status: 409, type: "version_conflict_engine_exception" })]);
  renameSync(path, `${path}.1`);
  await file.append([letterOf(2, { when: "2026-11-21T11:00:00.000Z", reason: "later" })]);
  const { documents, damaged, groups } = await summariseDeadLetters(path);
  assert.deepEqual({ documents, damaged }, { documents: 3, damaged: 0 });
  assert.deepEqual(groups[0], {
    index: STREAM,
    status: 400,
    type: "document_parsing_exception",
    reason: "later",
    documents: 2,
    first: "2026-11-21T10:00:00.000Z",
    latest: "2026-11-21T11:00:00.000Z",
  });
  assert.equal(groups[1]?.status, 409);
});

test("an empty list is no fault", async () => {
  assert.deepEqual(await summariseDeadLetters(path), { documents: 0, damaged: 0, groups: [] });
});

test("what is sent again is byte for byte what was refused; what is accepted leaves the file, what is refused stays", async () => {
  const file = new DeadLetterFile(path, 1_000_000);
  await file.append(range(0, 300).map((number) => letterOf(number)));
  renameSync(path, `${path}.1`);
  await file.append(range(300, 450).map((number) => letterOf(number)));
  const connection = new ScriptedConnection();
  const lines: string[] = [];
  connection.bulk = ({ documents, body }) => {
    lines.push(
      ...Buffer.concat(body as Buffer[])
        .toString("utf8")
        .split("\n")
        .filter((_, at) => at % 2 === 1),
    );
    return items(documents.map(({ id }) => (id === idOf(7) ? REJECTED : 201)));
  };
  const { accepted, refused, kept, fault } = await sendDeadLetters(path, 1_000_000, connection);
  assert.deepEqual({ accepted, refused, kept, fault }, { accepted: 449, refused: 1, kept: 0, fault: undefined });
  assert.deepEqual(
    lines,
    range(0, 450).map((number) => letterOf(number).document),
  );
  const [left, ...others] = await all(path);
  assert.deepEqual([left?.id, left?.reason, others.length], [idOf(7), REJECTED.error.reason, 0]);
  assert.deepEqual([existsSync(`${path}.sending-1`), existsSync(`${path}.1`)], [false, false]);
});

test("when the server cannot be reached everything stays", async () => {
  const file = new DeadLetterFile(path, 1_000_000);
  await file.append(range(0, 450).map((number) => letterOf(number)));
  const connection = new ScriptedConnection();
  connection.bulk = ({ documents }) =>
    connection.bulks.length === 1 ? items(documents.map(() => 201)) : unanswered(false);
  const { accepted, kept, fault } = await sendDeadLetters(path, 1_000_000, connection);
  assert.deepEqual({ accepted, kept }, { accepted: 200, kept: 250 });
  assert.match(fault ?? "", /cut the connection/);
  assert.deepEqual(
    (await all(path)).map(({ id }) => id),
    range(200, 450).map(idOf),
  );
});

test("a send that a crash interrupted is finished by the next: 409 is success then, but not for a collision", async () => {
  const file = new DeadLetterFile(path, 1_000_000);
  await file.append([letterOf(0), letterOf(1, { status: 409, type: "version_conflict_engine_exception" })]);
  renameSync(path, `${path}.sending-3`);
  await file.append([letterOf(2)]);
  const connection = new ScriptedConnection();
  connection.bulk = ({ documents }) => items(documents.map(({ id }) => (id === idOf(2) ? 201 : CONFLICT)));
  const { accepted, refused } = await sendDeadLetters(path, 1_000_000, connection);
  assert.deepEqual({ accepted, refused }, { accepted: 2, refused: 1 });
  assert.deepEqual(
    (await all(path)).map(({ id }) => id),
    [idOf(1)],
  );
});

test("what cannot be put back stays where it was", async () => {
  const file = new DeadLetterFile(path, 1_000_000);
  await file.append([letterOf(0)]);
  const connection = new ScriptedConnection();
  connection.bulk = ({ documents }) => {
    // The file is a folder by the time that the refused document is to be written back.
    rmSync(path, { force: true });
    writeFileSync(join(folder, "x"), "");
    renameSync(folder, `${folder}.away`);
    return items(documents.map(() => REJECTED));
  };
  const { fault } = await sendDeadLetters(path, 1_000_000, connection);
  renameSync(`${folder}.away`, folder);
  assert.match(fault ?? "", /cannot write/);
  assert.match(readFileSync(`${path}.sending-1`, "utf8"), /failed to parse/);
});
