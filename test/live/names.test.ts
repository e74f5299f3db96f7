import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { NameScope } from "../../src/enrich/names/answer.ts";
import { Names } from "../../src/enrich/names/names.ts";
import { namesDefaults } from "../../src/enrich/names/settings.ts";
import type { Pid } from "../../src/record/record.ts";
import { until } from "../harness/deadline.ts";
import { live } from "../harness/live.ts";
import { namespaceOf, settled } from "../unit/names.fixture.ts";

/* Names for processes whose root and user namespace are really others than the host's. */

function namesOf(t: TestContext): Names {
  const host = { mntNs: namespaceOf("self", "mnt"), userNs: namespaceOf("self", "user") };
  const names = new Names({ ...namesDefaults, host, checkMs: 50, onAnswer: () => undefined });
  t.after(() => names.close());
  names.start();
  return names;
}

/** A folder to be the root of others: the host's programs, and a passwd and group of its own. */
function makeRoot(t: TestContext): string {
  const root = mkdtempSync(join(tmpdir(), "mayfly-names-"));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  chmodSync(root, 0o755);
  for (const folder of ["etc", "usr", "jail/usr", "jail/etc"]) mkdirSync(join(root, folder), { recursive: true });
  for (const top of [root, join(root, "jail")])
    for (const name of ["bin", "sbin", "lib", "lib64"]) symlinkSync(`usr/${name}`, join(top, name));
  writeFileSync(join(root, "etc/passwd"), "croot:x:0:0::/:/bin/sh\nfive:x:5:5::/:/bin/sh\n");
  writeFileSync(join(root, "etc/group"), "cwheel:x:0:\n");
  writeFileSync(join(root, "jail/etc/passwd"), "jailed:x:0:0::/:/bin/sh\n");
  return root;
}

/** Makes `root` a mount, with the host's programs in it; for a shell in a mount namespace of its own. */
function mounts(root: string): string {
  return `mount --make-rprivate / && mount --rbind ${root} ${root} && mount --rbind /usr ${root}/usr`;
}

function shell(t: TestContext, unshare: readonly string[], script: string): ChildProcess {
  const child = spawn("unshare", [...unshare, "sh", "-c", script], { stdio: ["pipe", "inherit", "inherit"] });
  t.after(() => child.kill("SIGKILL"));
  return child;
}

/** The process as mayfly meets it, once it is where its script brings it. */
async function scopeOf(pid: number, isReady: () => boolean): Promise<NameScope> {
  await until(isReady, 20_000, `process ${pid} is where it should be`);
  return { mntNs: namespaceOf(pid, "mnt"), userNs: namespaceOf(pid, "user"), pid: pid as Pid };
}

async function inside(child: ChildProcess, root: string): Promise<NameScope> {
  const pid = child.pid ?? 0;
  return scopeOf(pid, () => isAt(pid, root) && readFileSync(`/proc/${pid}/comm`, "latin1") === "sleep\n");
}

function isAt(pid: number, root: string): boolean {
  try {
    return readlinkSync(`/proc/${pid}/root`) === root;
  } catch {
    return false;
  }
}

test("a process with a root of its own has the names of that root, and follows its changes", live, async (t) => {
  const [names, root] = [namesOf(t), makeRoot(t)];
  const scope = await inside(shell(t, ["-m"], `${mounts(root)} && exec chroot ${root} sleep 1000`), root);
  assert.equal(await settled(() => names.user(0, scope), "user 0"), "croot");
  assert.equal(await settled(() => names.group(0, scope), "group 0"), "cwheel");
  assert.equal(await settled(() => names.user(6, scope), "user 6"), null);
  writeFileSync(join(root, "etc/passwd"), "renamed:x:0:0::/:/bin/sh\nsix:x:6:6::/:/bin/sh\n");
  await until(() => names.user(0, scope) === "renamed" && names.user(6, scope) === "six", 5000, "the new names");
  await until(() => names.user(5, scope) === null, 5000, "five is gone");
});

