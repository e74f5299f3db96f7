import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { after, before, describe, test } from "node:test";
import { Collector } from "../harness/collector.ts";
import { command } from "../harness/command.ts";
import type { Document } from "../harness/document.ts";
import { live } from "../harness/live.ts";

/* Secrets in the arguments of real processes: of one that runs before mayfly does, of one that starts later, and of their children. */

const MARK = `redaction-${process.pid}`;
const FOUND_SECRET = `found${process.pid}hunter2`;
const STARTED_SECRET = `started${process.pid}hunter2`;

/** Forks a child, which is not the last command: a shell would exec that in its own place. */
const SCRIPT = "/bin/true; exit 0";

describe("secrets in arguments", live, () => {
  let collector: Collector;
  let runs: ChildProcess;
  let documents: readonly Document[] = [];

  before(async () => {
    // Lives until its standard input ends.
    const waiting = ["-c", `read line; ${SCRIPT}`, MARK, "--token", FOUND_SECRET];
    runs = spawn("/bin/sh", waiting, { stdio: ["pipe", "ignore", "ignore"] });
    await once(runs, "spawn");
    collector = await Collector.start();
    await command("/bin/sh", ["-c", SCRIPT, MARK, `--password=${STARTED_SECRET}`]);
    const ended = once(runs, "exit");
    runs.stdin?.end();
    await ended;
    documents = await collector.stop();
  });
  after(async () => {
    runs.kill("SIGKILL");
    await collector.kill();
  });

  const ofStarted = (): Document[] => documents.filter((one) => one.process?.args?.at(-1) === "--password=[redacted]");
  const ofFound = (): Document[] => documents.filter((one) => one.process?.args?.at(-2) === "--token");

  test("stand nowhere in what the collector writes", () => {
    assert.ok(documents.length > 0);
    const written = JSON.stringify(documents) + collector.stderr;
    assert.ok(!written.includes(STARTED_SECRET));
    assert.ok(!written.includes(FOUND_SECRET));
  });

  test("are replaced in a process that starts, which says so", () => {
    const [document] = ofStarted();
    assert.equal(document?.process?.command_line, `/bin/sh -c ${SCRIPT} ${MARK} --password=[redacted]`);
    assert.equal(document?.process?.args_count, 5);
    assert.ok(document?.mayfly?.quality?.includes("redacted"));
  });

  test("are replaced in a process that was there before, which says so", () => {
    const document = ofFound().find(({ mayfly }) => mayfly?.transitions === "found");
    assert.equal(document?.process?.args?.at(-1), "[redacted]");
    assert.ok(document?.mayfly?.quality?.includes("redacted"));
  });

  test("are replaced in what their children tell of the parent, and the child's document says so", () => {
    for (const parent of [ofStarted()[0], ofFound()[0]]) {
      const id = parent?.process?.entity_id;
      const child = documents.find((one) => one.process?.parent?.entity_id === id && one.process?.name === "true");
      assert.deepEqual(child?.process?.parent?.args, parent?.process?.args);
      assert.equal(child?.process?.parent?.command_line, parent?.process?.command_line);
      assert.ok(child?.mayfly?.quality?.includes("redacted"));
    }
  });

  test("leave alone who has none", () => {
    const plain = documents.filter((one) => one.mayfly?.quality?.includes("redacted") !== true);
    assert.ok(plain.length > 0);
    assert.ok(!JSON.stringify(plain).includes("[redacted]"));
  });
});
