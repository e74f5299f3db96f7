import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, readlinkSync, rmSync, statSync, symlinkSync, truncateSync } from "node:fs";
import { describe, test } from "node:test";
import { within } from "../harness/deadline.ts";
import { dpkgFiles, NAMESPACE, PackageRoot } from "./packages.fixture.ts";

const LIST = "var/lib/dpkg/info/tool.list";
const TOOL = dpkgFiles({ "tool 1": ["/bin/tool"] });

describe("a root that somebody else prepared", () => {
  test("is never left by its links: absolute ones and .. lead to itself", async (t) => {
    const outside = PackageRoot.make(t, dpkgFiles({ "secret 1": ["/bin/tool"] }));
    const up = "../".repeat(20);
    for (const target of [
      outside.at("var/lib/dpkg"),
      up + outside.at("var/lib/dpkg"),
      `/proc/self/root${outside.at("var/lib/dpkg")}`,
    ]) {
      const root = PackageRoot.make(t, { "var/lib/x": "" });
      symlinkSync(target, root.at("var/lib/dpkg"));
      assert.equal(await root.owner("/bin/tool"), undefined, target);
    }
  });

  test("is followed through links inside itself", async (t) => {
    const root = PackageRoot.make(t, TOOL);
    execFileSync("mv", [root.at("var"), root.at("data")]);
    symlinkSync("/../data", root.at("var"));
    execFileSync("mv", [root.at("data/lib/dpkg/status"), root.at("status")]);
    symlinkSync("../../../status", root.at("data/lib/dpkg/status"));
    assert.equal(await root.owner("/bin/tool"), "tool 1");
  });

  test("with links in a circle has no database", async (t) => {
    const root = PackageRoot.make(t);
    symlinkSync("var", root.at("var"));
    symlinkSync("lib", root.at("usr"));
    symlinkSync("usr", root.at("lib"));
    assert.equal(await within(root.owner("/bin/tool"), 5000, () => "in the circle"), undefined);
  });

  test("with a link of thousands of components is not walked to its end", async (t) => {
    const root = PackageRoot.make(t, { "a/b": "" });
    symlinkSync("a/../".repeat(800), root.at("var"));
    symlinkSync("../var/".repeat(500), root.at("a/c"));
    const started = performance.now();
    assert.equal(await root.owner("/bin/tool"), undefined);
    assert.ok(performance.now() - started < 5000);
  });

  test("with a fifo, a device or a directory for a file blocks nothing, and counts it", async (t) => {
    const makers: Record<string, (path: string) => void> = {
      fifo: (path) => execFileSync("mkfifo", [path]),
      directory: (path) => mkdirSync(path),
      device: (path) => execFileSync("mknod", [path, "c", "1", "5"], { stdio: "ignore" }),
    };
    for (const [kind, make] of Object.entries(makers)) {
      const root = PackageRoot.make(t, TOOL);
      rmSync(root.at(LIST));
      try {
        make(root.at(LIST));
      } catch {
        t.diagnostic(`${kind}: cannot be made here`);
        continue;
      }
      assert.equal(await within(root.owner("/bin/tool"), 5000, () => kind), undefined);
      assert.equal(root.databases.counters.unreadable, 1, kind);
    }
  });

  test("with a database beyond the bound is left out, and counts it", async (t) => {
    const root = PackageRoot.make(t, TOOL, 10_000);
    truncateSync(root.at(LIST), 10_000);
    assert.equal(await root.owner("/bin/tool"), undefined);
    assert.equal(root.databases.counters.oversized, 1);
  });

  test("keeps no file open after a lookup", async (t) => {
    const root = PackageRoot.make(t, TOOL);
    assert.equal(await root.owner("/bin/tool"), "tool 1");
    const open = readdirSync("/proc/self/fd", { withFileTypes: true }).map(({ name }) => linkOf(name));
    assert.deepEqual(
      open.filter((path) => path.startsWith(root.path)),
      [],
    );
  });

  test("is read once for many lookups at a time", async (t) => {
    const root = PackageRoot.make(t, TOOL);
    const owners = await Promise.all(Array.from({ length: 50 }, () => root.owner("/bin/tool")));
    assert.deepEqual(new Set(owners), new Set(["tool 1"]));
    assert.equal(root.databases.counters.reads, 1);
  });
});

