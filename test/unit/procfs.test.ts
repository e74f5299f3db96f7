import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import fs, { copyFileSync, mkdtempSync, readlinkSync, realpathSync, rmSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, type TestContext, test } from "node:test";
import { imageOf } from "../../src/process/image.ts";
import { Decoder } from "../../src/record/decode.ts";
import { layout } from "../../src/record/layout.ts";
import { type ExecRecord, ImageFlag } from "../../src/record/record.ts";
import { readOwnStart, scanProc } from "../../src/source/procfs.ts";
import { until } from "../harness/deadline.ts";
import { Listener } from "./record.fixture.ts";

/* The scan by /proc: it needs no root and no BPF, so it is tested wherever there is a /proc. */

const SLEEP = realpathSync("/bin/sleep");
const PF_KTHREAD = 0x00200000;

interface Scan {
  readonly tasks: ReadonlyMap<number, ExecRecord>;
  /** Records in their order, by kind. */
  readonly kinds: readonly string[];
}

function scan(argsMaxBytes = 4096, kernelThreads = false): Scan {
  const listener = new Listener();
  const decoder = new Decoder(layout, listener);
  decoder.decode(scanProc({ kernelThreads, argsMaxBytes }).batch);
  assert.equal(decoder.failures, 0, "what it encodes is records");
  const tasks = new Map<number, ExecRecord>();
  for (const { kind, record } of listener.heard) if (kind === "task") tasks.set(record.pid, record);
  return { tasks, kinds: listener.heard.map(({ kind }) => kind) };
}

