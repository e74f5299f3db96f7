import { readFileSync, readlinkSync, statSync } from "node:fs";
import type { TestContext } from "node:test";
import { kernelDevice } from "../../src/enrich/hash/file_identity.ts";
import { Hasher, type HasherSettings } from "../../src/enrich/hash/hasher.ts";
import type { ExecutedFile, ExecutedScript, HashResult } from "../../src/enrich/hash/hashes.ts";
import type { HashTicket } from "../../src/enrich/hash/ticket.ts";
import { Helper } from "../../src/enrich/helper/helper.ts";
import type { FileIdentity, Pid, Ticks } from "../../src/record/record.ts";
import { within } from "../harness/deadline.ts";

/** No process has it: above the largest pid_max. */
export const NOBODY = 5_000_000 as Pid;

export const OWN_MNT_NS = mountNamespace("self");

export function mountNamespace(pid: number | "self"): number {
  return Number(readlinkSync(`/proc/${pid}/ns/mnt`).slice("mnt:[".length, -1));
}

/** What the kernel would tell of a file: stat knows the same, but for a device that it shows differently. */
export function identityOf(path: string): FileIdentity {
  const stat = statSync(path, { bigint: true });
  const second = 1_000_000_000n;
  return {
    inode: Number(stat.ino),
    size: Number(stat.size),
    mtimeSeconds: Number(stat.mtimeNs / second),
    mtimeNanos: Number(stat.mtimeNs % second),
    ctimeSeconds: Number(stat.ctimeNs / second),
    ctimeNanos: Number(stat.ctimeNs % second),
    device: kernelDevice(stat.dev),
    mode: Number(stat.mode),
    uid: Number(stat.uid),
    gid: Number(stat.gid),
    nlink: Number(stat.nlink),
  };
}

/** The file at `path`, executed by a process that has ended. */
export function executed(path: string, differences: Partial<ExecutedFile> = {}): ExecutedFile {
  return {
    pid: NOBODY,
    path,
    memfd: false,
    deleted: false,
    mntNs: OWN_MNT_NS,
    ...differences,
    file: differences.file ?? identityOf(path),
  };
}

/** The script at `path`, run by /bin/sh just now; the process has ended. */
export function ranScript(path: string, differences: Partial<ExecutedScript> = {}): ExecutedScript {
  return {
    pid: NOBODY,
    startTicks: 1 as Ticks,
    path,
    mntNs: OWN_MNT_NS,
    execMs: Date.now(),
    interpreterPath: process.execPath,
    interpreter: identityOf(process.execPath),
    ...differences,
  };
}

export function startOf(pid: number): Ticks {
  const text = readFileSync(`/proc/${pid}/stat`, "latin1");
  return Number(text.slice(text.lastIndexOf(")") + 2).split(" ")[19]) as Ticks;
}

export interface HashBenchSettings extends Partial<HasherSettings> {
  readonly limitMs?: number;
  /** The helper's compiled main file. */
  readonly helperMain?: string;
}

/** A hasher with its helper, which ends with the test. */
export class HashBench {
  readonly hasher: Hasher;
  readonly helper: Helper;
  readonly settled: HashTicket[] = [];
  readonly #waiting = new Map<HashTicket, ((result: HashResult) => void)[]>();

  private constructor({ limitMs = 10_000, helperMain, ...settings }: HashBenchSettings) {
    const { now = () => performance.now(), quarantineMs = 60_000 } = settings;
    const main = helperMain === undefined ? {} : { main: helperMain };
    this.helper = new Helper({ limitMs, quarantineMs, now, ...main });
    this.hasher = new Hasher({
      helper: this.helper,
      quarantineMs,
      types: ["sha256"],
      maxFileSize: 100 * 1024 * 1024,
      cacheSize: 4_096,
      ownMntNs: OWN_MNT_NS,
      ...settings,
      onSettled: (ticket) => {
        this.settled.push(ticket);
        const { result } = ticket;
        if (result !== undefined) for (const resolve of this.#waiting.get(ticket) ?? []) resolve(result);
      },
    });
  }

  static async start(t: TestContext, settings: HashBenchSettings = {}): Promise<HashBench> {
    const bench = new HashBench(settings);
    t.after(() => bench.helper.close());
    await bench.helper.start();
    return bench;
  }

  request(file: ExecutedFile): Promise<HashResult> {
    return this.result(this.hasher.request(file));
  }

  requestScript(script: ExecutedScript): Promise<HashResult> {
    return this.result(this.hasher.requestScript(script));
  }

  result(ticket: HashTicket): Promise<HashResult> {
    if (ticket.result !== undefined) return Promise.resolve(ticket.result);
    const come = new Promise<HashResult>((resolve) => {
      this.#waiting.set(ticket, [...(this.#waiting.get(ticket) ?? []), resolve]);
    });
    return within(come, 30_000, () => `the ticket has no result: ${JSON.stringify(this.hasher.counters)}`);
  }
}

/** The words of a result that a test compares. */
export function said(result: HashResult): string {
  return result.kind === "none" ? result.reason : (result.hashes.sha256 ?? "no sha256");
}
