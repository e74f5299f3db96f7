import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, readlinkSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { Quality } from "../../src/process/facts.ts";
import { imageOf } from "../../src/process/image.ts";
import { Decoder } from "../../src/record/decode.ts";
import { layout } from "../../src/record/layout.ts";
import type { ExecRecord } from "../../src/record/record.ts";
import { KernelSource } from "../../src/source/kernel.ts";
import { scanProc } from "../../src/source/procfs.ts";
import { programPath } from "../harness/checkout.ts";
import { until, within } from "../harness/deadline.ts";
import { assertNone, Differences } from "../harness/differences.ts";
import { procIdentity } from "../harness/identity.ts";
import { live } from "../harness/live.ts";
import { Program } from "../harness/program.ts";
import { Listener } from "../unit/record.fixture.ts";

/*
 * The two scans, by /proc and by the task iterator, of the same processes: whoever lives through both and does not change must be
 * told of in the same words.
 */

const ARGS_MAX = 128 * 1024;
const SLEEP = realpathSync("/bin/sleep");
/** More than a page of the iterator's output takes: the addon completes them from /proc. */
const LONG = "x".repeat(40_000);

type Scan = ReadonlyMap<string, ExecRecord>;

function identityOf({ pid, startTicks }: { readonly pid: number; readonly startTicks: number }): string {
  return `${pid}@${startTicks}`;
}

function tasksOf(bytes: readonly ArrayBuffer[]): Scan | undefined {
  const listener = new Listener();
  const decoder = new Decoder(layout, listener);
  for (const batch of bytes) decoder.decode(batch);
  assert.equal(decoder.failures, 0);
  if (!listener.heard.some(({ kind }) => kind === "scanned")) return undefined;
  return new Map(
    listener.heard.flatMap((heard) => (heard.kind === "task" ? [[identityOf(heard.record), heard.record]] : [])),
  );
}

function scanByProc(): Scan {
  return tasksOf([scanProc({ kernelThreads: false, argsMaxBytes: ARGS_MAX }).batch]) ?? new Map();
}

async function scanByIterator(): Promise<Scan> {
  const source = new KernelSource({ kernelThreads: false, argsMaxBytes: ARGS_MAX, scan: true });
  source.open();
  assert.ok(source.canScan);
  const batches: ArrayBuffer[] = [];
  const scanned = new Promise<Scan>((resolve) => {
    void source.start(async (bytes) => {
      batches.push(bytes);
      const tasks = tasksOf(batches);
      if (tasks !== undefined) resolve(tasks);
    });
  });
  try {
    return await within(scanned, 10_000, () => `the scan has not ended; ${batches.length} batches`);
  } finally {
    source.stop();
  }
}

/** Kernels before 5.18 have no such iterator. */
function bothScans(): typeof live {
  if (live.skip !== false) return live;
  const source = new KernelSource({ kernelThreads: false, argsMaxBytes: ARGS_MAX, scan: false });
  source.open();
  source.close();
  return { skip: source.canScan ? false : "this kernel has no task iterator that reads arguments (before 5.18)" };
}

/** A process that this one may not look into: a machine may hide its own init from root and from BPF. */
function isClosed(pid: number): boolean {
  try {
    readlinkSync(`/proc/${pid}/exe`);
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EACCES";
  }
  return false;
}

/**
 * What both scans say of a process. Left out, because /proc does not tell it: the executable's file identity, the cgroup's id,
 * nanoseconds of the start, and that a path was too long. Each scan has its own time.
 */
function said({ pid, tid, startTicks, start, parent, state, ...record }: ExecRecord): Record<string, unknown> {
  const { cgroupId: _, ...sameState } = state;
  const whole = imageOf({ pid, tid, startTicks, start, parent, state, ...record });
  const { file: __, cgroupId: ___, quality, ...image } = whole;
  const unlikely = Quality.fromProcfs | Quality.executableTruncated | Quality.cwdTruncated;
  return {
    ...{ pid, tid, startTicks, startSeconds: start.seconds, ...sameState, ...image },
    ...{ parentPid: parent.pid, parentTicks: parent.startTicks, quality: quality & ~unlikely },
    ...{ comm: record.comm, groups: record.groups },
  };
}