test("in a user namespace besides, an id is the one inside", live, async (t) => {
  const [names, root] = [namesOf(t), makeRoot(t)];
  const inner = `${mounts(root)} && exec chroot ${root} sleep 1000`;
  const child = shell(t, ["-U"], `read go; exec unshare -m sh -c '${inner}'`);
  const pid = child.pid ?? 0;
  await until(() => namespaceOf(pid, "user") !== namespaceOf("self", "user"), 20_000, "a user namespace");
  writeFileSync(`/proc/${pid}/uid_map`, "0 0 1\n1 200001 65535\n");
  writeFileSync(`/proc/${pid}/gid_map`, "0 0 1\n");
  child.stdin?.write("go\n");
  const scope = await inside(child, root);
  assert.equal(await settled(() => names.user(200_005, scope), "user 200005"), "five");
  assert.equal(await settled(() => names.user(0, scope), "user 0"), "croot");
  assert.equal(await settled(() => names.user(5, scope), "user 5"), null, "not mapped: nobody in there");
  assert.equal(await settled(() => names.group(200_005, scope), "group 200005"), null);
});

test("a mount namespace with the host's root has the host's names", live, async (t) => {
  const names = namesOf(t);
  const scope = await inside(shell(t, ["-m"], "exec sleep 1000"), "/");
  const name = execFileSync("id", ["-un", "0"], { encoding: "utf8" }).trim();
  assert.equal(await settled(() => names.user(0, scope), "user 0"), name);
  assert.equal(await settled(() => names.user(3_999_999_999, scope), "user 3999999999"), null);
  assert.ok(names.counters.getentRuns > 0, "NSS was asked too");
});

test("a server that locked itself into a folder does not name its namespace", live, async (t) => {
  const [names, root] = [namesOf(t), makeRoot(t)];
  const jail = `${root}/jail`;
  const script = `${mounts(root)} && mount --rbind /usr ${jail}/usr && (chroot ${jail} sleep 1000 & echo $! > ${root}/pid) && exec chroot ${root} sleep 1000`;
  const child = shell(t, ["-m"], script);
  const scope = await inside(child, root);
  const jailed = Number(readFileSync(join(root, "pid"), "utf8"));
  t.after(() => process.kill(jailed, "SIGKILL"));
  const jailedScope = await scopeOf(jailed, () => isAt(jailed, jail));
  assert.equal(names.user(0, jailedScope), undefined);
  await until(() => names.counters.rootGone > 0, 5000, "its root was looked at");
  assert.equal(names.user(0, jailedScope), undefined);
  assert.equal(await settled(() => names.user(0, scope), "user 0"), "croot");
});

test("links and fifos below another root lead nowhere", live, async (t) => {
  const [names, root] = [namesOf(t), makeRoot(t)];
  rmSync(join(root, "etc/passwd"));
  rmSync(join(root, "etc/group"));
  const secret = makeRoot(t);
  symlinkSync(`${secret}/etc/passwd`, join(root, "etc/passwd"));
  execFileSync("mkfifo", [join(root, "etc/group")]);
  const scope = await inside(shell(t, ["-m"], `${mounts(root)} && exec chroot ${root} sleep 1000`), root);
  assert.equal(await settled(() => names.user(0, scope), "user 0"), null);
  assert.equal(await settled(() => names.group(0, scope), "group 0"), null);
  assert.ok(names.counters.rootFilesRefused > 0);
  assert.equal(names.counters.rootTimeouts, 0);
});

const fuse = { skip: live.skip || (!existsSync("/dev/fuse") && "needs /dev/fuse") };

test("a root on a filesystem that hangs costs its namespace the names, and nobody else anything", fuse, async (t) => {
  const [names, root, other] = [namesOf(t), makeRoot(t), makeRoot(t)];
  const healthy = await inside(shell(t, ["-m"], `${mounts(other)} && exec chroot ${other} sleep 1000`), other);
  // Nobody answers on the other side: the first access waits for ever.
  const hang = `exec 9<>/dev/fuse && mount -i -t fuse -o fd=9,rootmode=40000,user_id=0,group_id=0 hung ${root}/etc`;
  const hung = await inside(shell(t, ["-m"], `${mounts(root)} && ${hang} && exec chroot ${root} sleep 1000`), root);
  assert.equal(names.user(0, hung), undefined);
  assert.equal(await settled(() => names.user(0, healthy), "user 0 beside it"), "croot");
  assert.equal(await settled(() => names.user(0, hung), "user 0"), null);
  assert.equal(names.counters.rootTimeouts, 1);
  assert.equal(names.user(1, hung), null, "given up");
});
