import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { Pid } from "../../src/record/record.ts";
import { until } from "../harness/deadline.ts";
import { sha256 } from "../harness/sha256.ts";
import { executed, HashBench, identityOf, NOBODY, said } from "./hash.fixture.ts";

const SLEEP = realpathSync("/bin/sleep");

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), "mayfly-hash-"));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** A process of `path` that lives until the test ends. */
async function living(t: TestContext, path: string): Promise<ChildProcess & { readonly pid: number }> {
  const child = spawn(path, ["1000"], { stdio: "ignore" });
  t.after(() => child.kill("SIGKILL"));
  await until(
    () => child.pid !== undefined && identityOf(`/proc/${child.pid}/exe`).inode === identityOf(path).inode,
    5_000,
    path,
  );
  return child as ChildProcess & { readonly pid: number };
}

test("an executable has the hashes that were asked for, once its process has ended too", async (t) => {
  const bench = await HashBench.start(t, { types: ["md5", "sha1", "sha256", "sha512"] });
  const result = await bench.request(executed(SLEEP));
  const truth = (tool: string): string => execFileSync(tool, [SLEEP], { encoding: "utf8" }).split(" ")[0] ?? "";
  assert.deepEqual(result, {
    kind: "hashed",
    hashes: { md5: truth("md5sum"), sha1: truth("sha1sum"), sha256: truth("sha256sum"), sha512: truth("sha512sum") },
  });
});

test("one file is read once, whoever asks and whenever", async (t) => {
  const bench = await HashBench.start(t);
  const first = bench.hasher.request(executed(SLEEP));
  assert.equal(bench.hasher.request(executed(SLEEP)), first, "while it is under way");
  await bench.result(first);
  assert.equal(bench.hasher.request(executed(SLEEP)), first, "when it is there");
  assert.equal(first.result && said(first.result), sha256(SLEEP));
  assert.deepEqual(bench.settled, [first]);
  const { hashed, cacheHits, bytes } = bench.hasher.counters;
  assert.deepEqual({ hashed, cacheHits, bytes }, { hashed: 1, cacheHits: 2, bytes: statSync(SLEEP).size });
});

test("a file that was written anew at the same path and size has its new hash", async (t) => {
  const bench = await HashBench.start(t);
  const path = join(folder(t), "program");
  writeFileSync(path, "one");
  const before = executed(path);
  assert.equal(said(await bench.request(before)), sha256(path));
  writeFileSync(path, "two");
  await until(() => identityOf(path).ctimeNanos !== before.file.ctimeNanos || rewrite(path), 5_000, "a new ctime");
  assert.equal(said(await bench.request(executed(path))), sha256(path));
});

/** Within one tick of an old kernel's clock a second write has no ctime of its own. */
function rewrite(path: string): boolean {
  writeFileSync(path, "two");
  return false;
}

test("an executable that was replaced has no hash, whatever was done to look the same", async (t) => {
  const bench = await HashBench.start(t);
  const dir = folder(t);
  const path = join(dir, "program");
  copyFileSync(SLEEP, path);
  const ran = executed(path);
  const times = statSync(path);
  copyFileSync(SLEEP, join(dir, "other"));
  utimesSync(join(dir, "other"), times.atime, times.mtime);
  renameSync(join(dir, "other"), path);
  assert.equal(said(await bench.request(ran)), "changed");
  assert.equal(bench.hasher.counters.none.changed, 1);
});

test("a deleted executable is hashed while its process lives", async (t) => {
  const bench = await HashBench.start(t);
  const path = join(folder(t), "program");
  copyFileSync(SLEEP, path);
  chmodSync(path, 0o755);
  const hash = sha256(path);
  const child = await living(t, path);
  unlinkSync(path);
  const file = identityOf(`/proc/${child.pid}/exe`);
  assert.equal(file.nlink, 0);
  assert.equal(said(await bench.request(executed(path, { pid: child.pid as Pid, deleted: true, file }))), hash);
});

test("a file of which nothing is left is gone", async (t) => {
  const bench = await HashBench.start(t);
  const path = join(folder(t), "program");
  copyFileSync(SLEEP, path);
  const ran = executed(path);
  unlinkSync(path);
  assert.equal(said(await bench.request(ran)), "gone");
});

test("a pid that is another's by now leads nowhere, and the path is taken", async (t) => {
  const bench = await HashBench.start(t);
  assert.equal(said(await bench.request(executed(SLEEP, { pid: process.pid as Pid }))), sha256(SLEEP));
});

