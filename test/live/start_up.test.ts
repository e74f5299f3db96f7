import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { Collector } from "../harness/collector.ts";
import { until } from "../harness/deadline.ts";
import { assertNone } from "../harness/differences.ts";
import type { Document } from "../harness/document.ts";
import { differences } from "../harness/expect.ts";
import { type Life, livesOf, testProcess } from "../harness/life.ts";
import { live } from "../harness/live.ts";
import { Program, runProgram, type Told } from "../harness/program.ts";

/*
 * Three collectors, one after the other, share a state folder and see one long life: the first its start, the second finds
 * it, the third finds it and sees its end. A process that was there before all of them is found by the first.
 */
describe("a start-up scan", live, () => {
  const state = mkdtempSync(join(tmpdir(), "mayfly-state-"));
  const options = { state } as const;
  const collectors: Collector[] = [];
  const programs: Program[] = [];
  const shell = spawn("/bin/sh", ["-c", "read go; exec sleep 60"], { stdio: ["pipe", "ignore", "ignore"] });
  let early: Life;
  let long: Life;
  let child: Life;

  before(async () => {
    const before = await startExisting("3");
    collectors.push(await Collector.start(options));
    const during = await startExisting("9");
    const told: Told[] = [await runProgram("fork_exec_exit")];
    await collectors[0]?.waitFor(
      (document) => document.process?.pid === during.selves[0]?.pid,
      "the long life's start",
    );
    await collectors[0]?.stop();

    await until(() => readlinkSync(`/proc/${shell.pid}/exe`) !== process.execPath, 5000, "the shell has started");
    collectors.push(await Collector.start(options));
    await collectors[1]?.stop();
    shell.stdin.write("\n");
    await until(() => readlinkSync(`/proc/${shell.pid}/exe`).endsWith("sleep"), 5000, "the shell has become sleep");

    collectors.push(await Collector.start(options));
    told.push(await before.end(), await during.end());
    await collectors[2]?.stop();
    const [family, first, second] = told.map((one) => livesOf(one));
    early = existing(first?.get("main"));
    long = existing(second?.get("main"));
    child = existing(family?.get("child"));
  });
  after(async () => {
    for (const program of [...programs, shell]) program.kill();
    await Promise.all(collectors.map((collector) => collector.kill()));
    rmSync(state, { recursive: true, force: true });
  });

  async function startExisting(code: string): Promise<Program> {
    const program = new Program("existing", [code]);
    programs.push(program);
    await program.until(({ selves }) => selves.length > 0);
    return program;
  }

  const documentsOf = (place: number, life: Life): readonly Document[] => collectors[place]?.of(life.entityId) ?? [];

  test("finds a process that was there before, once, with all that can be known of it", () => {
    assertNone(differences(withoutEnd(early), ["found"], documentsOf(0, early), "lifecycle"));
  });

  test("gives a process the same entity id as when it was seen live", () => {
    assertNone(differences(withoutEnd(long), ["fork+exec"], documentsOf(0, long), "lifecycle"));
    assertNone(differences(withoutEnd(long), ["found"], documentsOf(1, long), "lifecycle"));
  });

  test("lets the end of a found process be told in full", () => {
    for (const life of [early, long]) {
      assertNone(differences(life, ["found", "end"], documentsOf(2, life), "lifecycle"));
    }
  });

  test("gives an unchanged process the same event.id after a restart, and the same process.start", () => {
    const [second] = documentsOf(1, long);
    const [third] = documentsOf(2, long);
    assert.ok(second?.event?.id !== undefined);
    assert.equal(third?.event?.id, second.event.id);
    const starts = [0, 1, 2].flatMap((place) => documentsOf(place, long).map((one) => one.process?.start));
    assert.equal(new Set(starts).size, 1, String(starts));
  });

  test("gives a process that became another while nobody watched a new event.id", () => {
    const ofShell = (document: Document): boolean => document.process?.pid === shell.pid;
    const [before, later] = [collectors[1]?.documents.find(ofShell), collectors[2]?.documents.find(ofShell)];
    assert.equal(before?.process?.args?.[0], "/bin/sh");
    assert.equal(later?.process?.name, "sleep");
    assert.equal(later?.process?.entity_id, before?.process?.entity_id);
    assert.notEqual(later?.event?.id, before?.event?.id);
  });

  test("knows the parent of what starts later", () => {
    const [document] = documentsOf(0, child);
    assert.equal(document?.process?.Ext?.ancestry?.[1], testProcess.entityId);
    const [parent] = collectors[0]?.of(testProcess.entityId) ?? [];
    assert.equal(parent?.mayfly?.transitions, "found");
  });

  test("finds every process once", () => {
    for (const collector of collectors) {
      const found = collector.documents.filter((document) => document.mayfly?.transitions === "found");
      const ids = found.map((document) => document.process?.entity_id);
      assert.ok(ids.length > 3, `${ids.length} found`);
      assert.equal(new Set(ids).size, ids.length);
      assert.ok(ids.includes(testProcess.entityId));
    }
  });

  test("is left out with --no-snapshot", async () => {
    const collector = await Collector.start({ snapshot: false });
    await runProgram("fork_only");
    const documents = await collector.stop();
    assert.equal(documents.filter((document) => document.mayfly?.transitions === "found").length, 0);
  });
});

function existing(life: Life | undefined): Life {
  if (life === undefined) throw new Error("the program told nothing");
  return life;
}

function withoutEnd(life: Life): Life {
  return { ...life, status: undefined, death: undefined };
}