describe("the scan by /proc and the scan by the task iterator", bothScans(), () => {
  const folder = mkdtempSync(join(tmpdir(), "mayfly-scans-"));
  const children: ChildProcess[] = [];
  const programs: Program[] = [];
  const strays: number[] = [];
  /** By what is odd about them. */
  const pids = new Map<string, number>();
  let before_: Scan;
  let iterated: Scan;
  let after_: Scan;

  /** Waits until the child, or what it execs, is the image that is asked for. */
  async function start(name: string, [file = "", ...args]: readonly string[], image: string, detached = false) {
    const child = spawn(file, args, { stdio: ["pipe", "ignore", "ignore"], detached });
    children.push(child);
    const pid = child.pid ?? 0;
    pids.set(name, pid);
    await until(() => readlinkSync(`/proc/${pid}/exe`) === image, 5000, `${name}: ${image} runs`);
    return pid;
  }

  before(async () => {
    const existing = programPath("existing");
    const image = realpathSync(existing);
    await start("plain", [existing, "0", "one", "two words"], image);
    await start("an empty last argument", [existing, "0", ""], image);
    await start("arguments of 40 KB", [existing, "0", LONG, ""], image);
    await start("no UTF-8", ["/bin/sh", "-c", `exec ${existing} 0 "$(printf 'a\\377')"`], image);

    const gone = join(folder, "gone");
    copyFileSync(existing, gone);
    await start("deleted", [gone, "0"], gone);
    rmSync(gone);

    const retitle = "process.title = 'mayfly: new words'; setInterval(() => undefined, 1e6)";
    const titled = await start("rewritten", [process.execPath, "-e", retitle], realpathSync(process.execPath));
    const commandLine = (): string => readFileSync(`/proc/${titled}/cmdline`, "latin1");
    await until(() => commandLine().startsWith("mayfly: new words\0"), 5000, "the title is set");

    const ids = ["--reuid", "1234", "--regid", "2345", "--clear-groups"];
    const capability = ["--inh-caps", "+net_bind_service", "--ambient-caps", "+net_bind_service"];
    await start("other ids", ["setpriv", ...ids, ...capability, "sleep", "600"], SLEEP, true);
    await start("namespaces", ["unshare", "-muin", "sleep", "600"], SLEEP);
    const left = join(folder, "left");
    mkdirSync(left);
    await start("a folder that is gone", ["sh", "-c", `cd ${left}; exec sleep 600`], SLEEP);
    rmSync(left, { recursive: true });

    await startStopped("memfd", "memfd_exec", "exec");
    await startStopped("another root", "own_root", "exec");
    await startStopped("a leader that is gone", "leader_exits_alone", "fork");
    const leader = pids.get("a leader that is gone") ?? 0;
    await until(() => /\) Z /.test(readFileSync(`/proc/${leader}/stat`, "latin1")), 5000, "the leader has ended");
    process.kill(leader, "SIGSTOP"); // the other thread, which would end too

    before_ = scanByProc();
    iterated = await scanByIterator();
    after_ = scanByProc();
  });
  after(() => {
    for (const child of children) child.kill("SIGKILL");
    // Their parents are killed behind them, so their pids are not given again.
    for (const pid of strays) process.kill(pid, "SIGKILL");
    for (const program of programs) program.kill();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Of a program that ends by itself: its child, stopped as soon as it is what it is for. */
  async function startStopped(name: string, program: string, after: "fork" | "exec"): Promise<void> {
    const running = new Program(program, [], { MAYFLY_PAUSE_MS: "1000" });
    programs.push(running);
    const child = ({ selves }: Program): number | undefined =>
      selves.find((self) => self.role === "child" && self.after === after)?.pid;
    await running.until((told) => child(told) !== undefined);
    const pid = child(running) ?? 0;
    strays.push(pid);
    pids.set(name, pid);
    if (after === "exec") process.kill(pid, "SIGSTOP");
  }

  function recordOf(scan: Scan, name: string): ExecRecord {
    const pid = pids.get(name) ?? 0;
    const record = scan.get(identityOf(procIdentity(pid) ?? { pid, startTicks: 0 }));
    assert.ok(record !== undefined, `${name}: pid ${pid} is in the scan`);
    return record;
  }

  test("say the same of every process that lives through both", () => {
    const differences: string[] = [];
    let compared = 0;
    for (const [identity, first] of before_) {
      if (isClosed(first.pid)) continue;
      const last = after_.get(identity);
      // Whoever changed in between may be told of either way.
      if (last === undefined || JSON.stringify(said(first)) !== JSON.stringify(said(last))) continue;
      compared++;
      const one = new Differences(`${identity} ${first.executable}`);
      const met = iterated.get(identity);
      one.check("by the iterator", met, met !== undefined, "a record");
      const [expected, actual] = [said(first), met === undefined ? {} : said(met)];
      for (const field of Object.keys(expected)) one.compare(field, actual[field], expected[field]);
      differences.push(...one.list);
    }
    assertNone(differences);
    assert.ok(compared > pids.size, `${compared} processes were compared`);
  });

  test("meet the same processes", () => {
    const lost = [...iterated.keys()].filter((identity) => {
      if (before_.has(identity) || after_.has(identity)) return false;
      const now = procIdentity(Number(identity.split("@")[0]));
      return now !== undefined && identityOf(now) === identity;
    });
    assert.deepEqual(lost, [], "in the iterator's scan and alive, but not found in /proc");
  });

  for (const [by, scan] of [
    ["/proc", () => before_],
    ["the iterator", () => iterated],
  ] as const)
    test(`tell of what is odd, by ${by}`, () => {
      const args = (name: string): readonly string[] | undefined => recordOf(scan(), name).args?.slice(1);
      assert.deepEqual(args("plain"), ["0", "one", "two words"]);
      assert.deepEqual(args("an empty last argument"), ["0", ""]);
      assert.deepEqual(args("arguments of 40 KB"), ["0", LONG, ""]);
      assert.deepEqual(args("no UTF-8"), ["0", "a\ufffd"]);
      assert.equal(imageOf(recordOf(scan(), "no UTF-8")).quality & Quality.argsInvalidUtf8, Quality.argsInvalidUtf8);
      assert.equal(imageOf(recordOf(scan(), "arguments of 40 KB")).quality & Quality.argsTruncated, 0);
      assert.deepEqual(recordOf(scan(), "rewritten").args, ["mayfly: new words"]);

      const gone = imageOf(recordOf(scan(), "deleted"));
      assert.deepEqual([gone.executable, gone.deleted, gone.memfd], [join(folder, "gone"), true, false]);
      const ghost = imageOf(recordOf(scan(), "memfd"));
      assert.deepEqual([ghost.executable, ghost.deleted, ghost.memfd], ["memfd:mayfly-ghost", false, true]);

      assert.equal(recordOf(scan(), "a folder that is gone").workingDirectory, join(folder, "left"));
      const leader = recordOf(scan(), "a leader that is gone");
      assert.deepEqual([leader.executable, leader.args, leader.workingDirectory], [undefined, undefined, undefined]);

      const { state, pid } = recordOf(scan(), "other ids");
      const { uid, euid, suid, gid, egid, sgid, capEffectiveLow, capEffectiveHigh, session, processGroup } = state;
      assert.deepEqual([uid, euid, suid, gid, egid, sgid], [1234, 1234, 1234, 2345, 2345, 2345]);
      assert.deepEqual([capEffectiveLow, capEffectiveHigh], [1 << 10, 0], "CAP_NET_BIND_SERVICE");
      assert.deepEqual([session, processGroup], [pid, pid]);
      const own = recordOf(scan(), "plain").state;
      const apart = recordOf(scan(), "namespaces").state;
      for (const name of ["mntNs", "utsNs", "ipcNs", "netNs"] as const) assert.notEqual(apart[name], own[name], name);
      for (const name of ["pidNs", "userNs", "cgroupNs"] as const) assert.equal(apart[name], own[name], name);
    });
});
