import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { Worker } from "node:worker_threads";
import { Descriptors, findBelow, Refused, readFound } from "../../src/enrich/names/below_root.ts";

/** A folder that stands for the root of somebody else, with a secret beside it. */
function makeRoot(t: TestContext, make: (root: string) => void): string {
  const folder = mkdtempSync(join(tmpdir(), "mayfly-root-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, "secret"), "secret");
  mkdirSync(join(folder, "root"));
  make(join(folder, "root"));
  return join(folder, "root");
}

function put(root: string, path: string, text = path): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

function link(root: string, path: string, target: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  symlinkSync(target, join(root, path));
}

function readBelow(root: string, path = "/etc/passwd", max = 1000): string {
  const descriptors = new Descriptors("/proc");
  try {
    const found = findBelow(descriptors, descriptors.folder(root), path);
    return readFound(descriptors, found, max).toString();
  } finally {
    descriptors.close();
  }
}

test("a file is found below the root, also by links as a process there would follow them", (t) => {
  const root = makeRoot(t, (folder) => {
    put(folder, "etc/passwd");
    put(folder, "usr/lib/real");
    link(folder, "absolute", "/etc/passwd");
    link(folder, "relative", "etc/../etc/./passwd");
    link(folder, "lib", "usr/lib");
    link(folder, "usr/lib/up", "../../../../etc//passwd");
  });
  assert.equal(readBelow(root), "etc/passwd");
  assert.equal(readBelow(root, "/absolute"), "etc/passwd");
  assert.equal(readBelow(root, "/relative"), "etc/passwd");
  assert.equal(readBelow(root, "/lib/real"), "usr/lib/real");
  assert.equal(readBelow(root, "/lib/up"), "etc/passwd");
});

test("no link leads out of the root", (t) => {
  const root = makeRoot(t, (folder) => {
    const secret = join(dirname(folder), "secret");
    link(folder, "etc/passwd", secret);
    link(folder, "etc/up", "../../secret");
    link(folder, "etc/further", "../../../../../../../../../../../../etc/hostname");
    link(folder, "folder", dirname(folder));
    link(folder, "process", "/proc/self/root");
    link(folder, "descriptor", `/proc/self/cwd`);
  });
  for (const path of [
    "/etc/passwd",
    "/etc/up",
    "/etc/further",
    "/folder/secret",
    "/process/etc/passwd",
    "/descriptor/a",
  ])
    assert.throws(() => readBelow(root, path), { code: "ENOENT" }, path);
});

test("what is no regular file is refused, and nobody waits for a fifo", (t) => {
  const root = makeRoot(t, (folder) => {
    mkdirSync(join(folder, "etc/folder"), { recursive: true });
    execFileSync("mkfifo", [join(folder, "etc/fifo")]);
    link(folder, "etc/loop", "loop");
    link(folder, "etc/one", "two");
    link(folder, "etc/two", "one");
    link(folder, "etc/fifo-link", "/etc/fifo");
    put(folder, "etc/file");
    truncateSync(join(folder, "etc/file"), 1001);
  });
  const paths = ["/etc/folder", "/etc/fifo", "/etc/loop", "/etc/one", "/etc/fifo-link", "/etc/file", "/etc/file/below"];
  for (const path of paths) assert.throws(() => readBelow(root, path), Refused, path);
  assert.throws(() => readBelow("/dev", "/null"), Refused);
  assert.throws(() => readBelow("/proc", "/version", 1 << 20), Refused, "a read of it may do something");
});

test("no descriptor is left open", (t) => {
  const root = makeRoot(t, (folder) => link(folder, "etc/loop", "loop"));
  const before = readdirSync("/proc/self/fd").length;
  for (let times = 0; times < 50; times++) assert.throws(() => readBelow(root, "/etc/loop"));
  assert.ok(readdirSync("/proc/self/fd").length <= before + 5);
});

test("a folder that is swapped for a link while the path is walked does not lead out", async (t) => {
  const root = makeRoot(t, (folder) => {
    put(folder, "etc/secret", "inside");
    link(folder, "evil", dirname(folder));
  });
  const swapper = new Worker(
    `const { renameSync } = require("node:fs"); const root = ${JSON.stringify(root)};
     for (;;) {
       renameSync(root + "/etc", root + "/kept"); renameSync(root + "/evil", root + "/etc");
       renameSync(root + "/etc", root + "/evil"); renameSync(root + "/kept", root + "/etc");
     }`,
    { eval: true },
  );
  const seen = new Map<string, number>();
  for (const end = Date.now() + 1000; Date.now() < end; ) {
    const text = attempt(() => readBelow(root, "/etc/secret"));
    seen.set(text, (seen.get(text) ?? 0) + 1);
  }
  await swapper.terminate();
  t.diagnostic(JSON.stringify([...seen]));
  assert.equal(seen.get("secret"), undefined);
  assert.ok(seen.size > 1, "the folder was swapped between the reads");
});

function attempt(read: () => string): string {
  try {
    return read();
  } catch (error) {
    return error instanceof Error && "code" in error ? String(error.code) : String(error);
  }
}
