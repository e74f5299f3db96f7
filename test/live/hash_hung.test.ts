import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { until, within } from "../harness/deadline.ts";
import { HungFileSystem, hangs } from "../harness/hung_file_system.ts";
import { sha256 } from "../harness/sha256.ts";
import { executed, HashBench, identityOf, ranScript, said } from "../unit/hash.fixture.ts";

/*
 * Executables on a file system that hangs (test/programs/hung_fs.c). Who waits for it cannot be killed until the file system goes.
 */

const SLEEP = realpathSync("/bin/sleep");
const limits = { limitMs: 500, quarantineMs: 60_000 };

for (const request of ["open", "read"] as const) {
  test(
    `a file whose ${request} hangs is given up; the helper is replaced, and all others have their hash`,
    hangs,
    async (t) => {
      const bench = await HashBench.start(t, limits);
      const fs = await HungFileSystem.mount(t, request);
      const hung = executed(join(fs.folder, "hung"));
      const first = bench.helper.pid ?? 0;
      const asked = bench.request(hung);
      await fs.hangs;
      assert.equal(said(await bench.request(executed(SLEEP))), sha256(SLEEP), "beside it");
      assert.equal(said(await asked), "timeout");
      const node = await bench.request(executed(process.execPath));
      assert.equal(said(node), sha256(process.execPath), "after it");
      const { kills, restarts, lingering } = bench.helper.counters;
      const { none } = bench.hasher.counters;
      assert.deepEqual(
        { kills, restarts, lingering, timeout: none.timeout },
        { kills: 1, restarts: 1, lingering: 1, timeout: 1 },
      );
      assert.notEqual(bench.helper.pid, first);
      const old = readFileSync(`/proc/${first}/stat`, "latin1");
      assert.match(old, /^\d+ \(.*\) [ZD] /, "it has been killed, and cannot end");
      // The whole device is left alone.
      const other = executed(join(fs.folder, "other"));
      assert.deepEqual(bench.hasher.request(other).result, { kind: "none", reason: "timeout" });
      fs.end();
      await until(() => bench.helper.counters.lingering === 0, 5_000, "the old helper has ended with the file system");
    },
  );
}

test("files that wait for the same device are not tried after one of them hung", hangs, async (t) => {
  const bench = await HashBench.start(t, limits);
  const fs = await HungFileSystem.mount(t, "read");
  const { file, ...rest } = executed(join(fs.folder, "hung"));
  const asked = Array.from({ length: 20 }, (_, index) =>
    bench.hasher.request({ ...rest, file: { ...file, ctimeNanos: index } }),
  );
  const known = bench.request({ ...rest, file });
  const results = await Promise.all([known, ...asked.map((ticket) => bench.result(ticket))]);
  assert.equal(said(results[0] ?? assert.fail()), "timeout");
  assert.equal(bench.helper.counters.kills, 1);
});

test("a file system that does not even tell of its files is given up", hangs, async (t) => {
  const bench = await HashBench.start(t, limits);
  const fs = await HungFileSystem.mount(t, "stat");
  const ran = executed(SLEEP);
  const file = { ...ran.file, inode: 1 };
  assert.equal(said(await bench.request({ ...ran, path: join(fs.folder, "hung"), file })), "timeout");
  const script = await bench.requestScript(ranScript(join(fs.folder, "other")));
  assert.equal(said(script), "timeout", "its folder is left alone");
  assert.equal(said(await bench.request(ran)), sha256(SLEEP), "the device of which it was said to be is not");
  assert.equal(bench.helper.counters.kills, 1);
});

test("a script on a file system that hangs is given up", hangs, async (t) => {
  const bench = await HashBench.start(t, limits);
  const fs = await HungFileSystem.mount(t, "stat");
  assert.equal(said(await bench.requestScript(ranScript(join(fs.folder, "hung")))), "timeout");
  assert.equal(bench.helper.counters.kills, 1);
});

test("a helper that can be killed leaves nothing behind", hangs, async (t) => {
  const bench = await HashBench.start(t, limits);
  const fs = await HungFileSystem.mount(t, "read");
  const other = executed(join(fs.folder, "other"));
  process.kill(fs.pid, "SIGSTOP");
  assert.equal(said(await bench.request(other)), "timeout");
  await until(() => bench.helper.counters.lingering === 0, 5_000, "the old helper has ended");
  process.kill(fs.pid, "SIGCONT");
});

test("no more helpers are left behind than four; when one has ended there is work again", hangs, async (t) => {
  const bench = await HashBench.start(t, limits);
  const systems: HungFileSystem[] = [];
  for (let count = 0; count < 4; count++) {
    const fs = await HungFileSystem.mount(t, "read");
    systems.push(fs);
    assert.equal(said(await bench.request(executed(join(fs.folder, "hung")))), "timeout");
  }
  assert.equal(bench.helper.pid, undefined);
  assert.deepEqual(bench.hasher.request(executed(SLEEP)).result, { kind: "none", reason: "failed" });
  systems[0]?.end();
  await until(() => bench.helper.pid !== undefined, 5_000, "another helper");
  assert.equal(said(await bench.request(executed("/bin/true"))), sha256("/bin/true"));
  const { lingering, restarts, kills } = bench.helper.counters;
  assert.deepEqual({ lingering, restarts, kills }, { lingering: 3, restarts: 4, kills: 4 });
});

test("close() does not wait for a helper that hangs, and settles what is under way", hangs, async (t) => {
  const bench = await HashBench.start(t, { limitMs: 60_000 });
  const fs = await HungFileSystem.mount(t, "read");
  const ticket = bench.hasher.request(executed(join(fs.folder, "hung")));
  await fs.hangs;
  const began = performance.now();
  await bench.helper.close();
  assert.ok(performance.now() - began < 1_000);
  assert.deepEqual(ticket.result, { kind: "none", reason: "failed" });
});

test("a process that used a hasher ends, though its helper hangs", hangs, async (t) => {
  const fs = await HungFileSystem.mount(t, "read");
  const fixture = new URL("../unit/hash.fixture.js", import.meta.url);
  const hasher = new URL("../../src/enrich/hash/hasher.js", import.meta.url);
  const helper = new URL("../../src/enrich/helper/helper.js", import.meta.url);
  const script = `
    import { Hasher } from ${JSON.stringify(hasher.href)};
    import { Helper } from ${JSON.stringify(helper.href)};
    import { executed, OWN_MNT_NS } from ${JSON.stringify(fixture.href)};
    const quarantineMs = 60_000;
    const helper = new Helper({ limitMs: 10_000, quarantineMs, now: () => performance.now() });
    const limits = { maxFileSize: 1e8, cacheSize: 10, quarantineMs };
    const hasher = new Hasher({ types: ["sha256"], ...limits, ownMntNs: OWN_MNT_NS, helper, onSettled() {} });
    await helper.start();
    hasher.request(executed(${JSON.stringify(join(fs.folder, "hung"))}));
    setTimeout(() => {}, 300);`;
  const user = spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: "inherit" });
  t.after(() => user.kill("SIGKILL"));
  const code = await within(new Promise((resolve) => user.on("exit", resolve)), 10_000, () => "it has not ended");
  assert.equal(code, 0);
});

test("what hung is told by stat as it is told by the kernel", hangs, async (t) => {
  const fs = await HungFileSystem.mount(t, "read");
  const bench = await HashBench.start(t, limits);
  const path = join(fs.folder, "other");
  assert.equal(identityOf(path).ctimeNanos, 123_456_789);
  assert.equal(said(await bench.request(executed(path))), sha256(path));
});
