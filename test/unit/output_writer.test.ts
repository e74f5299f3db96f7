import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { MayflyError } from "../../src/errors.ts";
import type { WriteDone, WriterSystem } from "../../src/output/descriptor.ts";
import type { OutputEnd } from "../../src/output/output.ts";
import { FdWriter } from "../../src/output/writer.ts";

let folder = "";
before(() => {
  folder = mkdtempSync(join(tmpdir(), "mayfly-writer-"));
});
after(() => rmSync(folder, { recursive: true }));

interface Pipe {
  readonly writeFd: number;
  readonly read: () => string;
  readonly closeReader: () => void;
  readonly close: () => void;
}

let pipes = 0;
/** A real pipe, both ends non-blocking. */
function openPipe(): Pipe {
  const path = join(folder, `pipe${pipes++}`);
  execFileSync("mkfifo", [path]);
  const readFd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const writeFd = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
  const memory = Buffer.alloc(1 << 20);
  let open = true;
  const closeReader = (): void => {
    if (open) closeSync(readFd);
    open = false;
  };
  const read = (): string => {
    try {
      return memory.toString("utf8", 0, readSync(readFd, memory, 0, memory.length, null));
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, "EAGAIN");
      return "";
    }
  };
  const close = (): void => {
    closeReader();
    closeSync(writeFd);
  };
  return { writeFd, read, closeReader, close };
}

