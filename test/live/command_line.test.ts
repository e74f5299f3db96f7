import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type CommandOptions, command, type Ended, mayfly } from "../harness/command.ts";
import { until } from "../harness/deadline.ts";
import { type Document, parseDocument } from "../harness/document.ts";
import { live } from "../harness/live.ts";
import { Program, runProgram } from "../harness/program.ts";

/* How `mayfly run` starts and ends. */

describe("mayfly run", live, () => {
  let folder: string;
  let config: string;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), "mayfly-command-"));
    config = join(folder, "mayfly.yml");
    writeFileSync(config, `state: {path: ${JSON.stringify(join(folder, "state"))}}\n`);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  function run(args: readonly string[], meanwhile?: CommandOptions["meanwhile"]): Promise<Ended> {
    return mayfly(["run", "--config", config, ...args], meanwhile === undefined ? {} : { meanwhile });
  }

  test("--for 2s ends by itself with 0, and has written what happened in that time", async () => {
    const mark = `mayfly-for-${process.pid}`;
    const ended = await run(["--format", "ndjson", "--for", "2s"], async (_, stderr) => {
      await watching(stderr);
      await command("/bin/sh", ["-c", "exit 0", mark]);
    });
    assert.equal(ended.code, 0, ended.stderr);
    assert.ok(ended.seconds >= 2 && ended.seconds < 8, `${ended.seconds} s`);
    const documents = documentsOf(ended);
    assert.equal(documents.filter((document) => document.process?.args?.includes(mark)).length, 1);
    assert.ok(
      documents.some((document) => document.mayfly?.transitions === "found"),
      "the start-up scan",
    );
  });

  test("without --format writes ndjson into a pipe, and run is the default command", async () => {
    const ended = await mayfly(["--config", config, "--for", "1s"]);
    assert.equal(ended.code, 0, ended.stderr);
    assert.ok(documentsOf(ended).length > 0);
  });

  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    test(`${signal} ends it at once with 0, and what it held is written`, async () => {
      const held: Program[] = [];
      let sent = Number.NaN;
      try {
        const ended = await run(["--format", "ndjson", "--no-snapshot"], async (child, stderr) => {
          await watching(stderr);
          const program = new Program("existing");
          held.push(program);
          await program.until(({ selves }) => selves.length > 0);
          sent = performance.now();
          child.kill(signal);
        });
        assert.equal(ended.code, 0, ended.stderr);
        assert.ok(performance.now() - sent < 3000, "at once");
        const own = documentsOf(ended).filter((document) => document.process?.pid === held[0]?.selves[0]?.pid);
        assert.deepEqual(
          own.map((document) => document.mayfly?.transitions),
          ["fork+exec"],
        );
      } finally {
        for (const program of held) program.kill();
      }
    });
  }

  test("run -- COMMAND shows only the command's tree and passes its status on", async () => {
    const foreign = `mayfly-foreign-${process.pid}`;
    const ended = await run(["--format", "pretty", "--", "sh", "-c", "sleep 0.2; false"], async () => {
      for (let i = 0; i < 5; i++) await command("/bin/sh", ["-c", "sleep 0.1", foreign]);
    });
    assert.equal(ended.code, 1, ended.stderr);
    const output = ended.stdout + ended.stderr;
    assert.match(output, /sleep 0\.2/);
    assert.match(output, /sh -c '?sleep 0\.2; false/);
    assert.ok(!output.includes(foreign), "nothing but its tree");
    assert.match(output, /\b[1-9]\d* process/, "closes with a summary");
  });

  test("run -- COMMAND as ndjson holds every process of the tree, each once", async () => {
    const mark = `mayfly-tree-${process.pid}`;
    const script = "true; (exit 4); /bin/sh -c 'sh -c \"exit 3\"; exit 2'; exit 0";
    const ended = await run(["--format", "ndjson", "--", "sh", "-c", script, mark], async () => {
      await runProgram("fork_only");
    });
    assert.equal(ended.code, 0, ended.stderr);
    const documents = documentsOf(ended).filter((document) => document.process !== undefined);
    const ends = documents.filter((document) => document.mayfly?.transitions?.endsWith("end"));
    const codes = ends.map((document) => document.process?.exit_code ?? Number.NaN).sort((a, b) => a - b);
    // `true` is built into the shell; the subshell is a fork.
    assert.deepEqual(codes, [0, 2, 3, 4]);
    const root = documents.find(
      (document) => document.process?.args?.includes(mark) && document.process.exit_code === 0,
    );
    for (const { process: one } of documents) {
      const related = [one?.entity_id, ...(one?.Ext?.ancestry ?? [])];
      assert.ok(related.includes(root?.process?.entity_id), `${one?.command_line} is of the tree`);
    }
  });

  test("run -- COMMAND ends with 128 and the signal's number when one ended the command", async () => {
    const ended = await run(["--format", "pretty", "--", "sh", "-c", "kill -TERM $$"]);
    assert.equal(ended.code, 128 + 15, ended.stderr);
    assert.match(ended.stdout + ended.stderr, /SIGTERM|terminated/i);
  });

  test("run -- COMMAND says so when there is no such command", async () => {
    const ended = await run(["--", "mayfly-no-such-command"]);
    assert.equal(ended.code, 127, ended.stderr);
    assert.match(ended.stderr, /mayfly-no-such-command/);
  });

  test("pretty output never passes an escape sequence of an argument on to the terminal", async () => {
    const hostile = "\u001b]0;owned\u0007\u001b[2J\u009b31m\nsecond line\r\u202e";
    const ended = await run(["--format", "pretty", "--", "sh", "-c", "exit 0", hostile]);
    assert.equal(ended.code, 0, ended.stderr);
    const output = ended.stdout + ended.stderr;
    assert.match(output, /owned/);
    for (const forbidden of ["\u001b]", "\u001b[2J", "\u0007", "\u009b", "\r", "\u202e", "\nsecond line"]) {
      assert.ok(!output.includes(forbidden), `${JSON.stringify(forbidden)} in ${JSON.stringify(output)}`);
    }
  });
});

describe("mayfly doctor", live, () => {
  test("says what the machine offers and exits 0 where run works", async () => {
    const ended = await mayfly(["doctor"]);
    assert.equal(ended.code, 0, ended.stdout + ended.stderr);
    assert.match(ended.stdout, /kernel/i);
    assert.match(ended.stdout, /BTF/);
  });
});

function watching(stderr: () => string): Promise<void> {
  return until(() => stderr().includes("watching"), 15_000, `watching; stderr: ${stderr()}`);
}

function documentsOf({ stdout }: Ended): Document[] {
  return stdout
    .split("\n")
    .filter((line) => line !== "")
    .map(parseDocument);
}