describe("a scan by /proc", () => {
  const folder = mkdtempSync(join(tmpdir(), "mayfly-procfs-"));
  const children: ChildProcess[] = [];

  /** Waits until the child is what was asked for: its exec may come after spawn returns. */
  async function start(file: string, args: readonly string[], options: { argv0?: string } = {}): Promise<number> {
    const child = spawn(file, args, { stdio: ["pipe", "ignore", "ignore"], detached: true, cwd: folder, ...options });
    children.push(child);
    const pid = child.pid ?? 0;
    await until(() => readlinkSync(`/proc/${pid}/exe`) === realpathSync(file), 5000, `${file} runs`);
    return pid;
  }

  let odd: number;
  // Every field behind the name is off if the name is taken to end at the first parenthesis.
  const oddPath = join(folder, "a) R 1 (b c) S");
  before(async () => {
    copyFileSync(SLEEP, oddPath);
    odd = await start(oddPath, ["600"]);
  });
  after(() => {
    for (const child of children) child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  });

  test("tells of the process that makes it what this process knows of itself", () => {
    const own = scan(1 << 20).tasks.get(process.pid);
    assert.ok(own !== undefined);
    assert.equal(own.startTicks, readOwnStart());
    assert.equal(own.start.seconds * 100 + own.start.nanos / 1e7, own.startTicks);
    assert.equal(own.parent.pid, process.ppid);
    assert.equal(own.executable, realpathSync(process.execPath));
    assert.deepEqual(own.args, [process.argv0, ...process.execArgv, ...process.argv.slice(1)]);
    assert.equal(own.argsCount, own.args?.length);
    assert.equal(own.workingDirectory, process.cwd());
    const { uid, gid, euid, egid } = own.state;
    assert.deepEqual(
      [uid, gid, euid, egid],
      [process.getuid?.(), process.getgid?.(), process.geteuid?.(), process.getegid?.()],
    );
    const namespaces = ["mnt", "pid", "user", "net", "uts", "ipc", "cgroup"].map((name) =>
      readlinkSync(`/proc/self/ns/${name}`),
    );
    const { mntNs, pidNs, userNs, netNs, utsNs, ipcNs, cgroupNs } = own.state;
    assert.deepEqual(
      [mntNs, pidNs, userNs, netNs, utsNs, ipcNs, cgroupNs],
      namespaces.map((link) => Number(/\d+/.exec(link)?.[0])),
    );
    assert.equal(own.flags & ImageFlag.fromProcfs, ImageFlag.fromProcfs, "and says where it has it from");
  });

  test("ends with the mark of a finished scan, and holds nothing else but processes", () => {
    const { kinds } = scan();
    assert.equal(kinds.at(-1), "scanned");
    assert.deepEqual(new Set(kinds.slice(0, -1)), new Set(["task"]));
  });

  test("reads a process whose name holds blanks and parentheses", () => {
    const { tasks } = scan();
    const record = tasks.get(odd);
    assert.equal(record?.executable, oddPath);
    assert.deepEqual(record?.args, [oddPath, "600"]);
    assert.equal(record?.parent.pid, process.pid);
    assert.equal(record?.parent.startTicks, readOwnStart());
    assert.deepEqual([record?.state.session, record?.state.processGroup], [odd, odd], "detached: it leads its own");
    assert.ok((record?.startTicks ?? 0) >= readOwnStart());
    assert.equal(record?.workingDirectory, realpathSync(folder));
  });

  test("keeps an empty argument, in the middle and at the end", async () => {
    const shell = realpathSync("/bin/sh");
    const pid = await start(shell, ["-c", "read go", "", "a", ""]);
    assert.deepEqual(scan().tasks.get(pid)?.args, [shell, "-c", "read go", "", "a", ""]);
  });

  test("cuts arguments where it is told to, and says how long they were", async () => {
    const pid = await start(SLEEP, ["600", ...Array<string>(100).fill("0")]);
    const given = [SLEEP, "600", ...Array<string>(100).fill("0"), ""].join("\0");
    const cut = scan(SLEEP.length + 7).tasks.get(pid);
    assert.deepEqual(cut?.args, [SLEEP, "600", "0"]);
    assert.equal(cut?.argsLength, given.length);
    assert.equal((cut?.flags ?? 0) & ImageFlag.argsTruncated, ImageFlag.argsTruncated);
    const whole = scan(given.length).tasks.get(pid);
    assert.equal(whole?.args?.length, 102);
    assert.equal((whole?.flags ?? 0) & ImageFlag.argsTruncated, 0);
  });

  test("knows an executable that was deleted", async () => {
    const path = join(folder, "gone");
    copyFileSync(SLEEP, path);
    const pid = await start(path, ["600"]);
    rmSync(path);
    const record = scan().tasks.get(pid);
    assert.ok(record !== undefined);
    assert.deepEqual([record.executable, imageOf(record).deleted, imageOf(record).memfd], [path, true, false]);
  });

  test("leaves out a process that has ended and only waits to be reaped", async (t) => {
    // What the shell becomes waits for nobody, so the child that ends then stays a zombie.
    const shell = spawn("/bin/sh", ["-c", "sleep 0.1 & echo $!; exec sleep 600"], {
      stdio: ["pipe", "pipe", "ignore"],
    });
    t.after(() => shell.kill("SIGKILL"));
    let text = "";
    shell.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
    });
    await until(() => text.endsWith("\n"), 5000, "the shell tells its child");
    const zombie = Number(text);
    const state = (): string | undefined => fs.readFileSync(`/proc/${zombie}/stat`, "latin1").split(") ")[1]?.[0];
    await until(() => state() === "Z", 5000, "the child has ended");
    assert.equal(scan().tasks.has(zombie), false);
    assert.equal(state(), "Z", "it was there to be met");
  });

  test("leaves out kernel threads, and brings them when asked to", () => {
    const flags = (pid: number): number =>
      Number(fs.readFileSync(`/proc/${pid}/stat`, "latin1").split(") ").at(-1)?.split(" ")[6]);
    const isKernelThread = (pid: number): boolean => {
      try {
        return (flags(pid) & PF_KTHREAD) !== 0;
      } catch {
        return false; // it has ended since
      }
    };
    const { tasks } = scan();
    assert.deepEqual([...tasks.keys()].filter(isKernelThread), []);
    const threads = [...scan(4096, true).tasks.values()].filter(({ pid }) => isKernelThread(pid));
    for (const { executable, args, workingDirectory } of threads)
      assert.deepEqual([executable, args, workingDirectory], [undefined, undefined, "/"]);
    const inProc = fs.readdirSync("/proc").filter((name) => /^\d+$/.test(name) && isKernelThread(Number(name)));
    assert.equal(threads.length > 0, inProc.length > 0, "a container may have none in sight");
  });

  describe("of a process that ends meanwhile", () => {
    const fault = (code: string): Error => Object.assign(new Error(code), { code });

    /** From its n-th read on the process is gone, as the kernel says it: the folder, or the task behind an open file. */
    function scanWhileVanishing(t: TestContext, from: number, code: "ENOENT" | "ESRCH"): { scan: Scan; reads: number } {
      const inside = `/proc/${odd}/`;
      let reads = 0;
      const vanishing =
        <A extends unknown[], R>(read: (...args: A) => R) =>
        (...args: A): R => {
          if (String(args[0]).startsWith(inside) && ++reads > from) throw fault(code);
          return read(...args);
        };
      const mocks = [
        t.mock.method(fs, "readFileSync", vanishing(fs.readFileSync)),
        t.mock.method(fs, "readlinkSync", vanishing(fs.readlinkSync)),
      ];
      syncBuiltinESMExports();
      try {
        return { scan: scan(), reads };
      } finally {
        for (const { mock } of mocks) mock.restore();
        syncBuiltinESMExports();
      }
    }

    for (const code of ["ENOENT", "ESRCH"] as const)
      test(`goes on with the others, wherever in its reads it goes (${code})`, (t) => {
        const { reads: all } = scanWhileVanishing(t, Number.POSITIVE_INFINITY, code);
        assert.ok(all >= 5, `${all} reads of a process`);
        for (let from = 0; from < all; from++) {
          const { tasks, kinds } = scanWhileVanishing(t, from, code).scan;
          assert.ok(tasks.has(process.pid), `gone at read ${from + 1} of ${all}`);
          assert.equal(kinds.at(-1), "scanned");
          // Its arguments and its status are what a record cannot be without.
          if (from < 5) assert.equal(tasks.has(odd), false, `gone at read ${from + 1} of ${all}`);
        }
        assert.ok(scan().tasks.has(odd));
      });

    test("does not hide a fault that is none of these", (t) => {
      const readFile = fs.readFileSync;
      const broken = t.mock.method(fs, "readFileSync", ((...args: Parameters<typeof readFile>) => {
        if (String(args[0]) === `/proc/${odd}/status`) throw fault("EIO");
        return readFile(...args);
      }) as typeof readFile);
      syncBuiltinESMExports();
      try {
        assert.throws(() => scan(), /EIO/);
      } finally {
        broken.mock.restore();
        syncBuiltinESMExports();
      }
    });
  });
});
