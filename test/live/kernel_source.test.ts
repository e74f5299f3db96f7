import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, type TestContext, test } from "node:test";
import { Decoder } from "../../src/record/decode.ts";
import { layout } from "../../src/record/layout.ts";
import { type ExecRecord, ImageFlag } from "../../src/record/record.ts";
import { KernelSource, type KernelSourceSettings } from "../../src/source/kernel.ts";
import { Collector } from "../harness/collector.ts";
import { until, within } from "../harness/deadline.ts";
import { procIdentity } from "../harness/identity.ts";
import { livesOf } from "../harness/life.ts";
import { live } from "../harness/live.ts";
import { Program, runProgram } from "../harness/program.ts";
import { Listener } from "../unit/record.fixture.ts";

const KTHREADD = 2;
const PF_KTHREAD = 0x00200000;
/** Arguments of 1,000 bytes and more, in pieces of 100. */
const PIECES = Array.from({ length: 10 }, (_, i) => String(i).repeat(100));

/** A running source and what it has told. Ends with its test. */
class Watch {
  readonly listener = new Listener();
  readonly #source: KernelSource;
  readonly #decoder = new Decoder(layout, this.listener);
  readonly #ended: Promise<void>;

  constructor(t: TestContext, settings: Partial<KernelSourceSettings> = {}) {
    this.#source = new KernelSource({ kernelThreads: false, argsMaxBytes: 131_072, scan: true, ...settings });
    this.#source.open();
    this.#ended = this.#source.start(async (bytes) => void this.#decoder.decode(bytes));
    t.after(() => this.stop());
  }

