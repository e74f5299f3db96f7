import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { programPath } from "../harness/checkout.ts";
import { Collector } from "../harness/collector.ts";
import { command } from "../harness/command.ts";
import { PATIENCE, within } from "../harness/deadline.ts";
import type { Document } from "../harness/document.ts";
import { HungFileSystem, hangs } from "../harness/hung_file_system.ts";
import { live } from "../harness/live.ts";
import { sha256 } from "../harness/sha256.ts";

const BURST = 500;
const SIZE = 5 * 1024 * 1024;
const FILES_MOST = 256;
/** The hold of the collector, and what a document may wait beyond it. */
const LATE_MS = 1000 + 1000;
const END_MS = 5000;
/** The documents beside: so many a second, until the burst is over. */
const RATE = 100;
const BESIDE = 1200;
/** Times that a file of the burst is executed again, half a second each, until its hash is known. */
const AGAIN = 20;
const TINY = programPath("tiny");

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "mayfly-burst-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** An executable of its own content. Most of it is a hole: it takes no disk, and as long to read as another one. */
function executable(path: string, size = SIZE): string {
  copyFileSync(TINY, path);
  truncateSync(path, size);
  writeFileSync(path, path, { flag: "a" });
  chmodSync(path, 0o755);
  return path;
}

/** From the beginning of the life until its document was made; the life is so short that it does not count. */
function latency({ event, ...document }: Document): number {
  return Date.parse(event?.created ?? "") - Date.parse(document["@timestamp"] ?? "");
}

function isOf(mark: string): (document: Document) => boolean {
  return ({ process: one }) => one?.args?.[1]?.startsWith(`${mark}.`) === true;
}

/** Processes that a process has started and not lost. */
function childrenOf(pid: number): readonly number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number);
}

function openFiles(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return 0; // it has ended
  }
}

async function start(t: TestContext): Promise<Collector> {
  const collector = await Collector.start();
  t.after(() => collector.kill());
  return collector;
}

test(
  `${BURST} executables of 5 MiB that nobody has seen hold up no other document, and few files are open`,
  live,
  async (t) => {
    const folder = folderOf(t);
    const files = Array.from({ length: BURST }, (_, index) => executable(join(folder, `never-${index}`)));
    const collector = await start(t);
    const mark = `beside-${process.pid}`;

    const children = childrenOf(collector.pid);
    assert.equal(children.length, 1, "the helper");
    let most = 0;
    const sampling = setInterval(() => {
      const open = [collector.pid, ...childrenOf(collector.pid)].map(openFiles).reduce((sum, count) => sum + count, 0);
      most = Math.max(most, open);
    }, 10);
    t.after(() => clearInterval(sampling));

    const beside = command(programPath("numbered"), [String(RATE), String(BESIDE), mark, TINY]);
    const burst = await command("/bin/sh", ["-c", `for file in ${folder}/never-*; do $file; done`]);
    assert.equal(burst.code, 0, burst.stderr);
    assert.equal((await beside).code, 0);
    // Late or not, the hashes are found out: a later process of such a file has it.
    const last = files.at(-1) ?? "";
    let again: Document | undefined;
    for (let turn = 0; turn < AGAIN && again?.process?.hash === undefined; turn++) {
      await command(last, [`again.${turn}`]);
      again = await collector.waitFor(({ process: one }) => one?.args?.[1] === `again.${turn}`, "the file once more");
    }
    clearInterval(sampling);
    const documents = await collector.stop();

    assert.equal(again?.process?.hash?.sha256, sha256(last));
    const late = documents.filter(isOf(mark)).map(latency);
    assert.equal(late.length, BESIDE);
    const worst = Math.max(...late);
    assert.ok(worst <= LATE_MS * PATIENCE, `one was ${worst} ms late`);
    t.diagnostic(`the worst of ${BESIDE} beside the burst was ${worst} ms late; ${most} files were open at most`);
    assert.ok(most > 10 && most <= FILES_MOST, `${most} files were open`);

    const told = new Map(documents.map((one) => [one.process?.executable, one]));
    for (const file of files) {
      const document = told.get(file) ?? assert.fail(`no document of ${file}`);
      const isPending = document.mayfly?.quality?.includes("hash_pending") === true;
      assert.equal(document.process?.hash === undefined, isPending, file);
    }
    for (const file of [files[0] ?? "", files[BURST / 2] ?? ""]) {
      const hash = told.get(file)?.process?.hash?.sha256;
      if (hash !== undefined) assert.equal(hash, sha256(file));
    }
  },
);

test("an executable on a file system that hangs holds up no other document, nor the end", hangs, async (t) => {
  let place = "";
  // Before the folder is removed, for these run in their order: who looks into it would hang too.
  t.after(() => spawnSync("umount", ["-l", place], { stdio: "ignore" }));
  const folder = folderOf(t);
  place = join(folder, "place");
  mkdirSync(place);
  const hung = executable(join(place, "hung"), 64 * 1024);
  const other = executable(join(folder, "other"), 64 * 1024);
  const fs = await HungFileSystem.mount(t, "stat");
  const collector = await start(t);
  const mark = `hung-${process.pid}`;

  // While the helper sleeps the process comes and goes, and its path begins to lead to the file system that hangs.
  const [helper] = childrenOf(collector.pid);
  assert.ok(helper !== undefined);
  process.kill(helper, "SIGSTOP");
  await command(hung, [`${mark}.hung`]);
  assert.equal(spawnSync("mount", ["--bind", fs.folder, place]).status, 0);
  await collector.waitFor(({ process: one }) => one?.executable === hung, "the process whose file hangs");
  process.kill(helper, "SIGCONT");
  await within(fs.hangs, 10_000, () => "the helper did not look for it");

  await command(programPath("numbered"), [String(RATE), String(RATE), mark, TINY]);
  await command(other, [`${mark}.other`]);
  await collector.waitFor(({ process: one }) => one?.executable === other, "the other executable");
  const began = performance.now();
  const documents = (await collector.stop("SIGTERM")).filter(isOf(mark));
  const ended = performance.now() - began;

  const of = (path: string): Document | undefined => documents.find(({ process: one }) => one?.executable === path);
  assert.ok(of(hung)?.mayfly?.quality?.includes("hash_pending"));
  assert.equal(of(other)?.process?.hash?.sha256, sha256(other), "hashed while the other one hangs");
  assert.equal(documents.length, RATE + 2);
  const worst = Math.max(...documents.map(latency));
  assert.ok(worst <= LATE_MS * PATIENCE, `one was ${worst} ms late`);
  assert.ok(ended <= END_MS * PATIENCE, `the end took ${ended} ms`);
});
