import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { LineWriter } from "../../src/telemetry/line_writer.ts";

/** A file descriptor that answers as told: a number of bytes to take at most, or the code of an error. */
function writerOn(answers: (number | string)[]) {
  const seen = { text: "", pauses: 0, calls: 0 };
  const writer = new LineWriter(2, {
    write: (_fd, bytes) => {
      seen.calls++;
      const answer = answers.shift() ?? bytes.length;
      if (typeof answer === "string") throw Object.assign(new Error(answer), { code: answer });
      const taken = Math.min(answer, bytes.length);
      seen.text += Buffer.from(bytes.subarray(0, taken)).toString();
      return taken;
    },
    pause: () => void seen.pauses++,
  });
  return { writer, seen };
}

const never: string[] = Array(1_000).fill("EAGAIN") as string[];

test("a line is written to the file descriptor before write returns", () => {
  const folder = mkdtempSync(join(tmpdir(), "mayfly-log-"));
  const file = join(folder, "log");
  const fd = openSync(file, "a");
  try {
    const writer = new LineWriter(fd);
    writer.write("grüß");
    assert.equal(readFileSync(file, "utf8"), "grüß\n");
    assert.equal(writer.lost, 0);
  } finally {
    closeSync(fd);
    rmSync(folder, { recursive: true });
  }
});

test("a reader that takes little at a time, or is behind for a moment, gets the whole line", () => {
  const { writer, seen } = writerOn([2, "EAGAIN", 1, "EAGAIN", "EAGAIN"]);
  writer.write("hello");
  assert.equal(seen.text, "hello\n");
  assert.equal(seen.pauses, 3);
  assert.equal(writer.lost, 0);
});

test("a reader that stays behind costs bounded tries, then one a line, and what is lost is counted", () => {
  const answers = [...never];
  const { writer, seen } = writerOn(answers);
  writer.write("one");
  const tries = seen.calls;
  assert.equal(tries, 50);
  writer.write("two");
  assert.equal(seen.calls, tries + 1);
  assert.equal(writer.lost, 2);
  answers.length = 0;
  writer.write("three");
  assert.equal(seen.text, "three\n");
  assert.equal(writer.lost, 2);
});

test("a line that was cut off does not run into the next", () => {
  const answers: (number | string)[] = [3, ...never];
  const { writer, seen } = writerOn(answers);
  writer.write("broken off");
  writer.write("also lost");
  answers.length = 0;
  writer.write("whole");
  assert.equal(seen.text, "bro\nwhole\n");
});

test("after EPIPE nothing is written and nothing thrown", () => {
  const { writer, seen } = writerOn(["EPIPE"]);
  writer.write("one");
  writer.write("two");
  assert.equal(seen.calls, 1);
  assert.equal(writer.lost, 0);
});

test("a full disk is counted, not waited for, and thrown at nobody", () => {
  const { writer, seen } = writerOn(["ENOSPC"]);
  writer.write("one");
  assert.equal(writer.lost, 1);
  assert.equal(seen.pauses, 0);
  writer.write("two");
  assert.equal(seen.text, "two\n");
});

test("the program's log on a closed pipe ends nothing, and into a file is json", () => {
  const module = new URL("../../src/telemetry/log.js", import.meta.url).href;
  const program = `
    import { stderrLog } from ${JSON.stringify(module)};
    const log = stderrLog({ level: "info", format: "auto" }, process.env);
    for (let i = 0; i < 20000; i++) log.info("line " + i);
    process.stdout.write("done");
  `;
  // sh's own pipe: the reader leaves after the first line.
  const script = '{ "$0" --input-type=module -e "$1" 2>&1 >&3 | head -n 1 >&2; } 3>&1';
  const { stdout, stderr, status } = spawnSync("sh", ["-c", script, process.execPath, program], {
    encoding: "utf8",
    timeout: 30_000,
  });
  assert.equal(status, 0);
  assert.equal(stdout, "done");
  assert.equal((JSON.parse(stderr) as { message: string }).message, "line 0");
});
