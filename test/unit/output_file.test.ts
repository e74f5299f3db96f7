import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { MayflyError } from "../../src/errors.ts";
import { FileOutput } from "../../src/output/file.ts";
import type { OutputEnd } from "../../src/output/output.ts";

let folder = "";
before(() => {
  folder = mkdtempSync(join(tmpdir(), "mayfly-file-"));
});
after(() => rmSync(folder, { recursive: true }));

test("a new file is readable by its owner and by nobody else", async () => {
  const path = join(folder, "new");
  const before = process.umask(0o022);
  const file = new FileOutput(path);
  process.umask(before);
  file.write("one\n");
  assert.equal(await file.close(), true);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.equal(readFileSync(path, "utf8"), "one\n");
});

test("an existing file is appended to, and a last line without newline gets one first", async () => {
  const path = join(folder, "existing");
  writeFileSync(path, "half a li");
  const file = new FileOutput(path);
  file.write("whole\n");
  await file.close();
  assert.equal(readFileSync(path, "utf8"), "half a li\nwhole\n");
});

test("a folder, a missing folder and a pipe without reader are refused with what to do", () => {
  const pipe = join(folder, "pipe");
  execFileSync("mkfifo", [pipe]);
  for (const [path, sentence] of [
    [folder, /is a folder; name a file in it/],
    [join(folder, "no", "file"), /the folder .*\/no does not exist; create it/],
    [pipe, /nobody reads from this pipe/],
  ] as const) {
    assert.throws(
      () => new FileOutput(path),
      (error) => error instanceof MayflyError && error.exitCode === 73 && sentence.test(error.message),
    );
  }
});

test("after reopen no line is missing from the rotated and the new file together", async () => {
  const path = join(folder, "rotated");
  const file = new FileOutput(path);
  for (let i = 0; i < 1_000; i++) file.write(`${i}\n`);
  renameSync(path, `${path}.1`);
  const reopened = file.reopen();
  for (let i = 1_000; i < 2_000; i++) file.write(`${i}\n`);
  await reopened;
  await file.close();
  const all = readFileSync(`${path}.1`, "utf8") + readFileSync(path, "utf8");
  assert.equal(all, Array.from({ length: 2_000 }, (_, i) => `${i}\n`).join(""));
});

test("when reopen fails the old file is written on", async () => {
  const inner = join(folder, "inner");
  mkdirSync(inner);
  const file = new FileOutput(join(inner, "log"));
  renameSync(inner, `${inner}.moved`);
  await assert.rejects(file.reopen(), { code: "CANNOT_WRITE" });
  file.write("still here\n");
  await file.close();
  assert.equal(readFileSync(join(`${inner}.moved`, "log"), "utf8"), "still here\n");
});

test("a disk that fills up keeps whole lines only", async (t) => {
  const disk = join(folder, "disk");
  mkdirSync(disk);
  if (spawnSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", disk]).status !== 0) {
    t.skip("mounting a small tmpfs needs root");
    return;
  }
  try {
    const path = join(disk, "log");
    const ends: OutputEnd[] = [];
    const file = new FileOutput(path, { onEnd: (end) => ends.push(end) });
    for (let i = 0; i < 100; i++) file.write(`${String(i).padEnd(998)}|\n`);
    assert.equal(await file.close(), false);
    const lines = readFileSync(path, "utf8").split("\n");
    assert.equal(lines.pop(), "");
    assert.equal(lines.length, 65);
    assert.ok(lines.every((line, i) => line === `${String(i).padEnd(998)}|`));
    assert.deepEqual([file.stats().lines, file.stats().droppedLines], [65, 35]);
    assert.ok(ends[0] instanceof MayflyError);
  } finally {
    execFileSync("umount", [disk]);
  }
});

test("a process whose reader stands still can end", async () => {
  const path = join(folder, "stuck");
  execFileSync("mkfifo", [path]);
  const pipe = openSync(path, "r+");
  const script = `
    const { ConsoleOutput } = await import(${JSON.stringify(new URL("../../src/output/console.js", import.meta.url).href)});
    const output = new ConsoleOutput();
    for (let i = 0; i < 500; i++) output.write("x".repeat(1_000) + "\\n");
    const complete = await output.close(50);
    process.exit(complete ? 1 : 42);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: ["ignore", pipe, "inherit"] });
  const timer = setTimeout(() => child.kill("SIGKILL"), 10_000);
  const code = await new Promise((resolve) => child.once("exit", resolve));
  clearTimeout(timer);
  closeSync(pipe);
  assert.equal(code, 42);
});

test("standard output arrives whole when it is a socket", () => {
  const script = `
    const { ConsoleOutput } = await import(${JSON.stringify(new URL("../../src/output/console.js", import.meta.url).href)});
    const output = new ConsoleOutput();
    for (let i = 0; i < 3_000; i++) output.write(i + "x".repeat(500) + "\\n");
    if (!(await output.close())) process.exit(1);`;
  const { stdout, status } = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
    encoding: "utf8",
    maxBuffer: 1 << 26,
  });
  assert.equal(status, 0);
  assert.equal(stdout, Array.from({ length: 3_000 }, (_, i) => `${i}${"x".repeat(500)}\n`).join(""));
});
