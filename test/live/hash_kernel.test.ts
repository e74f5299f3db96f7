import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { HashTicket } from "../../src/enrich/hash/ticket.ts";
import { imageOf } from "../../src/process/image.ts";
import { Decoder } from "../../src/record/decode.ts";
import { layout } from "../../src/record/layout.ts";
import type { ClockRecord, ExecRecord, Moment, RecordHandler } from "../../src/record/record.ts";
import { KernelSource } from "../../src/source/kernel.ts";
import { programPath } from "../harness/checkout.ts";
import { until } from "../harness/deadline.ts";
import { live } from "../harness/live.ts";
import { runProgram, text } from "../harness/program.ts";
import { sha256 } from "../harness/sha256.ts";
import { HashBench, said } from "../unit/hash.fixture.ts";

/*
 * Hashes of what really ran: each exec record of the kernel is handed to the hasher when it arrives, up to 100 ms after the exec.
 */

const TRUE = realpathSync("/bin/true");

interface Ran {
  readonly record: ExecRecord;
  readonly file: HashTicket;
  readonly script: HashTicket | undefined;
}

class Watch implements RecordHandler {
  readonly bench: HashBench;
  readonly ran: Ran[] = [];
  #offsetMs = 0;

  private constructor(bench: HashBench) {
    this.bench = bench;
  }

  static async start(t: TestContext): Promise<Watch> {
    const watch = new Watch(await HashBench.start(t));
    const source = new KernelSource({ kernelThreads: false, argsMaxBytes: 4_096, scan: false });
    const decoder = new Decoder(layout, watch);
    source.open();
    t.after(() => source.stop());
    void source.start(async (bytes) => {
      decoder.decode(bytes);
    });
    return watch;
  }

  readonly onFork = nothing;
  readonly onExit = nothing;
  readonly onTask = nothing;
  readonly onChange = nothing;
  readonly onScanned = nothing;

  onClock({ time, realtime }: ClockRecord): void {
    this.#offsetMs = milliseconds(realtime) - milliseconds(time);
  }

  onExec(record: ExecRecord): void {
    const image = imageOf(record);
    if (image.file === undefined) return;
    const { pid, startTicks } = record;
    const { executable, memfd, deleted, file, scriptPath } = image;
    const { mnt: mntNs } = image.namespaces;
    this.ran.push({
      record,
      file: this.bench.hasher.request({ pid, path: executable, memfd, deleted, mntNs, file }),
      script:
        scriptPath === undefined
          ? undefined
          : this.bench.hasher.requestScript({
              pid,
              startTicks,
              path: scriptPath,
              mntNs,
              execMs: milliseconds(record.time) + this.#offsetMs,
              interpreterPath: executable,
              interpreter: file,
            }),
    });
  }

  /** What the hasher says of the executable of each process for which `wanted` says yes. */
  async hashes(wanted: (record: ExecRecord) => boolean, count = 1): Promise<string[]> {
    const found = (): Ran[] => this.ran.filter(({ record }) => wanted(record));
    await until(() => found().length >= count, 10_000, "the exec records");
    return Promise.all(found().map(async ({ file }) => said(await this.bench.result(file))));
  }

  async scriptHash(wanted: (record: ExecRecord) => boolean): Promise<string> {
    await until(() => this.ran.some(({ record }) => wanted(record)), 10_000, "the exec record");
    const ticket = this.ran.find(({ record }) => wanted(record))?.script ?? assert.fail("it is no script");
    return said(await this.bench.result(ticket));
  }
}

function nothing(): void {
  // Only what is executed has a hash.
}

function milliseconds({ seconds, nanos }: Moment): number {
  return seconds * 1_000 + nanos / 1e6;
}

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), "mayfly-ran-"));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** A copy that nobody else runs. */
function copyOf(program: string, path: string): string {
  copyFileSync(realpathSync(program), path);
  chmodSync(path, 0o755);
  return path;
}

test("an executable that ran for less than 5 ms has its hash", live, async (t) => {
  const watch = await Watch.start(t);
  const path = copyOf("/bin/true", join(folder(t), "short"));
  for (let times = 0; times < 5; times++) spawnSync(path);
  const hashes = await watch.hashes(({ executable }) => executable === path, 5);
  assert.deepEqual(
    hashes,
    Array.from({ length: 5 }, () => sha256(path)),
  );
  assert.equal(watch.bench.hasher.counters.none.changed, 0);
});

for (const program of ["deleted_exe", "memfd_exec", "own_root"]) {
  test(`what ${program} executes has its hash while it lives`, live, async (t) => {
    const watch = await Watch.start(t);
    const told = await runProgram(program, [], 1_000);
    const pids = new Set(told.selves.filter(({ after }) => after === "exec").map(({ pid }) => pid));
    const hashes = await watch.hashes(({ pid }) => pids.has(pid), pids.size);
    // Each runs `truth`, from a copy without a name or below another root.
    assert.deepEqual(new Set(hashes), new Set([program, "truth"].map((name) => sha256(programPath(name)))));
  });
}

test("a script has its hash, whether it lives long or not", live, async (t) => {
  const watch = await Watch.start(t);
  const dir = folder(t);
  const short = join(dir, "short");
  const long = join(dir, "long");
  writeFileSync(short, "#!/bin/sh\nexit 0\n", { mode: 0o755 });
  writeFileSync(long, "#!/bin/sh\nread x\n", { mode: 0o755 });
  await until(() => Date.now() > statSync(long).ctimeMs + 20, 5_000, "the next tick");
  spawnSync(short);
  const child = spawn(long, { stdio: ["pipe", "ignore", "ignore"] });
  t.after(() => child.kill("SIGKILL"));
  assert.equal(await watch.scriptHash(({ asked }) => asked === short), sha256(short));
  assert.equal(await watch.scriptHash(({ asked }) => asked === long), sha256(long));
});