  async stop(): Promise<void> {
    this.#source.stop();
    await within(this.#ended, 10_000, () => "the source has not ended");
    assert.equal(this.#decoder.failures, 0);
  }

  async scanned(): Promise<this> {
    await until(() => this.listener.heard.some(({ kind }) => kind === "scanned"), 10_000, "the scan has ended");
    return this;
  }

  images(kind: "exec" | "task", pid: number): ExecRecord[] {
    return this.listener.heard.flatMap((heard) =>
      heard.kind === kind && heard.record.pid === pid ? [heard.record] : [],
    );
  }

  /** What happened to a process, in order. */
  kindsOf(pid: number, startTicks: number): string[] {
    return this.listener.heard.flatMap(({ kind, record }) =>
      "pid" in record && record.pid === pid && record.startTicks === startTicks ? [kind] : [],
    );
  }

  tasks(): ExecRecord[] {
    return this.listener.heard.flatMap((heard) => (heard.kind === "task" ? [heard.record] : []));
  }
}

/** Field 9 of /proc/PID/stat; undefined when the process has ended. */
function isKernelThread(pid: number): boolean | undefined {
  if (procIdentity(pid) === undefined) return undefined;
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  const flags = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[6]);
  return (flags & PF_KTHREAD) !== 0;
}

async function existing(t: TestContext, args: readonly string[]): Promise<number> {
  const program = new Program("existing", args);
  t.after(() => program.kill());
  await program.until(({ selves }) => selves.length > 0);
  return program.selves[0]?.pid ?? 0;
}

describe("the kernel as a source", live, () => {
  test("takes no more bytes of arguments than it is told, and says what it cut, at an exec and by a scan", async (t) => {
    const settings = { argsMaxBytes: 512 };
    const early = await existing(t, ["0", ...PIECES]);
    const watch = await new Watch(t, settings).scanned();
    const late = await existing(t, ["0", ...PIECES]);
    await until(() => watch.images("exec", late).length > 0, 10_000, "the exec is told");
    for (const [record] of [watch.images("task", early), watch.images("exec", late)]) {
      assert.ok(record !== undefined);
      const { args = [], argsLength, argsCount, flags } = record;
      assert.equal(flags & ImageFlag.argsTruncated, ImageFlag.argsTruncated);
      const given = Buffer.byteLength(readFileSync(`/proc/${record.pid}/cmdline`));
      assert.equal(argsLength, given, "the length as it was given");
      const kept = args.join("\0");
      assert.ok(kept.length <= 512 && kept.length > 512 - 16, `${kept.length} bytes are kept`);
      assert.equal(kept, readFileSync(`/proc/${record.pid}/cmdline`, "latin1").slice(0, kept.length));
      assert.equal(argsCount, record === watch.images("exec", late)[0] ? 2 + PIECES.length : args.length);
    }
  });

  test("leaves arguments alone that are just as long as it may take", async (t) => {
    const early = await existing(t, ["0", ...PIECES]);
    const length = readFileSync(`/proc/${early}/cmdline`).length;
    const watch = await new Watch(t, { argsMaxBytes: length }).scanned();
    const late = await existing(t, ["0", ...PIECES]);
    await until(() => watch.images("exec", late).length > 0, 10_000, "the exec is told");
    for (const [record] of [watch.images("task", early), watch.images("exec", late)]) {
      assert.deepEqual(record?.args?.slice(1), ["0", ...PIECES]);
      assert.equal((record?.flags ?? 0) & ImageFlag.argsTruncated, 0);
    }
  });

  test("leaves kernel threads out", async (t) => {
    const watch = await new Watch(t, { kernelThreads: false }).scanned();
    const pids = watch.tasks().map(({ pid }) => pid);
    assert.ok(pids.length > 0);
    assert.deepEqual(
      pids.filter((pid) => isKernelThread(pid) === true),
      [],
    );
  });

  test("brings kernel threads when asked to, with nothing of an image", async (t) => {
    if (isKernelThread(KTHREADD) !== true) {
      t.skip("pid 2 is not kthreadd: /proc is not the host's");
      return;
    }
    const watch = await new Watch(t, { kernelThreads: true }).scanned();
    const [kthreadd] = watch.images("task", KTHREADD);
    assert.equal(kthreadd?.startTicks, procIdentity(KTHREADD)?.startTicks);
    const threads = watch.tasks().filter(({ pid }) => isKernelThread(pid) === true);
    assert.ok(threads.length > 1, `${threads.length} kernel threads`);
    for (const { pid, executable, args, file, flags } of threads) {
      assert.deepEqual([executable, args, file], [undefined, undefined, undefined], `pid ${pid}`);
      assert.equal(flags & ImageFlag.noExecutable, ImageFlag.noExecutable);
    }
    const children = threads.filter(({ pid }) => pid !== KTHREADD);
    for (const { pid, parent } of children) assert.equal(parent.pid, procIdentity(pid)?.ppid ?? parent.pid);
    assert.ok(
      watch.tasks().some(({ pid }) => pid === process.pid),
      "and the others as well",
    );
  });

  test("is seen whole by two at once, each in the order things happened", async (t) => {
    const watches = [await new Watch(t).scanned(), await new Watch(t).scanned()];
    const lives = [...livesOf(await runProgram("fork_exec_exit")).values()];
    await Promise.all(watches.map((watch) => watch.stop()));
    assert.ok(lives.length > 1);
    for (const watch of watches)
      for (const { role, pid, startTicks, selves } of lives) {
        const kinds = watch.kindsOf(pid, startTicks);
        assert.equal(kinds[0], "fork", role);
        assert.equal(kinds.at(-1), "exit", role);
        const execs = selves.filter(({ after }) => after === "exec").length;
        assert.deepEqual(kinds.slice(1, -1), Array<string>(execs).fill("exec"), role);
      }
  });
});

describe("the settings of processes", live, () => {
  test("reach the kernel: documents are cut where they say, and kernel threads come", async (t) => {
    const collector = await Collector.start({ config: "processes: {kernel_threads: true, args: {max_bytes: 512B}}" });
    t.after(() => collector.kill());
    const pid = await existing(t, ["0", ...PIECES]);
    const document = await collector.waitFor(({ process: one }) => one?.pid === pid, "the long arguments");
    assert.ok(document.mayfly?.quality?.includes("args_truncated"), JSON.stringify(document.mayfly));
    assert.equal(document.mayfly?.args?.length, readFileSync(`/proc/${pid}/cmdline`).length);
    assert.equal(document.process?.args_count, 2 + PIECES.length, "counted as they were given");
    assert.ok((document.process?.command_line?.length ?? 0) <= 512);
    if (isKernelThread(KTHREADD) === true) {
      const kthreadd = await collector.waitFor(({ process: one }) => one?.pid === KTHREADD, "kthreadd");
      assert.equal(kthreadd.mayfly?.transitions, "found");
      assert.equal(kthreadd.process?.executable, undefined);
    } else t.diagnostic("pid 2 is not kthreadd: /proc is not the host's");
    await collector.stop();
  });
});
