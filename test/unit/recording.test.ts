import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { layout } from "../../src/record/layout.ts";
import { type RecordingHeader, RecordingSource, RecordingWriter } from "../../src/source/recording.ts";

const folder = mkdtempSync(join(tmpdir(), "mayfly-recording-"));
after(() => rmSync(folder, { recursive: true }));

const header: RecordingHeader = {
  layout,
  version: "0.0.0",
  machineId: "0123456789abcdef0123456789abcdef",
  bootId: "b",
  kernel: "6.1",
  bootOffset: { seconds: 1_700_000_000, nanos: 5 },
};
const batches = [new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]), new Uint8Array(100_000).fill(9)];

function write(name: string): string {
  const path = join(folder, name);
  const writer = new RecordingWriter(path, header);
  for (const batch of batches) writer.batch(batch.buffer);
  writer.close();
  return path;
}

async function read(path: string): Promise<{ source: RecordingSource; got: Uint8Array[]; fault: unknown }> {
  const got: Uint8Array[] = [];
  const source = new RecordingSource(path);
  const fault = await source
    .start(async (bytes) => {
      got.push(new Uint8Array(bytes));
    })
    .then(
      () => undefined,
      (error: unknown) => error,
    );
  return { source, got, fault };
}

test("a recording gives back its header and its batches", async () => {
  const { source, got, fault } = await read(write("whole"));
  assert.equal(fault, undefined);
  assert.deepEqual(source.header, header);
  assert.deepEqual(got, batches);
});

test("a recording is for its owner only: it holds everybody's command lines", () => {
  assert.equal(statSync(write("mode")).mode & 0o777, 0o600);
});

test("a recording that was cut gives what stands before the cut, then says where it ends", async () => {
  const path = write("cut");
  truncateSync(path, statSync(path).size - 1);
  const { got, fault } = await read(path);
  assert.deepEqual(got, batches.slice(0, 1));
  assert.match(String(fault), /ends in the middle of a part \(at byte \d+ of \d+\)/);
  assert.equal((fault as { code?: string }).code, "RECORDING_DAMAGED");
});

test("a part that claims an absurd length is damage, not an allocation", async () => {
  const path = write("length");
  const bytes = readFileSync(path);
  const first = bytes.length - batches.reduce((sum, batch) => sum + batch.length + 8, 0);
  bytes.writeUInt32LE(0xffff_fff0, first);
  writeFileSync(path, bytes);
  const { got, fault } = await read(path);
  assert.deepEqual(got, []);
  assert.match(String(fault), /claims 4294967280 bytes/);
});

test("a file that is no recording, one of another version and one that is not there are told apart", () => {
  const path = join(folder, "other");
  writeFileSync(path, '{"@timestamp":"2026"}\n');
  assert.throws(() => new RecordingSource(path), /does not begin as a recording/);
  const bytes = readFileSync(write("version"));
  bytes[7] = 2;
  writeFileSync(path, bytes);
  assert.throws(() => new RecordingSource(path), /version 2, this mayfly reads version 1/);
  assert.throws(() => new RecordingSource(join(folder, "none")), { code: "RECORDING_UNREADABLE" });
  writeFileSync(path, "");
  assert.throws(() => new RecordingSource(path), { code: "RECORDING_DAMAGED" });
});

test("a header with damage in it is told as damage", () => {
  const bytes = readFileSync(write("header"));
  bytes.write("}", 12);
  const path = join(folder, "header2");
  writeFileSync(path, bytes);
  assert.throws(() => new RecordingSource(path), /header is no JSON/);
});

test("a full disk is told with what was written", () => {
  assert.throws(
    () => {
      const writer = new RecordingWriter("/dev/full", header);
      writer.close();
    },
    { code: "CANNOT_WRITE", exitCode: 73 },
  );
});
