import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { RootHelper } from "../../src/enrich/names/root_helper.ts";
import { type RootRequest, RootTimeout } from "../../src/enrich/names/root_request.ts";
import { until, within } from "../harness/deadline.ts";
import { namespaceOf } from "./names.fixture.ts";

const settings = { proc: "/proc", root: "/", passwd: "/etc/passwd", group: "/etc/group", fileMaxBytes: 1 << 20 };
const nobody: RootRequest = {
  pids: [],
  mntNs: 1,
  userNs: 0,
  stamp: "",
  knownUsers: [],
  knownGroups: [],
  users: [],
  groups: [],
};

/** A helper that runs this instead. */
function helperOf(t: TestContext, source: string, limits = { timeoutMs: 500, idleMs: 60_000 }): RootHelper {
  const folder = mkdtempSync(join(tmpdir(), "mayfly-helper-"));
  writeFileSync(join(folder, "helper.cjs"), source);
  const helper = new RootHelper(settings, limits, join(folder, "helper.cjs"));
  t.after(() => {
    helper.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return helper;
}

/** A request does not keep the process alive, so the test has to. */
function soon<T>(promise: Promise<T>): Promise<T> {
  return within(promise, 20_000, () => "no answer of the helper");
}

/** Answers "gone", but blocks for ever when it is asked for pid 13, and dies of pid 14. */
const MOODY = `process.on("message", ({ pids }) => {
  if (pids[0] === 13) for (;;);
  if (pids[0] === 14) process.exit(1);
  process.send({ outcome: "gone" });
});`;

function isAlive(pid: number | undefined): boolean {
  try {
    return pid !== undefined && process.kill(pid, 0);
  } catch {
    return false;
  }
}

test("a helper that hangs is killed, and whoever waits behind is served by the next one", async (t) => {
  const helper = helperOf(t, MOODY);
  const answers = await soon(
    Promise.allSettled([
      helper.ask(nobody),
      helper.ask({ ...nobody, pids: [13] }),
      helper.ask(nobody),
      helper.ask({ ...nobody, pids: [14] }),
      helper.ask(nobody),
    ]),
  );
  assert.deepEqual(
    answers.map(({ status }) => status),
    ["fulfilled", "rejected", "fulfilled", "rejected", "fulfilled"],
  );
  assert.ok(answers[1]?.status === "rejected" && answers[1].reason instanceof RootTimeout);
  assert.ok(answers[3]?.status === "rejected" && !(answers[3].reason instanceof RootTimeout));
});

test("a helper that hangs is gone after close, and who waits is told", async (t) => {
  const helper = helperOf(t, MOODY, { timeoutMs: 60_000, idleMs: 60_000 });
  await soon(helper.ask(nobody));
  const { pid } = helper;
  const hung = Promise.allSettled([helper.ask({ ...nobody, pids: [13] }), helper.ask(nobody)]);
  helper.close();
  assert.deepEqual(
    (await soon(hung)).map(({ status }) => status),
    ["rejected", "rejected"],
  );
  await until(() => !isAlive(pid), 5000, "the helper is gone");
  await assert.rejects(soon(helper.ask(nobody)));
});

test("a helper without work ends, and comes back with the next request", async (t) => {
  const helper = helperOf(t, MOODY, { timeoutMs: 5000, idleMs: 20 });
  await soon(helper.ask(nobody));
  const { pid } = helper;
  await until(() => helper.pid === undefined && !isAlive(pid), 5000, "the helper has ended");
  assert.deepEqual(await soon(helper.ask(nobody)), { outcome: "gone" });
});

test("a program that cannot be run is a failure of the request", async () => {
  const helper = new RootHelper(settings, { timeoutMs: 5000, idleMs: 1000 }, "/nonexistent.js");
  await assert.rejects(soon(helper.ask(nobody)));
  helper.close();
});

test("the real helper knows a namespace with the host's files, and one that nobody is in", async (t) => {
  const helper = new RootHelper(settings, { timeoutMs: 10_000, idleMs: 60_000 });
  t.after(() => helper.close());
  const mntNs = namespaceOf("self", "mnt");
  const answer = await soon(helper.ask({ ...nobody, pids: [4_000_000, process.pid], mntNs, users: [0] }));
  assert.ok(answer.outcome === "read" && answer.host);
  assert.deepEqual(await soon(helper.ask({ ...nobody, pids: [process.pid], mntNs: 1 })), { outcome: "gone" });
});