test("that there was no hash is forgotten after a second", async (t) => {
  let now = 0;
  const bench = await HashBench.start(t, { now: () => now });
  const path = join(folder(t), "program");
  copyFileSync(SLEEP, path);
  const ran = executed(path, { path: `${path}.elsewhere` });
  assert.equal(said(await bench.request(ran)), "gone");
  assert.equal(said(await bench.request({ ...ran, path })), "gone", "at once");
  now = 1_001;
  assert.equal(said(await bench.request({ ...ran, path })), sha256(SLEEP), "later");
});

test("a file above the limit is not opened", async (t) => {
  const bench = await HashBench.start(t);
  const path = join(folder(t), "program");
  writeFileSync(path, "");
  truncateSync(path, 2 ** 30);
  assert.deepEqual(bench.hasher.request(executed(path)).result, { kind: "none", reason: "too_large" });
  assert.equal(bench.hasher.counters.bytes, 0);
});

test("a file that grows or changes while it is read has no hash", async (t) => {
  const bench = await HashBench.start(t);
  const path = join(folder(t), "program");
  writeFileSync(path, Buffer.alloc(64 * 1024 * 1024));
  const results: string[] = [];
  // What is written once may come just before the first look or after the last; both are right, and then it is tried again.
  for (const end = Date.now() + 20_000; !results.includes("changed") && Date.now() < end; ) {
    const hash = sha256(path);
    const asked = bench.request(executed(path));
    chmodSync(path, 0o700 + (results.length % 8));
    const result = said(await asked);
    assert.ok(result === "changed" || result === hash, result);
    results.push(result);
  }
  assert.ok(results.includes("changed"), results.join());
});

test("a fifo, a device or a folder at the path of an executable is not opened", async (t) => {
  const bench = await HashBench.start(t);
  const dir = folder(t);
  const ran = executed(SLEEP);
  const fifo = join(dir, "fifo");
  execFileSync("mkfifo", [fifo]);
  // A writer that waits for a reader would be let go by an open of ours.
  const writer = spawn("sh", ["-c", `echo x > ${fifo}`], { stdio: "ignore" });
  t.after(() => writer.kill("SIGKILL"));
  for (const [index, path] of [fifo, "/dev/zero", dir].entries()) {
    const file = { ...ran.file, mtimeNanos: index + 1 };
    assert.equal(said(await bench.request({ ...ran, path, file })), "not_regular", path);
  }
  const file = { ...ran.file, mtimeNanos: 10 };
  symlinkSync(fifo, join(dir, "link"));
  assert.equal(said(await bench.request({ ...ran, path: join(dir, "link"), file })), "not_regular");
  assert.equal(writer.exitCode, null);
});

test("a link in place of an executable is not followed, even to a file that ran", async (t) => {
  const bench = await HashBench.start(t);
  const dir = folder(t);
  symlinkSync(SLEEP, join(dir, "program"));
  assert.equal(said(await bench.request({ ...executed(SLEEP), path: join(dir, "program") })), "not_regular");
});

test("paths that cannot be are gone, and harm nobody else", async (t) => {
  const bench = await HashBench.start(t);
  const { file } = executed(SLEEP);
  const paths = ["/", `/${"x".repeat(5_000)}`, "/no/such\nfile", "/proc/self/mem/x", "relative", "/\u0000x", "/\ud800"];
  for (const [index, path] of paths.entries()) {
    const result = await bench.request(executed(SLEEP, { path, file: { ...file, mtimeNanos: index + 1 } }));
    assert.ok(["gone", "not_regular", "unreadable"].includes(said(result)), `${JSON.stringify(path)}: ${said(result)}`);
  }
  assert.equal(said(await bench.request(executed(SLEEP))), sha256(SLEEP));
  assert.equal(bench.helper.counters.restarts, 0);
});

test("when too many files wait, the next has no hash, and all others have", async (t) => {
  const bench = await HashBench.start(t);
  const dir = folder(t);
  mkdirSync(dir, { recursive: true });
  const path = join(dir, "program");
  copyFileSync(SLEEP, path);
  const ran = executed(path, { pid: NOBODY });
  const tickets = Array.from({ length: 5_000 }, (_, index) =>
    bench.hasher.request({ ...ran, file: { ...ran.file, mtimeNanos: index + 1 } }),
  );
  const results = (await Promise.all(tickets.map((ticket) => bench.result(ticket)))).map(said);
  // Four are in work, 4,096 wait.
  assert.equal(results.filter((result) => result === "overload").length, 900);
  assert.equal(results.filter((result) => result === "changed").length, 4_100);
  assert.equal(bench.hasher.counters.none.overload, 900);
});
