import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { MAYFLY, programPath } from "../harness/checkout.ts";
import { command } from "../harness/command.ts";
import { until, within } from "../harness/deadline.ts";
import { eachLine } from "../harness/lines.ts";
import { live } from "../harness/live.ts";

/**
 * With arguments of 8 KiB, which stand in a document twice: 50 MiB of records, which fill what may be under way from the kernel, and
 * then 100 MiB of documents, where 32 MiB may wait.
 */
const LIVES = 6000;
const NOISE = 8192;
const TOKEN = `slow-${process.pid}`;

interface Line {
  readonly process?: { readonly args?: readonly string[] };
  readonly event: { readonly action: string | readonly string[] };
  readonly mayfly?: { readonly lost?: { readonly output_full?: number } };
}

test("what a reader that stood still has missed is told to it as a document, with the count", live, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "mayfly-slow-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const config = join(folder, "mayfly.yml");
  writeFileSync(config, `state: {path: ${JSON.stringify(folder)}}\nlog: {format: json}\n`);
  const args = [MAYFLY, "run", "--format", "ndjson", "--no-snapshot", "--config", config];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
  t.after(() => child.kill("SIGKILL"));
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  await until(() => stderr.includes("watching"), 20_000, "it watches");

  await command(programPath("numbered"), ["1500", String(LIVES), TOKEN, programPath("tiny"), String(NOISE)], {
    withinMs: 60_000,
  });
  await until(() => stderr.includes("does not keep up"), 60_000, "documents are dropped");
  let seen = 0;
  const losses: number[] = [];
  const read = eachLine(child.stdout, (text) => {
    const { process: one, event, mayfly } = JSON.parse(text) as Line;
    if (one?.args?.[1]?.startsWith(`${TOKEN}.`)) seen++;
    if (event.action === "documents_lost") losses.push(mayfly?.lost?.output_full ?? 0);
  });
  await until(() => losses.length > 0, 30_000, "the loss is told as a document");
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  await within(Promise.all([ended, read]), 20_000, () => `it has not ended; stderr:\n${stderr}`);

  const lost = losses.reduce((sum, count) => sum + count, 0);
  assert.ok(seen < LIVES, "the pipe was full");
  // Other processes of this host may be among the lost ones.
  assert.ok(seen + lost >= LIVES, `${seen} seen and ${lost} told as lost of ${LIVES}`);
  const logged = [...stderr.matchAll(/takes documents again.*"dropped":(\d+)/g)].map(([, count]) => Number(count));
  assert.deepEqual(losses, logged);
  assert.doesNotMatch(stderr, /records were lost/, "the kernel's ring was never in danger");
});
