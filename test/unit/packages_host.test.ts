import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, realpathSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { PackageDatabases } from "../../src/enrich/packages/package_databases.ts";

/* This machine's own database against the tools of its distribution. */

const skip = !existsSync("/var/lib/dpkg/status") && "no dpkg on this machine";
const NAMESPACE = statSync("/proc/self/ns/mnt").ino;

/** Real paths of programs, evenly spread over the folders. */
function programs(count: number): string[] {
  const all = ["/usr/bin", "/usr/sbin", "/usr/lib/git-core", "/usr/libexec"].filter(existsSync).flatMap((folder) =>
    readdirSync(folder)
      .map((name) => join(folder, name))
      .filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile()),
  );
  const real = [...new Set(all.map((path) => realpathSync(path)))].sort();
  const step = Math.max(1, Math.floor(real.length / count));
  return real.filter((_, at) => at % step === 0);
}

/** Path -> `name version`, as dpkg tells it. */
function byDpkg(paths: readonly string[]): Map<string, string> {
  const versions = new Map<string, string>();
  for (const line of output("dpkg-query", ["-W", "-f=${binary:Package} ${Package} ${Version}\\n"])) {
    const [instance, name, version] = line.split(" ");
    for (const key of [instance as string, name as string]) versions.set(key, `${name} ${version}`);
  }
  const owners = new Map<string, string>();
  // dpkg -S knows nothing of merged folders: /usr/bin/ls may be listed as /bin/ls.
  for (const line of output("dpkg", ["-S", ...paths, ...paths.map((path) => path.replace(/^\/usr/, ""))])) {
    const at = line.lastIndexOf(": ");
    const owner = versions.get(line.slice(0, at));
    const listed = line.slice(at + 2);
    const path = paths.includes(listed) ? listed : `/usr${listed}`;
    if (owner !== undefined && paths.includes(path)) owners.set(path, owner);
  }
  return owners;
}

/** Lines; dpkg exits with 1 when it does not find one of the paths. */
function output(command: string, args: readonly string[]): string[] {
  return spawnSync(command, args, { encoding: "utf8", maxBuffer: 64 << 20 }).stdout.split("\n");
}

describe("the packages of this machine", { skip }, () => {
  test("are those that dpkg -S and dpkg-query name, for 50 programs", async (t) => {
    const databases = new PackageDatabases({ maxRoots: 1, maxBytes: 256 << 20, now: Date.now });
    const sample = programs(50);
    const truth = byDpkg(sample);
    for (const path of sample) {
      const found = await databases.lookup("/", NAMESPACE, path);
      assert.equal(found && `${found.name} ${found.version}`, truth.get(path), path);
    }
    assert.ok(truth.size > 0, "some of them belong to a package");
    t.diagnostic(`${truth.size} of ${sample.length} programs belong to a package`);
    assert.equal(databases.counters.damaged, 0);
  });

  test("are told through a process's root as through our own, from one index", async () => {
    const databases = new PackageDatabases({ maxRoots: 2, maxBytes: 256 << 20, now: Date.now });
    const shell = realpathSync("/bin/sh");
    const own = await databases.lookup("/", NAMESPACE, shell);
    assert.deepEqual(await databases.lookup(`/proc/${process.pid}/root`, NAMESPACE, shell), own);
    assert.equal(databases.counters.reads, 1);
  });
});
