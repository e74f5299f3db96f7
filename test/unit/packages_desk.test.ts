import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import type { Job, Outcome } from "../../src/enrich/helper/backlog.ts";
import { Helper } from "../../src/enrich/helper/helper.ts";
import type { Package } from "../../src/enrich/packages/package.ts";
import { PackageDesk, type PackageQuestion, type PackageTicket } from "../../src/enrich/packages/package_desk.ts";
import type { Pid } from "../../src/record/record.ts";
import { programPath } from "../harness/checkout.ts";
import { until } from "../harness/deadline.ts";
import { fileOf } from "./enrichment.fixture.ts";
import { identityOf, mountNamespace, NOBODY, OWN_MNT_NS } from "./hash.fixture.ts";
import { dpkgFiles } from "./packages.fixture.ts";

const BASH: Package = { name: "bash", version: "5.2-1", type: "deb" };
const QUESTION: PackageQuestion = { pid: 10 as Pid, path: "/bin/bash", mntNs: 1, file: fileOf(7) };
const HOLDS_MS = 60_000;
const UNREACHED_MS = 1000;

/** A desk before a helper that answers when the test says so. */
class Bench {
  now = 0;
  refusal: string | undefined = undefined;
  readonly jobs: Job[] = [];
  readonly settled: PackageTicket[] = [];
  readonly desk = new PackageDesk({
    ownMntNs: 1,
    cacheSize: 2,
    submit: (job) => {
      if (this.refusal === undefined) this.jobs.push(job);
      return this.refusal;
    },
    onSettled: (ticket) => this.settled.push(ticket),
    now: () => this.now,
  });

  ask(changed: Partial<PackageQuestion> = {}): PackageTicket {
    return this.desk.request({ ...QUESTION, ...changed });
  }

  answer(outcome: Outcome | Package | "gone" | null): void {
    const job = this.jobs.at(-1);
    const isOutcome = typeof outcome === "object" && outcome !== null && "kind" in outcome;
    job?.onSettled(isOutcome ? outcome : { kind: "answer", answer: outcome });
  }
}

describe("the package of an executable", () => {
  test("is asked for once, and answers all who asked", () => {
    const bench = new Bench();
    const ticket = bench.ask();
    assert.equal(bench.ask(), ticket);
    assert.equal(ticket.result, undefined);
    bench.answer(BASH);
    assert.deepEqual([ticket.result, bench.settled, bench.jobs.length], [BASH, [ticket], 1]);
    assert.equal(bench.desk.found, 1);
  });

  test("is another question for another file, path or mount namespace", () => {
    const bench = new Bench();
    const ticket = bench.ask();
    const { file } = QUESTION;
    for (const changed of [
      { file: { ...file, inode: 8 } },
      { file: { ...file, device: 1 } },
      { file: { ...file, ctimeNanos: 1 } },
      { file: { ...file, ctimeSeconds: 2 } },
      { path: "/bin/rbash" },
      { mntNs: 2 },
    ])
      assert.notEqual(bench.ask(changed), ticket);
    assert.equal(bench.jobs.length, 7);
  });

  for (const [title, answer, holds] of [
    ["a package", BASH, HOLDS_MS],
    ["that it belongs to none", null, HOLDS_MS],
  ] as const) {
    test(`holds for a minute when the answer is ${title}, and stands while it is asked for again`, () => {
      const bench = new Bench();
      const ticket = bench.ask();
      bench.answer(answer);
      bench.now = holds - 1;
      assert.equal(bench.ask(), ticket);
      bench.now = holds;
      const again = bench.ask();
      assert.notEqual(again, ticket);
      assert.deepEqual(again.result, answer);
      assert.equal(bench.ask(), again);
      bench.answer({ ...BASH, version: "5.3-1" });
      assert.equal(bench.ask().result?.version, "5.3-1");
    });
  }

  for (const [title, outcome] of [
    ["nothing led to the file", "gone"],
    ["the helper hung", { kind: "hung" }],
    ["the helper failed", { kind: "failed", reason: "test" }],
  ] as const) {
    test(`is not told when ${title}, and asked for again soon`, () => {
      const bench = new Bench();
      const ticket = bench.ask();
      bench.answer(outcome);
      assert.equal(ticket.result, null);
      assert.deepEqual([bench.desk.failed, bench.desk.gone], outcome === "gone" ? [0, 1] : [1, 0]);
      bench.now = UNREACHED_MS - 1;
      assert.equal(bench.ask(), ticket);
      bench.now = UNREACHED_MS;
      bench.ask();
      assert.equal(bench.jobs.length, 2);
    });

    test(`stays what was known of the same file when ${title}`, () => {
      const bench = new Bench();
      bench.ask();
      bench.answer(BASH);
      bench.now = HOLDS_MS;
      const again = bench.ask();
      bench.answer(outcome);
      assert.deepEqual(again.result, BASH);
    });
  }

  test("is not told when the helper takes no job, and asked for at the next occasion", () => {
    const bench = new Bench();
    bench.refusal = "full";
    assert.equal(bench.ask().result, null);
    assert.equal(bench.desk.failed, 1);
    bench.refusal = undefined;
    assert.equal(bench.ask().result, undefined);
    assert.deepEqual(bench.settled, [], "settled is only who was under way");
  });

  test("is forgotten when others are asked for", () => {
    const bench = new Bench();
    const ticket = bench.ask();
    bench.ask({ path: "/bin/a" });
    bench.ask({ path: "/bin/b" });
    assert.notEqual(bench.ask(), ticket);
  });

  test("is looked for in its place and by its way: what hangs in one folder does not hold up the others", () => {
    const bench = new Bench();
    bench.ask();
    bench.ask({ path: "/mnt/hung/tool" });
    bench.ask({ path: "/bin/sh" });
    const [bash, tool, sh] = bench.jobs;
    assert.equal(bash?.way, sh?.way);
    assert.notEqual(bash?.way, tool?.way);
  });
});