async function until(what: string, holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!holds()) {
    if (Date.now() > deadline) assert.fail(`waited 10 s for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** A kernel and a clock that do what the test says. */
class FakeSystem implements WriterSystem {
  readonly written: Buffer[] = [];
  readonly timers = new Map<number, { readonly run: () => void; readonly ms: number }>();
  /** Answers to the coming writes: bytes to take at most, or an error's code. Used up: all is taken. */
  answers: (number | string)[] = [];
  #nextTimer = 1;

  write(_fd: number, memory: Buffer, offset: number, length: number, done: WriteDone): void {
    const answer = this.answers.shift() ?? length;
    if (typeof answer === "string") {
      setImmediate(() => done(Object.assign(new Error(answer), { code: answer }), 0));
      return;
    }
    const bytes = Math.min(answer, length);
    this.written.push(Buffer.from(memory.subarray(offset, offset + bytes)));
    setImmediate(() => done(null, bytes));
  }

  setTimer(run: () => void, ms: number): NodeJS.Timeout {
    this.timers.set(this.#nextTimer, { run, ms });
    return this.#nextTimer++ as unknown as NodeJS.Timeout;
  }

  clearTimer(timer: NodeJS.Timeout): void {
    this.timers.delete(timer as unknown as number);
  }

  /** Runs the timers of that length. */
  fire(ms: number): void {
    for (const [id, timer] of [...this.timers]) {
      if (timer.ms !== ms) continue;
      this.timers.delete(id);
      timer.run();
    }
  }

  get text(): string {
    return Buffer.concat(this.written).toString("utf8");
  }
}

test("lines come out of a pipe whole and in order", async () => {
  const pipe = openPipe();
  const writer = new FdWriter(pipe.writeFd, { name: "pipe", chunkBytes: 4096 });
  const lines = Array.from({ length: 2_000 }, (_, i) => `${i} ${"é文🚀x".repeat(i % 40)}\n`);
  let got = "";
  for (const line of lines) assert.equal(writer.write(line), true);
  const flushed = writer.flush();
  await until("the last line", () => {
    got += pipe.read();
    return got.includes("1999 ");
  });
  await flushed;
  assert.equal(got, lines.join(""));
  assert.deepEqual(writer.stats(), { lines: 2_000, bytes: Buffer.byteLength(got), droppedLines: 0, waitingBytes: 0 });
  assert.equal(await writer.close(), true);
  pipe.close();
});

test("short writes and a full pipe neither lose nor repeat a byte", async () => {
  const system = new FakeSystem();
  const writer = new FdWriter(9, { name: "fake", chunkBytes: 64, system });
  const text = Array.from({ length: 50 }, (_, i) => `line ${i} äöü\n`);
  system.answers = [1, "EAGAIN", 7, "EINTR", "EAGAIN", 0, 64, 3, 3, 3];
  for (const line of text) writer.write(line);
  const flushed = writer.flush();
  const retries = setInterval(() => {
    for (const ms of [1, 2, 4, 8, 16, 32]) system.fire(ms);
  }, 1);
  await flushed;
  clearInterval(retries);
  assert.equal(system.text, text.join(""));
});

test("a line goes out when it is maxAgeMs old although its chunk has room", async () => {
  const system = new FakeSystem();
  const writer = new FdWriter(9, { name: "fake", maxAgeMs: 70, system });
  writer.write("young\n");
  writer.write("younger\n");
  assert.deepEqual(
    [...system.timers.values()].map(({ ms }) => ms),
    [70],
  );
  assert.equal(system.text, "");
  system.fire(70);
  assert.equal(system.text, "young\nyounger\n");
});

test("a line larger than a chunk arrives between its neighbours", async () => {
  const system = new FakeSystem();
  const writer = new FdWriter(9, { name: "fake", chunkBytes: 32, system });
  const large = `${"文".repeat(100)}\n`;
  writer.write("before\n");
  writer.write(large);
  writer.write("after\n");
  await writer.flush();
  assert.equal(system.text, `before\n${large}after\n`);
});

test("a line that no bound could hold is dropped and counted", async () => {
  const writer = new FdWriter(9, { name: "fake", chunkBytes: 32, maxWaitingBytes: 64, system: new FakeSystem() });
  assert.equal(writer.write("x".repeat(100)), false);
  assert.equal(writer.stats().droppedLines, 1);
});

test("a reader that stands still costs bounded memory, counted lines, and is told once with its recovery", async () => {
  const pipe = openPipe();
  const told: string[] = [];
  const maxWaitingBytes = 256 * 1024;
  const writer = new FdWriter(pipe.writeFd, {
    name: "pipe",
    chunkBytes: 16 * 1024,
    maxWaitingBytes,
    onDrop: () => told.push("drop"),
    onRecover: (lines) => told.push(`recovered ${lines}`),
  });
  const accepted: string[] = [];
  for (let i = 0; i < 20_000; i++) {
    const line = `${i} ${"x".repeat(100)}\n`;
    if (writer.write(line)) accepted.push(line);
    if (i % 1_000 === 0) await new Promise((resolve) => setImmediate(resolve));
    assert.ok(writer.stats().waitingBytes <= maxWaitingBytes);
  }
  const { droppedLines } = writer.stats();
  assert.equal(droppedLines, 20_000 - accepted.length);
  assert.ok(droppedLines > 10_000);
  assert.deepEqual(told, ["drop"]);

  const flushed = writer.flush();
  let got = "";
  await until("the reader to catch up", () => {
    got += pipe.read();
    return writer.stats().waitingBytes === 0;
  });
  await flushed;
  got += pipe.read();
  assert.equal(got, accepted.join(""));
  assert.deepEqual(told, ["drop", `recovered ${droppedLines}`]);
  pipe.close();
});

test("a trickle behind a reader that stands still fills chunks, not the bound", async () => {
  const system = new FakeSystem();
  system.answers = Array.from({ length: 10_000 }, () => "EAGAIN");
  const writer = new FdWriter(9, { name: "fake", chunkBytes: 1024, maxWaitingBytes: 4096, maxAgeMs: 70, system });
  for (let i = 0; i < 40; i++) {
    assert.equal(writer.write(`one line a tick ${i}\n`), true);
    system.fire(70);
    await new Promise((resolve) => setImmediate(resolve));
  }
});

test("a reader that went away ends the output quietly and counts what it did not get", async () => {
  const pipe = openPipe();
  const ends: OutputEnd[] = [];
  const writer = new FdWriter(pipe.writeFd, { name: "pipe", onEnd: (end) => ends.push(end) });
  pipe.closeReader();
  writer.write("nobody\n");
  writer.write("listens\n");
  await writer.flush();
  assert.deepEqual(ends, ["reader gone"]);
  assert.equal(writer.write("any more\n"), false);
  assert.deepEqual(writer.stats(), { lines: 0, bytes: 0, droppedLines: 3, waitingBytes: 0 });
  assert.equal(await writer.close(), false);
  assert.equal(ends.length, 1);
  pipe.close();
});

test("a full disk ends with CANNOT_WRITE, exit code 73 and a sentence that names the file and the loss", async () => {
  const fd = openSync("/dev/full", constants.O_WRONLY);
  const ends: OutputEnd[] = [];
  const writer = new FdWriter(fd, { name: "/dev/full", onEnd: (end) => ends.push(end) });
  for (let i = 0; i < 1_234; i++) writer.write("line\n");
  assert.equal(await writer.close(), false);
  const [end] = ends;
  assert.ok(end instanceof MayflyError);
  assert.equal(end.code, "CANNOT_WRITE");
  assert.equal(end.exitCode, 73);
  assert.match(end.message, /^Cannot write to \/dev\/full: the disk is full; .* Not written: 1,234 lines/);
  assert.equal(writer.stats().droppedLines, 1_234);
  closeSync(fd);
});

test("a write that fails within a line says how much of the line is out, and nothing follows it", async () => {
  const system = new FakeSystem();
  const halves: number[][] = [];
  const writer = new FdWriter(9, { name: "fake", system, onHalfLine: (...half) => halves.push(half) });
  writer.write("first\n");
  writer.write("second\n");
  system.answers = [9, "EIO"];
  await writer.flush();
  writer.write("third\n");
  assert.equal(system.text, "first\nsec");
  assert.deepEqual(halves, [[9, 3, 9]]);
  assert.deepEqual(writer.stats(), { lines: 1, bytes: 9, droppedLines: 2, waitingBytes: 0 });
});

test("close gives up at its deadline and counts what waits", async () => {
  const pipe = openPipe();
  const writer = new FdWriter(pipe.writeFd, { name: "pipe", chunkBytes: 16 * 1024 });
  for (let i = 0; i < 100; i++) writer.write(`${"x".repeat(9_999)}\n`);
  assert.equal(await writer.close(30), false);
  const { lines, droppedLines, waitingBytes } = writer.stats();
  assert.equal(lines + droppedLines, 100);
  assert.ok(droppedLines > 0);
  assert.equal(waitingBytes, 0);
  pipe.close();
});

test("closing twice is closing once", async () => {
  const system = new FakeSystem();
  const writer = new FdWriter(9, { name: "fake", system });
  writer.write("line\n");
  assert.deepEqual(await Promise.all([writer.close(), writer.close()]), [true, true]);
  assert.equal(system.text, "line\n");
  assert.equal(system.timers.size, 0);
});

test("a second descriptor takes over between lines", async () => {
  const system = new FakeSystem();
  const fds: number[] = [];
  const write = system.write.bind(system);
  system.write = (fd, ...rest) => {
    fds.push(fd);
    write(fd, ...rest);
  };
  system.answers = [3];
  const writer = new FdWriter(9, { name: "fake", system });
  writer.write("to the old\n");
  const flushed = writer.flush();
  writer.write("to the new\n");
  assert.equal(await writer.replaceFd(10), 9);
  await flushed;
  await writer.flush();
  assert.equal(system.text, "to the old\nto the new\n");
  assert.deepEqual(fds, [9, 9, 10]);
});