/**
 * A container of sorts: a mount namespace with a root of its own, on overlayfs, in which a process lives that is told what to run.
 * Nothing of it can be seen by its paths from outside.
 */
async function container(t: TestContext): Promise<{ readonly upper: string; readonly run: (command: string) => void }> {
  const dir = folder(t);
  // In a tmpfs of its own, so that no overlay lies upon an overlay.
  const script = `
    mount -t tmpfs none ${dir} && cd ${dir} && mkdir upper work root &&
    mount -t overlay overlay -o lowerdir=/,upperdir=upper,workdir=work root &&
    mount -t proc proc root/proc && mkdir -p root/tmp && echo ready && exec chroot root /bin/sh`;
  const shell: ChildProcess = spawn("unshare", ["-m", "sh", "-c", script], { stdio: ["pipe", "pipe", "ignore"] });
  let heard = "";
  shell.stdout?.on("data", (text: Buffer) => (heard += text.toString()));
  const ended = new Promise((resolve) => shell.on("exit", resolve));
  t.after(async () => {
    shell.kill("SIGKILL");
    await ended;
  });
  await until(() => heard.includes("ready") || shell.exitCode !== null, 10_000, "the container");
  if (!heard.includes("ready")) return { upper: "", run: () => undefined };
  return { upper: `/proc/${shell.pid}/root`, run: (command) => void shell.stdin?.write(`${command}\n`) };
}

test("what runs in a container has the hash of the container's file, when it has ended too", live, async (t) => {
  const watch = await Watch.start(t);
  const { upper, run } = await container(t);
  if (upper === "") {
    t.skip("needs overlayfs");
    return;
  }
  const name = `/opt/program-${process.pid}`;
  const script = `/opt/script-${process.pid}`;
  mkdirSync(`${upper}/opt`, { recursive: true });
  copyOf("/bin/true", upper + name);
  writeFileSync(upper + script, "#!/bin/sh\nexit 0\n", { mode: 0o755 });
  await until(() => Date.now() > statSync(upper + script).ctimeMs + 20, 5_000, "the next tick");
  run(`${name}; ${name}; ${script}; /bin/true`);
  const own = await watch.hashes(({ executable }) => executable === name, 2);
  assert.deepEqual(own, [sha256(upper + name), sha256(upper + name)]);
  assert.equal(await watch.scriptHash(({ asked }) => asked === script), sha256(upper + script));
  const { mntNs } = watch.ran.find(({ record }) => record.executable === name)?.record.state ?? assert.fail();
  const lower = await watch.hashes(({ state, executable }) => state.mntNs === mntNs && executable === TRUE, 1);
  assert.deepEqual(lower, [sha256(TRUE)], "of the lower layer, where stat shows another device than the kernel's");
  assert.equal(watch.bench.hasher.counters.none.changed, 0);
  return undefined;
});

test("a link of a container that leads out of it is followed inside, and tells of nothing outside", live, async (t) => {
  const watch = await Watch.start(t);
  const { upper, run } = await container(t);
  if (upper === "") {
    t.skip("needs overlayfs");
    return;
  }
  // Outside, the same path holds another script: a link taken from our root would lead to it.
  const outside = join(folder(t), "script");
  writeFileSync(outside, "#!/bin/sh\n# secret\n", { mode: 0o755 });
  const link = `/opt/link-${process.pid}`;
  mkdirSync(`${upper}/opt`, { recursive: true });
  run(
    `mkdir -p ${join(outside, "..")}; printf '#!/bin/sh\\n# inside\\n' > ${outside}; chmod 755 ${outside}; ln -s ${outside} ${link}; sleep 0.1; ${link}`,
  );
  const hash = await watch.scriptHash(({ asked }) => asked === link);
  assert.notEqual(hash, sha256(outside));
  assert.equal(hash, sha256(upper + outside));
  return undefined;
});

test("one that runs while it is replaced again and again has the hash of what ran, or none", live, async (t) => {
  const watch = await Watch.start(t);
  const dir = folder(t);
  const path = join(dir, "program");
  const versions = ["/bin/true", "/bin/sleep", "/bin/echo"].map((program, index) =>
    copyOf(program, join(dir, `v${index}`)),
  );
  const known = new Map<number, string>();
  for (let times = 0; times < 60; times++) {
    const version = versions[times % 3] ?? assert.fail();
    spawnSync("sh", ["-c", `cp ${version} ${path}.new && mv ${path}.new ${path}`]);
    known.set(statSync(path).size, sha256(version));
    spawnSync(path, ["0"]);
  }
  await watch.hashes(({ executable }) => executable === path, 60);
  let right = 0;
  for (const { record, file } of watch.ran.filter((ran) => ran.record.executable === path)) {
    const result = said(await watch.bench.result(file));
    if (["changed", "gone"].includes(result)) continue;
    assert.equal(result, known.get(record.file?.size ?? 0));
    right++;
  }
  assert.ok(right > 0);
  assert.equal(known.size, 3);
});

test("a process that exec'ed again has the hash of each image", live, async (t) => {
  const watch = await Watch.start(t);
  const { selves } = await runProgram("exec_chain");
  const images = selves.filter(({ after }) => after === "exec");
  const hashes = await watch.hashes(({ pid }) => images.some((image) => image.pid === pid), images.length);
  assert.deepEqual(
    hashes,
    images.map(({ exe }) => sha256(text(exe))),
  );
});
