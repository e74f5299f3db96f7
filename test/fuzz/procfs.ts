import assert from "node:assert/strict";
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { layout } from "../../src/record/layout.ts";
import { readOwnStart, scanProc } from "../../src/source/procfs.ts";
import { entityIds } from "../unit/ecs_lives.ts";
import { documentsOf, oneBatch } from "./replay.ts";
import type { Target } from "./target.ts";

const FILES = ["stat", "status", "cmdline", "exe", "cwd", "ns/mnt", "ns/pid", "ns/user", "uptime"] as const;
/** Stands in no file of /proc. */
const BETWEEN = "\x1e";
/** The inputs of a scan: two of the same process, so that one can be the other's parent. */
const PIDS = ["1", "42"];

/** /proc as it may be read: a scan of it throws nothing, and what it makes is records from which documents follow. */
export function procfs(): Target {
  const samples = ["self", "1", String(process.ppid), ...kernelThread()].map(sampleOf);
  const real = { readFileSync: fs.readFileSync, readlinkSync: fs.readlinkSync, readdirSync: fs.readdirSync };
  return {
    samples,
    feed: async (bytes) => {
      standIn(bytes);
      let batch: ArrayBuffer;
      try {
        batch = scanProc({ kernelThreads: bytes.length % 2 === 0, argsMaxBytes: 256 }).batch;
        assert.equal(typeof readOwnStart(), "number");
      } finally {
        Object.assign(fs, real);
        syncBuiltinESMExports();
      }
      assert.ok(batch.byteLength <= 8192 + 16 * bytes.length, `${batch.byteLength} bytes of records`);
      const broken = await documentsOf(oneBatch(batch), { seconds: 1_700_000_000, nanos: 0 }, entityIds, bytes.length);
      assert.equal(broken, 0, "what a scan makes is records");
      assert.ok(batch.byteLength >= layout.clock.size, "it ends with the mark of a finished scan");
    },
  };
}

/** What this thread reads of /proc is the input, until it is put back. */
function standIn(bytes: Buffer): void {
  const parts = new Map<string, Buffer>();
  let from = 0;
  for (const file of FILES) {
    const to = bytes.indexOf(BETWEEN, from);
    parts.set(file, bytes.subarray(from, to < 0 ? bytes.length : to));
    from = to < 0 ? bytes.length : to + 1;
  }
  const of = (path: string): Buffer => parts.get(path.replace(/^\/proc\/((self|\d+)\/)?/, "")) ?? Buffer.alloc(0);
  Object.assign(fs, {
    readFileSync: (path: string, encoding?: BufferEncoding) =>
      encoding === undefined ? Buffer.from(of(path)) : of(path).toString(encoding),
    readlinkSync: (path: string) => of(path).toString("utf8"),
    readdirSync: () => [...PIDS, "self", "sys"],
  });
  syncBuiltinESMExports();
}

function sampleOf(pid: string): Buffer {
  const parts = FILES.map((file) => {
    try {
      if (file === "uptime") return fs.readFileSync("/proc/uptime");
      const path = `/proc/${pid}/${file}`;
      return /stat|cmdline/.test(file) ? fs.readFileSync(path) : Buffer.from(fs.readlinkSync(path));
    } catch {
      return Buffer.alloc(0); // a kernel thread has no executable, and another's links are for root
    }
  });
  return Buffer.concat(parts.flatMap((part) => [part, Buffer.from(BETWEEN)]));
}

/** A kernel thread, or another process of no arguments; none in most containers. */
function kernelThread(): string[] {
  return fs.existsSync("/proc/2/stat") ? ["2"] : [];
}
