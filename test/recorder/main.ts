import { spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { arch, release, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { CHECKOUT, PROGRAM_SOURCES } from "../harness/checkout.ts";
import { mayfly } from "../harness/command.ts";
import { PATIENCE, until } from "../harness/deadline.ts";
import { eachLine } from "../harness/lines.ts";
import { RECORDINGS } from "../harness/recorded.ts";
import { Uncut } from "./cut.ts";
import type { NamedTruth } from "./starter.ts";

/*
 * Makes the recordings of this kernel anew, as root: `mayfly record` watches while every truth program runs, and what it wrote is
 * cut into one recording a program.
 *
 *   node scripts/setup.mjs --tests && node dist/test/recorder/main.js [--kernel NAME] [--into FOLDER]
 *
 * --kernel: name of the folder in test/recordings, default `6.18`, elsewhere than on x86-64 `6.18-arm64`; --into: another
 * folder than test/recordings.
 */

/** The programs run from here: their paths stand in the recordings. */
const NEUTRAL = "/tmp/mayfly-recordings";
const PAUSE_MS = 1000 * PATIENCE;

const { values } = parseArgs({ options: { kernel: { type: "string" }, into: { type: "string" } } });
const version = release().split(".").slice(0, 2).join(".");
const kernel = values.kernel ?? (arch() === "x64" ? version : `${version}-${arch()}`);
const target = join(values.into ?? RECORDINGS, kernel);

copyPrograms();
const state = mkdtempSync(join(tmpdir(), "mayfly-recorder-"));
try {
  await record(join(state, "uncut.mayfly"));
} finally {
  rmSync(NEUTRAL, { recursive: true });
  rmSync(state, { recursive: true });
}

async function record(uncut: string): Promise<void> {
  const config = join(state, "mayfly.yml");
  writeFileSync(config, `state: {path: ${state}}\n`);
  let truths: NamedTruth[] = [];
  const { code, stderr } = await mayfly(["record", uncut, "--config", config], {
    withinMs: 120_000,
    meanwhile: async (child, said) => {
      await until(() => said().includes("watching"), 20_000, `mayfly watches: ${said()}`);
      truths = await runPrograms();
      child.kill("SIGINT");
    },
  });
  if (code !== 0) throw new Error(stderr);
  const records = await Uncut.read(uncut);
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  for (const truth of truths) {
    const { name, ...rest } = truth;
    records.write(join(target, `${name}.mayfly`), truth);
    writeFileSync(join(target, `${name}.json`), `${JSON.stringify(rest)}\n`);
  }
  process.stdout.write(`${truths.length} recordings in ${target}\n`);
}

async function runPrograms(): Promise<NamedTruth[]> {
  const script = join(NEUTRAL, "dist/test/recorder/starter.js");
  const child = spawn(process.execPath, [script, String(PAUSE_MS)], {
    cwd: NEUTRAL,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
  const truths: NamedTruth[] = [];
  await eachLine(child.stdout, (line) => truths.push(JSON.parse(line) as NamedTruth));
  if ((await ended) !== 0) throw new Error("the programs did not run to their end");
  return truths;
}

/** The programs, their sources (they hold what is expected) and what starts them. */
function copyPrograms(): void {
  rmSync(NEUTRAL, { recursive: true, force: true });
  mkdirSync(NEUTRAL);
  writeFileSync(join(NEUTRAL, "package.json"), '{"type": "module"}\n');
  const dist = (folder: string): string => join("dist", "test", folder);
  for (const folder of [dist("programs"), dist("recorder"), dist("harness")]) {
    for (const entry of readdirSync(join(CHECKOUT, folder), { withFileTypes: true })) {
      if (entry.isFile()) cpSync(join(CHECKOUT, folder, entry.name), join(NEUTRAL, folder, entry.name));
    }
  }
  cpSync(PROGRAM_SOURCES, join(NEUTRAL, "test", "programs"), { recursive: true });
}
