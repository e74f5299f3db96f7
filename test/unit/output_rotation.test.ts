import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import fc from "fast-check";
import { FileOutput } from "../../src/output/file.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mayfly-rotation-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** What is in the files of `path`, the oldest first. */
function contents(path: string): string[] {
  const numbers = readdirSync(join(path, ".."))
    .map((name) => Number(/^log\.(\d+)$/.exec(name)?.[1] ?? 0))
    .filter((number) => number > 0)
    .toSorted((a, b) => b - a);
  return [...numbers.map((number) => `${path}.${number}`), path].map((file) => readFileSync(file, "utf8"));
}

/** As many descriptors as this process has open on files of the folder. */
function openFiles(): number {
  return readdirSync("/proc/self/fd").filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith(folder);
    } catch {
      return false;
    }
  }).length;
}

/** Lines with their number in them, of `bytes` each. */
function lines(count: number, bytes: number, from = 0): string[] {
  return Array.from({ length: count }, (_, i) => `${`${from + i} `.padEnd(bytes - 1, "x")}\n`);
}

async function writeAll(file: FileOutput, all: readonly string[]): Promise<void> {
  for (const line of all) {
    assert.equal(file.write(line), true);
    await file.flush();
  }
}

test("a file is put aside before it grows beyond its bound, and the oldest goes", async () => {
  const path = join(folder, "log");
  const file = new FileOutput(path, { rotate: { maxSize: 1000, keep: 3 } });
  const all = lines(100, 100);
  await writeAll(file, all);
  await file.close();
  assert.deepEqual(readdirSync(folder).toSorted(), ["log", "log.1", "log.2", "log.3"]);
  assert.deepEqual(contents(path), [
    all.slice(60, 70).join(""),
    all.slice(70, 80).join(""),
    all.slice(80, 90).join(""),
    all.slice(90).join(""),
  ]);
  for (const name of readdirSync(folder)) assert.equal(statSync(join(folder, name)).mode & 0o777, 0o600, name);
  assert.deepEqual([file.stats().lines, file.stats().droppedLines], [100, 0]);
});

test("what stood in the file at the start counts", async () => {
  const path = join(folder, "log");
  writeFileSync(path, "x".repeat(899));
  const file = new FileOutput(path, { rotate: { maxSize: 1000, keep: 3 } });
  const all = lines(2, 100);
  await writeAll(file, all);
  await file.close();
  assert.deepEqual(contents(path), [`${"x".repeat(899)}\n${all[0]}`, all[1]]);
});

test("no file is put aside for a line that is larger than all, if it would be left empty", async () => {
  const path = join(folder, "log");
  const file = new FileOutput(path, { rotate: { maxSize: 100, keep: 9 } });
  const [large, small] = [`${"x".repeat(500)}\n`, "small\n"];
  await writeAll(file, [large, small, large]);
  await file.close();
  assert.deepEqual(contents(path), [large, small, large]);
});

test("however lines, bounds, flushes, restarts and reopenings fall, no line is lost or cut and no file is too large", async () => {
  const step = fc.oneof(
    { weight: 12, arbitrary: fc.integer({ min: 1, max: 700 }).map((bytes) => ({ bytes })) },
    { weight: 2, arbitrary: fc.constant("flush" as const) },
    { weight: 1, arbitrary: fc.constant("restart" as const) },
    { weight: 1, arbitrary: fc.constant("reopen" as const) },
  );
  let run = 0;
  let rotations = 0;
  const open = openFiles();
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 10, maxLength: 60 }),
      fc.integer({ min: 50, max: 1500 }),
      fc.integer({ min: 16, max: 900 }),
      async (steps, maxSize, chunkBytes) => {
        const own = join(folder, `run${run++}`);
        mkdirSync(own);
        const path = join(own, "log");
        const options = { rotate: { maxSize, keep: 1000 }, chunkBytes };
        let file = new FileOutput(path, options);
        const all: string[] = [];
        for (const step of steps) {
          if (step === "flush") await file.flush();
          else if (step === "reopen") await file.reopen();
          else if (step === "restart") {
            assert.equal(await file.close(), true);
            file = new FileOutput(path, options);
          } else {
            const [line = ""] = lines(1, step.bytes + String(all.length).length + 2, all.length);
            all.push(line);
            assert.equal(file.writePieces([line.slice(0, 3), line.slice(3)]), true);
          }
        }
        assert.equal(await file.close(), true);
        const files = contents(path);
        rotations += files.length - 1;
        assert.equal(files.join(""), all.join(""));
        for (const text of files) {
          assert.ok(text === "" || text.endsWith("\n"), "whole lines");
          assert.ok(
            text.length <= maxSize || text.indexOf("\n") === text.length - 1,
            `${text.length} of ${maxSize} bytes`,
          );
        }
      },
    ),
    { numRuns: 100 },
  );
  assert.ok(rotations > 50, `${rotations} rotations`);
  assert.equal(openFiles(), open, "descriptors are given back");
});