describe("which root it is", () => {
  test("is told by mount namespace and directory; the one asked for longest ago makes room", async (t) => {
    const root = PackageRoot.make(t, TOOL);
    const other = PackageRoot.make(t, dpkgFiles({ "other 2": ["/bin/tool"] }));
    const third = PackageRoot.make(t);
    const { databases } = root;
    const nameIn = async (path: string): Promise<string | undefined> =>
      (await databases.lookup(path, NAMESPACE, "/bin/tool"))?.name;
    assert.equal(await nameIn(root.path), "tool");
    assert.equal(await nameIn(other.path), "other", "a chroot in the same mount namespace");
    assert.equal(await nameIn(third.path), undefined);
    assert.equal(databases.counters.evicted, 1);
    assert.equal(await nameIn(other.path), "other");
    assert.equal(databases.counters.reads, 3);
    assert.equal(await nameIn(root.path), "tool");
    assert.equal(databases.counters.reads, 4);
  });

  test("is that of the process with this mount namespace only", async (t) => {
    const root = PackageRoot.make(t);
    const child = spawn("sleep", ["60"], { stdio: "ignore" });
    t.after(() => child.kill("SIGKILL"));
    await once(child, "spawn");
    const namespace = statSync(`/proc/${child.pid}/ns/mnt`).ino;
    const { databases } = root;
    await databases.lookup(`/proc/${child.pid}/root`, namespace, "/bin/tool");
    assert.equal(databases.counters.unreachable, 0);
    assert.equal(await databases.lookup(`/proc/${child.pid}/root`, namespace + 1, "/bin/sh"), undefined);
    assert.equal(databases.counters.unreachable, 1, "a pid that was given again");
    child.kill("SIGKILL");
    await once(child, "exit");
    assert.equal(await databases.lookup(`/proc/${child.pid}/root`, namespace, "/bin/sh"), undefined);
    assert.equal(databases.counters.unreachable, 2, "it has ended");
  });
});

describe("a process in another mount namespace", () => {
  test("is asked for by the database that it sees", async (t) => {
    const theirs = PackageRoot.make(t, dpkgFiles({ "theirs 1": ["/bin/tool"] }));
    const mount = `mount --bind ${theirs.at("var/lib/dpkg")} /var/lib/dpkg && echo ready && exec sleep 60`;
    const child = spawn("unshare", ["--mount", "sh", "-c", mount], { stdio: ["ignore", "pipe", "ignore"] });
    t.after(() => child.kill("SIGKILL"));
    const ready = await Promise.race([
      once(child.stdout, "data").then(() => true),
      once(child, "exit").then(() => false),
    ]);
    if (!ready) {
      t.skip("mounting in a mount namespace of its own needs root, and a /var/lib/dpkg to mount on");
      return;
    }
    const { databases } = theirs;
    const namespace = statSync(`/proc/${child.pid}/ns/mnt`).ino;
    const own = statSync("/proc/self/ns/mnt").ino;
    assert.notEqual(namespace, own);
    const found = await databases.lookup(`/proc/${child.pid}/root`, namespace, "/bin/tool");
    assert.deepEqual(found, { name: "theirs", version: "1", type: "deb" });
    assert.equal(await databases.lookup("/", own, "/bin/tool"), undefined, "its root directory is ours all the same");
  });
});

describe("a database that changes all the time", () => {
  test("is not read again until twenty times the cost of the last reading have passed; until then nothing is said", async (t) => {
    const root = PackageRoot.make(t, TOOL);
    const { databases } = root;
    // A clock by which every reading takes a second.
    let reading = 0;
    Object.defineProperty(root, "now", { get: () => (databases.counters.reads > reading ? at + 1000 : at) });
    let at = Date.now() + 3_600_000;
    const settle = (): void => {
      reading = databases.counters.reads;
      at += 1000;
    };
    assert.equal(await root.owner("/bin/tool"), "tool 1");
    settle();
    root.write("var/lib/dpkg/status", "Package: tool\nStatus: install ok installed\nVersion: 2\n");
    at += 1000;
    assert.equal(await root.owner("/bin/tool"), undefined);
    assert.equal(databases.counters.postponed, 1);
    at += 20_000;
    assert.equal(await root.owner("/bin/tool"), "tool 2");
  });
});

function linkOf(descriptor: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`);
  } catch {
    return "";
  }
}
