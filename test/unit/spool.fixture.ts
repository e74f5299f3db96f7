import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Frame } from "../../src/output/spool/frame.ts";
import { BEFORE_ID, ID_BYTES, LINE_START } from "../../src/output/spool/line.ts";
import type { SpoolDetails, SpoolOptions, SpoolSystem } from "../../src/output/spool/options.ts";
import { REAL_SYSTEM } from "../../src/output/spool/options.ts";
import { Spool } from "../../src/output/spool/spool.ts";

export interface Told {
  readonly kind: "warn" | "recover";
  readonly code: string;
  readonly message: string;
  readonly details: SpoolDetails;
}

/** What no test of the spool is about. */
export const ordinary = {
  processIndex: "logs-mayfly.process-default",
  agentIndex: "logs-mayfly.agent-default",
  metricsIndex: "metrics-mayfly.agent-default",
  lock: () => true,
  maxBytes: 64 * 1024 * 1024,
} as const;

/** Folders and spools of one test file; everything is gone after clear(). */
export class SpoolStage {
  readonly root: string = mkdtempSync(join(tmpdir(), "mayfly-spool-"));
  readonly told: Told[] = [];
  readonly #spools: Spool[] = [];
  #folders = 0;

  folder(): string {
    return join(this.root, String(this.#folders++));
  }

  /** Seals only when it is told to, and saves at once, unless `options` say otherwise. */
  async open(path: string, options: Partial<SpoolOptions> = {}): Promise<Spool> {
    const spool = await Spool.open({
      path,
      ...ordinary,
      whenFull: "drop_oldest",
      frameMs: 3_600_000,
      saveMs: 1,
      retryMs: 1,
      onWarn: (code, message, details) => this.told.push({ kind: "warn", code, message, details }),
      onRecover: (code, message, details) => this.told.push({ kind: "recover", code, message, details }),
      ...options,
    });
    this.#spools.push(spool);
    return spool;
  }

  async clear(): Promise<void> {
    await Promise.all(this.#spools.map((spool) => spool.close(1_000)));
    rmSync(this.root, { recursive: true });
  }

  codes(kind: Told["kind"]): string[] {
    return this.told.filter((told) => told.kind === kind).map(({ code }) => code);
  }
}

/** The id of test document `number`. */
export function idOf(number: number): string {
  return String(number).padStart(ID_BYTES, "i");
}

/** A line of its own content; `size` characters of it differ from all others and cannot be compressed away. */
export function lineOf(number: number, size = 40): string {
  let noise = "";
  for (let state = number + 1; noise.length < size; ) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    noise += state.toString(36);
  }
  return `${LINE_START}2026-11-21T09:42:02.120001234Z${BEFORE_ID}${idOf(number)}"},"message":"${noise}"}\n`;
}

/** Writes documents [first, end), each in two pieces. */
export function writeDocuments(spool: Spool, first: number, end: number, size?: number): number {
  let accepted = 0;
  for (let number = first; number < end; number++) {
    const line = lineOf(number, size);
    if (spool.writePieces([line.slice(0, 30), line.slice(30)], false)) accepted++;
  }
  return accepted;
}

/** Test numbers of a frame's documents, after its form was checked: pairs of lines, ids equal, ends right. */
export function numbersOf(frame: Frame): number[] {
  assert.equal(frame.ends.length, frame.count);
  assert.equal(frame.ends.at(-1), frame.body.length);
  let from = 0;
  return [...frame.ends].map((end) => {
    const [action = "", line = "", rest] = frame.body.toString("utf8", from, end).split("\n");
    from = end;
    assert.equal(rest, "");
    const { create } = JSON.parse(action) as { create: { _id: string } };
    const { event } = JSON.parse(line) as { event: { id: string } };
    assert.equal(create._id, event.id);
    return Number(event.id.replace(/^i+/, ""));
  });
}

/** Takes everything, live documents first, and says that it is done. */
export async function drain(spool: Spool): Promise<number[]> {
  const numbers: number[] = [];
  for (let frame = spool.takeLive() ?? (await spool.takeBacklog()); frame !== undefined; ) {
    numbers.push(...numbersOf(frame));
    spool.done(frame);
    frame = spool.takeLive() ?? (await spool.takeBacklog());
  }
  return numbers;
}

export function range(first: number, end: number): number[] {
  return Array.from({ length: end - first }, (_, at) => first + at);
}

export async function until(what: string, holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!holds()) {
    if (Date.now() > deadline) assert.fail(`waited 10 s for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** A disk that does what the test says. */
export class FakeDisk implements SpoolSystem {
  /** Code of the error of every write; undefined: it works. */
  writeFault: string | undefined = undefined;
  syncFault: string | undefined = undefined;
  /** Bytes that one write takes at most. */
  shortTo = Number.POSITIVE_INFINITY;
  /** Writes get no answer until release(). */
  hangs = false;
  syncs = 0;
  writes = 0;
  #hanging: (() => void)[] = [];

  now(): number {
    return Date.now();
  }

  async write(fd: number, memory: Buffer, offset: number, length: number, position: number): Promise<number> {
    this.writes++;
    if (this.hangs) await new Promise<void>((resolve) => this.#hanging.push(resolve));
    if (this.writeFault === "half") {
      await REAL_SYSTEM.write(fd, memory, offset, Math.floor(length / 2), position);
      throw faultOf("ENOSPC");
    }
    if (this.writeFault !== undefined) throw faultOf(this.writeFault);
    return REAL_SYSTEM.write(fd, memory, offset, Math.min(length, this.shortTo), position);
  }

  async sync(fd: number): Promise<void> {
    this.syncs++;
    if (this.syncFault !== undefined) throw faultOf(this.syncFault);
    await REAL_SYSTEM.sync(fd);
  }

  release(): void {
    this.hangs = false;
    for (const go of this.#hanging.splice(0)) go();
  }
}

function faultOf(code: string): Error {
  return Object.assign(new Error(code), { code });
}
