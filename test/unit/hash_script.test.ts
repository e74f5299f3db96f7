import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
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
import type { Pid, Ticks } from "../../src/record/record.ts";
import { until } from "../harness/deadline.ts";
import { sha256 } from "../harness/sha256.ts";
import { HashBench, identityOf, ranScript, said, startOf } from "./hash.fixture.ts";

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), "mayfly-script-"));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** Its ctime may lie in the same millisecond as now, and a clock that is asked next may be asked too soon. */
async function writeScript(path: string, text = "#!/bin/sh\nexit 0\n"): Promise<string> {
  writeFileSync(path, text, { mode: 0o755 });
  await until(() => Date.now() > statSync(path).ctimeMs + 1, 5_000, "time goes on");
  return path;
}

test("a script has its hash, while its process lives and after that", async (t) => {
  const bench = await HashBench.start(t);
  const path = await writeScript(join(folder(t), "script"));
  assert.equal(said(await bench.requestScript(ranScript(path))), sha256(path), "ended");
  const self = { pid: process.pid as Pid, startTicks: startOf(process.pid), interpreterPath: undefined };
  assert.equal(said(await bench.requestScript(ranScript(path, self))), sha256(path), "lives");
});

test("a script of a process that has ended is not looked for where another interpreter stands", async (t) => {
  const bench = await HashBench.start(t);
  const path = await writeScript(join(folder(t), "script"));
  const other = ranScript(path, { interpreter: { ...identityOf(process.execPath), inode: 1 } });
  assert.equal(said(await bench.requestScript(other)), "gone");
  assert.equal(said(await bench.requestScript(ranScript(path, { interpreterPath: undefined }))), "gone");
  const reused = ranScript(path, { pid: process.pid as Pid, startTicks: 1 as Ticks, interpreterPath: "/bin/none" });
  assert.equal(said(await bench.requestScript(reused)), "gone", "the pid is another's");
});

test("a script that was written, replaced or renamed after the exec has no hash", async (t) => {
  const bench = await HashBench.start(t);
  const dir = folder(t);
  const path = await writeScript(join(dir, "script"));
  const older = await writeScript(join(dir, "older"), "#!/bin/sh\nexit 1\n");
  utimesSync(older, 1, 1);
  await until(() => Date.now() > statSync(older).ctimeMs + 1, 5_000, "time goes on");
  const written = ranScript(path);
  await until(() => Date.now() > written.execMs + 20, 5_000, "the next tick");
  appendFileSync(path, "exit 2\n");
  assert.equal(said(await bench.requestScript(written)), "changed", "written");
  renameSync(older, path);
  assert.equal(said(await bench.requestScript({ ...written, execMs: written.execMs + 1 })), "changed", "replaced");
});

test("what does not begin with #! is no script, and its hash is not told", async (t) => {
  const bench = await HashBench.start(t);
  const dir = folder(t);
  for (const text of ["secret", "", "#", " #!/bin/sh"]) {
    const path = await writeScript(join(dir, `script${text.length}`), text);
    assert.equal(said(await bench.requestScript(ranScript(path))), "changed", JSON.stringify(text));
  }
});

test("a fifo, a device, a folder or a file that is too large is not opened", async (t) => {
  const bench = await HashBench.start(t, { maxFileSize: 1_000 });
  const dir = folder(t);
  execFileSync("mkfifo", [join(dir, "fifo")]);
  const writer = spawn("sh", ["-c", `echo x > ${dir}/fifo`], { stdio: "ignore" });
  t.after(() => writer.kill("SIGKILL"));
  const large = await writeScript(join(dir, "large"));
  truncateSync(large, 2 ** 30);
  await until(() => Date.now() > statSync(large).ctimeMs + 1, 5_000, "time goes on");
  assert.equal(said(await bench.requestScript(ranScript(join(dir, "fifo")))), "not_regular");
  assert.equal(said(await bench.requestScript(ranScript("/dev/zero"))), "not_regular");
  assert.equal(said(await bench.requestScript(ranScript(dir))), "not_regular");
  assert.equal(said(await bench.requestScript(ranScript(large))), "too_large");
  assert.equal(writer.exitCode, null, "nobody opened the fifo");
});

test("links on the way to a script are followed as the kernel follows them", async (t) => {
  const bench = await HashBench.start(t);
  const dir = folder(t);
  mkdirSync(join(dir, "a", "b"), { recursive: true });
  const path = await writeScript(join(dir, "a", "b", "script"));
  symlinkSync("a/b", join(dir, "relative"));
  symlinkSync(join(dir, "relative"), join(dir, "absolute"));
  symlinkSync("../../relative/./script", join(dir, "a", "b", "up"));
  symlinkSync("loop", join(dir, "loop"));
  await until(() => Date.now() > statSync(dir).ctimeMs + 1, 5_000, "time goes on");
  for (const way of ["relative/script", "absolute/script", "a/b/up", "a/../a//b/./script", "absolute/../b/script"]) {
    assert.equal(said(await bench.requestScript(ranScript(`${dir}/${way}`))), sha256(path), way);
  }
  assert.equal(said(await bench.requestScript(ranScript(`/../..${path}`))), sha256(path), "the root is the top");
  assert.equal(said(await bench.requestScript(ranScript(join(dir, "loop")))), "unreadable");
  assert.equal(said(await bench.requestScript(ranScript(join(dir, "a/b/script/x")))), "gone");
  assert.equal(said(await bench.requestScript(ranScript(`/${"x/../".repeat(300)}${path}`))), "gone");
});

test("a link that was put in place after the exec is not followed, nor one of /proc", async (t) => {
  const bench = await HashBench.start(t);
  const dir = folder(t);
  const older = await writeScript(join(dir, "older"));
  const path = await writeScript(join(dir, "script"), "#!/bin/sh\nexit 1\n");
  const ran = ranScript(path);
  await until(() => Date.now() > ran.execMs + 20, 5_000, "the next tick");
  unlinkSync(path);
  symlinkSync(older, path);
  assert.equal(said(await bench.requestScript(ran)), "changed");
  assert.equal(said(await bench.requestScript(ranScript(`/proc/self/root${older}`))), "unreadable");
  assert.equal(said(await bench.requestScript(ranScript("/dev/fd/0"))), "unreadable");
});

test("one look answers all who ran the script before it, and nobody who ran it after", async (t) => {
  const bench = await HashBench.start(t);
  const path = await writeScript(join(folder(t), "script"));
  const ran = ranScript(path);
  const first = bench.hasher.requestScript(ran);
  assert.equal(bench.hasher.requestScript({ ...ran, execMs: ran.execMs + 0.5 - 0.5 }), first, "under way");
  await bench.result(first);
  assert.equal(bench.hasher.requestScript(ran), first, "there");
  assert.notEqual(
    bench.hasher.requestScript({ ...ran, execMs: ran.execMs - 5 }),
    first,
    "ran before the look could judge",
  );
  const later = ranScript(path, { execMs: Date.now() + 1_000 });
  assert.notEqual(bench.hasher.requestScript(later), first, "ran after the look");
});