test("a file that cannot be put aside is written on, told once, and rotated when that works again", async () => {
  const path = join(folder, "log");
  const told: string[] = [];
  // A folder that is not empty takes no file's place.
  mkdirSync(join(folder, "log.1", "in the way"), { recursive: true });
  const file = new FileOutput(path, { rotate: { maxSize: 200, keep: 1 }, onRotateFault: (fault) => told.push(fault) });
  const all = lines(10, 100);
  await writeAll(file, all.slice(0, 8));
  assert.equal(readFileSync(path, "utf8"), all.slice(0, 8).join(""));
  assert.equal(told.length, 1);
  assert.match(told[0] ?? "", /log cannot be rotated \(.*\): it grows beyond output\.file\.rotate\.max_size/);
  rmSync(join(folder, "log.1"), { recursive: true });
  await writeAll(file, all.slice(8));
  await file.close();
  assert.deepEqual(contents(path), [all.slice(0, 8).join(""), all.slice(8).join("")]);
  assert.equal(told.length, 1);
});

test("a rotation that fails again and again costs no older file", async (t) => {
  const path = join(folder, "log");
  for (const number of [1, 2, 3]) writeFileSync(`${path}.${number}`, `old ${number}\n`);
  writeFileSync(path, "");
  if (spawnSync("chattr", ["+a", path]).status !== 0) {
    t.skip("making a file append-only (chattr +a) needs root and a file system that can");
    return;
  }
  const told: string[] = [];
  try {
    const file = new FileOutput(path, {
      rotate: { maxSize: 200, keep: 4 },
      onRotateFault: (fault) => told.push(fault),
    });
    await writeAll(file, lines(20, 100));
    await file.close();
  } finally {
    execFileSync("chattr", ["-a", path]);
  }
  assert.equal(told.length, 1);
  assert.deepEqual(
    [2, 3, 4].map((number) => readFileSync(`${path}.${number}`, "utf8")),
    ["old 1\n", "old 2\n", "old 3\n"],
  );
  assert.equal(existsSync(`${path}.1`), false, "its number is free for the next attempt");
});

test("a file that somebody else has put aside is not put aside again", async () => {
  const path = join(folder, "log");
  const file = new FileOutput(path, { rotate: { maxSize: 300, keep: 5 } });
  const all = lines(6, 100);
  await writeAll(file, all.slice(0, 3));
  renameSync(path, join(folder, "theirs"));
  await writeAll(file, all.slice(3));
  await file.close();
  assert.deepEqual(readdirSync(folder).toSorted(), ["log", "theirs"]);
  assert.equal(readFileSync(join(folder, "theirs"), "utf8") + readFileSync(path, "utf8"), all.join(""));
});

test("a symbolic link stays, and its file is rotated where it is", async () => {
  const other = join(folder, "other");
  mkdirSync(other);
  const path = join(folder, "log");
  symlinkSync(join(other, "log"), path);
  const file = new FileOutput(path, { rotate: { maxSize: 100, keep: 2 } });
  const all = lines(3, 100);
  await writeAll(file, all);
  await file.close();
  assert.equal(readlinkSync(path), join(other, "log"));
  assert.deepEqual(contents(join(other, "log")), all);
});

test("what is no regular file is not rotated", async () => {
  const file = new FileOutput("/dev/null", { rotate: { maxSize: 100, keep: 2 } });
  await writeAll(file, lines(5, 100));
  assert.equal(await file.close(), true);
  assert.equal(existsSync("/dev/null.1"), false);
});

test("a file is reopened on demand also where it is rotated by size, and no descriptor is left behind", async () => {
  const path = join(folder, "log");
  const open = openFiles();
  const file = new FileOutput(path, { rotate: { maxSize: 1000, keep: 50 }, chunkBytes: 128 });
  const all = lines(200, 100);
  for (const [i, line] of all.entries()) {
    file.write(line);
    if (i % 20 === 10) await file.reopen();
    assert.ok(openFiles() - open <= 2, `${openFiles() - open} open`);
  }
  await file.close();
  assert.equal(openFiles(), open);
  assert.equal(contents(path).join(""), all.join(""));
});
