import assert from "node:assert/strict";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { MAYFLY } from "../harness/checkout.ts";
import { Collector } from "../harness/collector.ts";
import { command, type Ended, mayfly } from "../harness/command.ts";
import { until } from "../harness/deadline.ts";
import { assertNone } from "../harness/differences.ts";
import { type Document, parseDocument } from "../harness/document.ts";
import { differences } from "../harness/expect.ts";
import { type Life, livesOf } from "../harness/life.ts";
import { live } from "../harness/live.ts";
import { withoutLookedUp } from "../harness/looked_up.ts";
import { runProgram } from "../harness/program.ts";

/* The same programs, watched live and recorded at the same time. */

const PROGRAMS = ["fork_exec_exit", "fork_only", "exec_chain", "script", "big_args", "double_fork"];

describe("a recording", live, () => {
  const folder = mkdtempSync(join(tmpdir(), "mayfly-recording-"));
  const file = join(folder, "life.mayfly");
  let collector: Collector;
  let lives: Life[];
  let recorder: Ended;

  before(async () => {
    collector = await Collector.start();
    recorder = await mayfly(["record", file], {
      meanwhile: async (child, stderr) => {
        await until(() => /watching|recording/.test(stderr()), 15_000, `recording; stderr: ${stderr()}`);
        lives = [];
        for (const program of PROGRAMS) lives.push(...livesOf(await runProgram(program)).values());
        child.kill("SIGINT");
      },
    });
    await collector.stop();
  });
  after(async () => {
    await collector?.kill();
    rmSync(folder, { recursive: true, force: true });
  });

  const replay = (path = file, ...args: string[]): Promise<Ended> =>
    mayfly(["replay", path, "--format", "ndjson", ...args]);

  test("is made by mayfly record until Ctrl-C, for the owner's eyes only", () => {
    assert.equal(recorder.code, 0, recorder.stderr);
    assert.equal(statSync(file).mode & 0o777, 0o600);
  });

  test("gives, replayed, the documents that were written live", async () => {
    const ended = await replay();
    assert.equal(ended.code, 0, ended.stderr);
    const replayed = documentsOf(ended);
    for (const life of lives) {
      const own = replayed.filter((document) => document.process?.entity_id === life.entityId);
      assert.deepEqual(
        own.map(comparable),
        collector.of(life.entityId).map(withoutLookedUp).map(comparable),
        life.role,
      );
    }
  });

  test("gives, replayed, documents that are true", async () => {
    const replayed = documentsOf(await replay(file, "--profile", "elastic"));
    for (const life of lives) {
      const own = replayed.filter((document) => document.process?.entity_id === life.entityId);
      const transitions = collector.of(life.entityId).map((document) => document.mayfly?.transitions ?? "");
      assertNone(differences(life, transitions, own, "elastic"));
    }
  });

  test("gives the same lines each time it is replayed", async () => {
    const [first, second] = [await replay(), await replay()];
    assert.equal(first.code, 0, first.stderr);
    const [before, after] = [stableLines(first), stableLines(second)];
    assert.equal(after.length, before.length);
    const changed = before.findIndex((line, place) => line !== after[place]);
    assert.equal(after[changed], before[changed]);
  });

  test("needs neither root nor a kernel to be replayed", async () => {
    const open = join(folder, "open.mayfly");
    copyFileSync(file, open);
    const args = ["--bounding-set", "-all", "--inh-caps", "-all", process.execPath];
    const ended = await command("setpriv", [...args, MAYFLY, "replay", open, "--format", "ndjson"]);
    assert.equal(ended.code, 0, ended.stderr);
    assert.ok(documentsOf(ended).length > 0);
  });

  test("that was cut off gives what is whole and says that the rest is missing", async () => {
    const cut = join(folder, "cut.mayfly");
    copyFileSync(file, cut);
    truncateSync(cut, statSync(file).size - 100);
    const ended = await replay(cut);
    assert.notEqual(ended.code, 0);
    assertSentence(ended, "cut.mayfly");
    assert.ok(documentsOf(ended).length > 0, "what is whole");
  });

  test("that was damaged in the middle is refused from there on", async () => {
    const damaged = join(folder, "damaged.mayfly");
    const bytes = readFileSync(file);
    bytes.fill(0xa5, bytes.length >> 1, (bytes.length >> 1) + 4096);
    writeFileSync(damaged, bytes);
    const ended = await replay(damaged);
    assert.notEqual(ended.code, 0);
    assertSentence(ended, "damaged.mayfly");
  });

  for (const [what, content] of [
    ["is empty", ""],
    ["is something else", "#!/bin/sh\necho this is no recording\n".repeat(50)],
  ] as const) {
    test(`that ${what} is refused`, async () => {
      const other = join(folder, "other.mayfly");
      writeFileSync(other, content);
      const ended = await replay(other);
      assert.notEqual(ended.code, 0);
      assert.equal(ended.stdout, "");
      assertSentence(ended, "other.mayfly");
    });
  }

  test("that is not there is refused", async () => {
    const ended = await replay(join(folder, "absent.mayfly"));
    assert.notEqual(ended.code, 0);
    assertSentence(ended, "absent.mayfly");
  });
});

function documentsOf({ stdout }: Ended): Document[] {
  return stdout
    .split("\n")
    .filter((line) => line !== "")
    .map(parseDocument);
}

/** Without what tells of the run that wrote the line, not of the recording. */
function stableLines({ stdout }: Ended): string[] {
  return stdout.replaceAll(/"(created|ephemeral_id)":"[^"]*"/g, "").split("\n");
}

/**
 * What must be equal in two collectors' documents of one life. Not the times, nor event.id, which opens with one, nor the CPU
 * time used until then: each collector has its own probes, which run one after the other, and its own samples of the clocks.
 */
function comparable({ process, mayfly, event, user, group }: Document): unknown {
  const { end: _, ...rest } = process ?? {};
  const { rusage, ...mayflyRest } = mayfly ?? {};
  const same = {
    ...{ process: rest, mayfly: mayflyRest, user, group },
    rusage: { ...rusage, user_ns: undefined, system_ns: undefined, involuntary_switches: undefined },
    event: { type: event?.type, action: event?.action, category: event?.category },
  };
  // Of the process, its parent and its leaders.
  return JSON.parse(JSON.stringify(same, (key, value: unknown) => (key === "start" ? undefined : value)));
}

function assertSentence({ stderr }: Ended, file: string): void {
  assert.ok(stderr.includes(file), `names the file: ${stderr}`);
  assert.doesNotMatch(stderr, /^\s+at .*\(.*:\d+:\d+\)/m, "no stack");
}
