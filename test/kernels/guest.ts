import { spawnSync } from "node:child_process";
import { closeSync, constants, mkdtempSync, openSync, readdirSync, readFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { run } from "node:test";
import { CHECKOUT } from "../harness/checkout.ts";

/*
 * Runs in a guest of the kernel matrix (scripts/kernels): the test files that MAYFLY_TESTS names, one after another. What
 * came of each test is a line of JSON on MAYFLY_RESULTS, a serial line that ends in a file of the host, so a guest that dies
 * keeps what it had found. With MAYFLY_RECORD, a kernel's name, it makes the recordings of test/recordings as well.
 */

/** As node:test tells it; its own types leave `data` open. */
interface TestEvent {
  readonly type: string;
  readonly data: {
    /** Of tests only, as nesting. */
    readonly name: string;
    readonly nesting: number;
    /** Of test:stdout and test:stderr. */
    readonly message?: string;
    readonly skip?: string | boolean;
    readonly details?: { readonly type?: string; readonly duration_ms: number; readonly error?: Error };
  };
}

interface Result {
  readonly outcome: "pass" | "fail" | "skip";
  readonly ms: number;
  /** Of a failure or a skip. */
  readonly why?: string;
}

/** What the host reads: scripts/kernels/guest.mjs. */
type Line =
  | { readonly say: "test"; readonly file: string; readonly path: readonly string[]; readonly result: Result }
  | { readonly say: "file"; readonly name: string; readonly base64: string }
  | { readonly say: "end" };

const REASON_MOST = 8000;

// Not as the controlling terminal, which everybody's documents would then show.
const results = openSync(process.env["MAYFLY_RESULTS"] ?? "/dev/null", constants.O_WRONLY | constants.O_NOCTTY);
for (const file of (process.env["MAYFLY_TESTS"] ?? "").split(",")) {
  process.stdout.write(`mayfly: ${file}\n`);
  await runFile(file);
}
const record = process.env["MAYFLY_RECORD"] ?? "";
if (record !== "") makeRecordings(record);
write({ say: "end" });
closeSync(results); // waits until all of it is sent

async function runFile(file: string): Promise<void> {
  const path = join(CHECKOUT, "dist", "test", `${file}.test.js`);
  /** Names of the suites that the next test stands in. */
  const above: string[] = [];
  const events: AsyncIterable<TestEvent> = run({ files: [path], concurrency: 1, timeout: 600_000 });
  for await (const { type, data } of events) {
    if (type === "test:start") above.splice(data.nesting, above.length, data.name);
    if (data.message !== undefined && type !== "test:diagnostic") process.stdout.write(data.message);
    const result = resultOf(type, data);
    // A suite, and a file, is told by its tests unless it failed or was skipped as a whole.
    if (result === undefined || (result.outcome === "pass" && isGroup(data, path))) continue;
    write({ say: "test", file, path: [...above.slice(0, data.nesting), data.name], result });
  }
}

function makeRecordings(kernel: string): void {
  const folder = mkdtempSync(join(tmpdir(), "mayfly-recorded-"));
  const recorder = join(CHECKOUT, "dist/test/recorder/main.js");
  const args = [recorder, "--kernel", kernel, "--into", folder];
  const { status } = spawnSync(process.execPath, args, { stdio: "inherit" });
  if (status !== 0) {
    write({ say: "test", file: "recorder", path: [kernel], result: { outcome: "fail", ms: 0 } });
    return;
  }
  for (const name of readdirSync(join(folder, kernel)))
    write({ say: "file", name, base64: readFileSync(join(folder, kernel, name)).toString("base64") });
}

function isGroup({ details, name }: TestEvent["data"], path: string): boolean {
  return details?.type === "suite" || basename(name) === basename(path);
}

function resultOf(type: string, { skip, details }: TestEvent["data"]): Result | undefined {
  const ms = Math.round(details?.duration_ms ?? 0);
  if (type === "test:fail") return { outcome: "fail", ms, why: reason(details?.error) };
  if (type !== "test:pass") return undefined;
  return skip === undefined ? { outcome: "pass", ms } : { outcome: "skip", ms, why: String(skip) };
}

function reason(error: Error | undefined): string {
  const cause = error?.cause;
  const text = cause instanceof Error ? cause.message : typeof cause === "string" ? cause : error?.message;
  return (text ?? "").slice(0, REASON_MOST);
}

function write(line: Line): void {
  const bytes = Buffer.from(`${JSON.stringify(line)}\n`);
  for (let at = 0; at < bytes.length; ) at += writeSync(results, bytes, at);
}
