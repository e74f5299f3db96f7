import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { getPriority, tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { HashTicket } from "../../src/enrich/hash/ticket.ts";
import { Backlog, type Job } from "../../src/enrich/helper/backlog.ts";
import { Quarantine } from "../../src/enrich/helper/quarantine.ts";
import { until } from "../harness/deadline.ts";
import { sha256 } from "../harness/sha256.ts";
import { executed, HashBench, said } from "./hash.fixture.ts";

const SLEEP = realpathSync("/bin/sleep");

/** A helper of a few lines: `answer(request)` is written to its stdout. */
function fakeHelper(t: TestContext, body: string): string {
  const dir = mkdtempSync(join(tmpdir(), "mayfly-helper-"));
  t.after(() => rmSync(dir, { recursive: true }));
  const path = join(dir, "main.mjs");
  writeFileSync(
    path,
    `import { createInterface } from "node:readline";
    import { appendFileSync } from "node:fs";
    const say = (value) => process.stdout.write((typeof value === "string" ? value : JSON.stringify(value)) + "\\n");
    const born = () => appendFileSync(${JSON.stringify(join(dir, "born"))}, "x");
    const lines = createInterface({ input: process.stdin });
    ${body}`,
  );
  return path;
}

function births(main: string): number {
  return readFileSync(join(main, "..", "born"), "latin1").length;
}

function differing(count: number): Parameters<HashBench["request"]>[0][] {
  const ran = executed(SLEEP);
  return Array.from({ length: count }, (_, index) => ({ ...ran, file: { ...ran.file, inode: index + 1 } }));
}

test("a helper that cannot start is told at the start", async (t) => {
  const main = fakeHelper(t, "process.exit(3);");
  await assert.rejects(HashBench.start(t, { helperMain: main }), {
    code: "HELPER_NOT_STARTED",
    message: /exit code 3/,
  });
});

test("a helper that ends while it works is replaced, and the work is done again", async (t) => {
  const bench = await HashBench.start(t);
  const first = bench.helper.pid ?? assert.fail();
  const asked = bench.request(executed(process.execPath));
  process.kill(first, "SIGKILL");
  assert.equal(said(await asked), sha256(process.execPath));
  assert.equal(bench.helper.counters.restarts, 1);
  assert.notEqual(bench.helper.pid, first);
});

test("a file over which the helper ends twice is given up, and the others are not", async (t) => {
  const main = fakeHelper(
    t,
    `say("ready");
    lines.on("line", (line) => {
      const { id, body } = JSON.parse(line);
      if (body.file.inode === 1) process.exit(1);
      setTimeout(() => say({ id, answer: { hashes: { sha256: "of " + body.file.inode }, bytes: 1 } }), 100);
    });`,
  );
  const bench = await HashBench.start(t, { helperMain: main });
  const [poison, ...others] = differing(8);
  const asked = [bench.request(poison ?? assert.fail())];
  await until(() => bench.helper.counters.restarts === 2, 10_000, "it has ended twice");
  asked.push(...others.map((file) => bench.request(file)));
  const results = (await Promise.all(asked)).map(said);
  assert.deepEqual(results, ["failed", ...others.map(({ file }) => `of ${file.inode}`)]);
});

test("when every helper ends at once nobody waits for long, and it is tried again more and more seldom", async (t) => {
  const main = fakeHelper(t, `say("ready"); lines.on("line", () => process.exit(1));`);
  const bench = await HashBench.start(t, { helperMain: main });
  const results = (await Promise.all(differing(50).map((file) => bench.request(file)))).map(said);
  assert.deepEqual([...new Set(results)], ["failed"]);
  assert.ok(bench.helper.counters.restarts <= 4, `${bench.helper.counters.restarts} restarts`);
});

test("a helper that says nothing is killed, and its work is given up", async (t) => {
  const main = fakeHelper(t, `born(); say("ready"); lines.on("line", () => undefined);`);
  const bench = await HashBench.start(t, { helperMain: main, limitMs: 1, quarantineMs: 60_000 });
  const [one, two] = differing(2);
  const [first, second] = [bench.request(one ?? assert.fail()), bench.request(two ?? assert.fail())];
  assert.equal(said(await first), "timeout");
  assert.equal(said(await second), "timeout", "it is in the same folder");
  await until(() => births(main) === 2, 10_000, "another helper");
  const { kills, restarts, running, waiting } = bench.helper.counters;
  assert.deepEqual({ kills, restarts, running, waiting }, { kills: 1, restarts: 1, running: 0, waiting: 0 });
  await until(() => bench.helper.counters.lingering === 0, 5_000, "the first has ended");
});

test("a helper that answers late within the limit is left alone; what it did not finish is a timeout of that file alone", async (t) => {
  const main = fakeHelper(
    t,
    `say("ready"); lines.on("line", (line) => {
      const { id, body } = JSON.parse(line);
      say({ id, answer: body.file.inode === 1 ? { reason: "timeout", bytes: 1 } : { hashes: { sha256: "x" }, bytes: 1 } });
    });`,
  );
  const bench = await HashBench.start(t, { helperMain: main });
  const results = (await Promise.all(differing(3).map((file) => bench.request(file)))).map(said);
  assert.deepEqual(results, ["timeout", "x", "x"]);
  assert.equal(bench.helper.counters.kills, 0);
});

test("after close() nothing is taken, and the helper has ended", async (t) => {
  const bench = await HashBench.start(t);
  const pid = bench.helper.pid ?? assert.fail();
  const ticket = bench.hasher.request(executed(process.execPath));
  await bench.helper.close();
  assert.deepEqual(ticket.result, { kind: "none", reason: "failed" });
  assert.deepEqual(bench.settled, [ticket]);
  assert.throws(() => process.kill(pid, 0), { code: "ESRCH" });
  assert.deepEqual(bench.hasher.request(executed(SLEEP)).result, { kind: "none", reason: "failed" });
  await bench.helper.close();
});

test("the helper steps back behind others, inherits nothing and has few files open", async (t) => {
  const bench = await HashBench.start(t);
  const pid = bench.helper.pid ?? assert.fail();
  assert.equal(getPriority(pid), 5);
  const environment = readFileSync(`/proc/${pid}/environ`, "latin1").split("\0").filter(Boolean);
  assert.deepEqual(environment, ["UV_THREADPOOL_SIZE=4"]);
  assert.ok(readdirSync(`/proc/${pid}/fd`).length < 32);
});

test("a small file does not wait for the large ones before it, and a burst holds few files open", async (t) => {
  const bench = await HashBench.start(t);
  const dir = mkdtempSync(join(tmpdir(), "mayfly-burst-"));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const pid = bench.helper.pid ?? assert.fail();
  const large: HashTicket[] = [];
  for (let index = 0; index < 200; index++) {
    const path = join(dir, `large${index}`);
    writeFileSync(path, "");
    truncateSync(path, 5 * 1024 * 1024);
    large.push(bench.hasher.request(executed(path)));
  }
  const small = bench.hasher.request(executed(SLEEP));
  let most = 0;
  let largeDone = -1;
  await until(
    () => {
      most = Math.max(most, readdirSync(`/proc/${pid}/fd`).length);
      if (small.result !== undefined && largeDone < 0) largeDone = bench.settled.indexOf(small);
      return bench.settled.length === 201;
    },
    60_000,
    "all are hashed",
  );
  assert.equal(bench.hasher.counters.hashed, 201);
  assert.ok(largeDone < 20, `${largeDone} large files were done before the small one`);
  assert.ok(most <= 64, `${most} files open`);
  assert.ok(large.every((ticket) => ticket.result?.kind === "hashed"));
});

test("light work goes before heavy work, which has a slot of its own and never all", () => {
  const backlog = new Backlog();
  const job = (name: string, heavy: boolean): Job => ({
    kind: "executable",
    body: name,
    heavy,
    place: name,
    way: "way",
    onSent: () => undefined,
    onSettled: () => undefined,
  });
  for (const name of ["H1", "H2", "H3"]) backlog.add(job(name, true));
  for (const name of ["l1", "l2"]) backlog.add(job(name, false));
  const taken = [0, 1, 1, 1, 2].map((heavyRunning) => backlog.take(heavyRunning, 2)?.body);
  assert.deepEqual(taken, ["H1", "l1", "l2", "H2", undefined]);
  backlog.putBack(job("H0", true));
  assert.deepEqual(
    backlog.takeWhere(({ place }) => place === "H3").map(({ body }) => body),
    ["H3"],
  );
  assert.equal(backlog.take(0, 2)?.body, "H0");
  assert.equal(backlog.length, 0);
});

test("a place is in quarantine for its time, and the oldest is forgotten when there are too many", () => {
  let now = 0;
  const quarantine = new Quarantine(100, () => now);
  quarantine.add("a");
  assert.ok(quarantine.holds("a") && !quarantine.holds("b"));
  now = 100;
  assert.ok(!quarantine.holds("a"));
  for (let index = 0; index <= 1_024; index++) quarantine.add(index);
  assert.ok(!quarantine.holds(0) && quarantine.holds(1) && quarantine.holds(1_024));
});