/** A desk with a real helper process. */
async function realDesk(t: TestContext): Promise<(question: Partial<PackageQuestion>) => Promise<PackageTicket>> {
  const helper = new Helper({ limitMs: 10_000, quarantineMs: 60_000, now: () => performance.now() });
  t.after(() => helper.close());
  await helper.start();
  const submit: Helper["submit"] = (job) => helper.submit(job);
  const desk = new PackageDesk({ ownMntNs: OWN_MNT_NS, cacheSize: 100, submit, onSettled: () => undefined });
  return async (question) => {
    const ticket = desk.request({ ...QUESTION, mntNs: OWN_MNT_NS, ...question });
    await until(() => ticket.result !== undefined, 20_000, "the package is known");
    return ticket;
  };
}

/** Below another root, in the same mount namespace: a program that runs there at a path that the host has too. */
async function chrooted(t: TestContext, path: string, files: Readonly<Record<string, string>>): Promise<Below> {
  const root = mkdtempSync(join(tmpdir(), "mayfly-desk-"));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), content);
  }
  mkdirSync(dirname(join(root, path)), { recursive: true });
  copyFileSync("/bin/busybox", join(root, path));
  const child = spawn("chroot", [root, path], { stdio: ["pipe", "pipe", "inherit"] });
  t.after(() => child.kill("SIGKILL"));
  child.stdin.write("ready\n");
  await once(child.stdout, "data");
  return { child, pid: child.pid as Pid, file: identityOf(join(root, path)) };
}

interface Below {
  readonly child: ChildProcess;
  readonly pid: Pid;
  readonly file: PackageQuestion["file"];
}

/** A program of the host's package coreutils, which busybox is too when it has that name. */
const CAT = realpathSync("/bin/cat");
const isAble =
  process.getuid?.() === 0 && existsSync("/bin/busybox") && existsSync("/var/lib/dpkg/info/coreutils.list");
const below = { skip: isAble ? false : "needs root, dpkg with coreutils, and busybox" };

describe("by the helper process", () => {
  test("an executable of the host has its package, also when its process has ended", below, async (t) => {
    const ask = await realDesk(t);
    const { result } = await ask({ pid: NOBODY, path: CAT, file: identityOf(CAT) });
    assert.deepEqual([result?.name, result?.type], ["coreutils", "deb"]);
  });

  test("an executable below another root is not of the host's package that has its path", below, async (t) => {
    const ask = await realDesk(t);
    const { pid, file } = await chrooted(t, CAT, {});
    assert.equal((await ask({ pid, path: CAT, file })).result, null);
  });

  test("an executable below another root is of the package that is installed there", below, async (t) => {
    const ask = await realDesk(t);
    const { pid, file } = await chrooted(t, CAT, dpkgFiles({ "other 1": [CAT] }));
    const { result } = await ask({ pid, path: CAT, file });
    assert.deepEqual([result?.name, result?.version], ["other", "1"]);
  });

  test("an executable below another root has no package when its process has ended", below, async (t) => {
    const ask = await realDesk(t);
    const { child, pid, file } = await chrooted(t, CAT, dpkgFiles({ "other 1": [CAT] }));
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
    assert.equal((await ask({ pid, path: CAT, file })).result, null);
  });

  test(
    "in another mount namespace another process of it leads to the executable of one that has ended",
    below,
    async (t) => {
      const ask = await realDesk(t);
      const child = spawn("unshare", ["-m", "sleep", "60"], { stdio: "ignore" });
      t.after(() => child.kill("SIGKILL"));
      let mntNs = OWN_MNT_NS;
      await until(() => (mntNs = namespaceOf(child.pid)) !== OWN_MNT_NS, 5000, "it has a mount namespace of its own");
      const { result } = await ask({ pid: NOBODY, path: CAT, file: identityOf(CAT), mntNs });
      assert.equal(result?.name, "coreutils");
    },
  );

  test("nothing is told of a file that is another one by now", below, async (t) => {
    const ask = await realDesk(t);
    const { result } = await ask({ path: CAT, file: { ...identityOf(CAT), ctimeNanos: 1 } });
    assert.equal(result, null);
  });
});

test("jobs that came before a helper that does not start are settled", async () => {
  const main = programPath("tiny");
  const helper = new Helper({ limitMs: 1000, quarantineMs: 1000, now: () => performance.now(), main });
  const submit: Helper["submit"] = (job) => helper.submit(job);
  const desk = new PackageDesk({ ownMntNs: OWN_MNT_NS, cacheSize: 100, submit, onSettled: () => undefined });
  const started = helper.start();
  const ticket = desk.request(QUESTION);
  await assert.rejects(started, { code: "HELPER_NOT_STARTED" });
  assert.equal(ticket.result, null);
  assert.equal(desk.request({ ...QUESTION, path: "/bin/later" }).result, null);
});

function namespaceOf(pid: number | undefined): number {
  try {
    return mountNamespace(pid ?? 0);
  } catch {
    return OWN_MNT_NS;
  }
}
