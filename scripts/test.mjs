#!/usr/bin/env node
/**
 * Runs the compiled tests: first those that share the machine well, then, one file at a time, those that load or look
 * at the whole host. One report, closed by one count over both.
 *
 *   npm test                       everything
 *   npm test -- storm decode       the files whose path contains one of the words
 *   npm test -- --name "pid reuse" only tests whose name matches
 */
import { existsSync, readdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, join, resolve } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { run } from "node:test";
import { spec as Spec } from "node:test/reporters";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const lanes = [
  // Live tests mostly wait: two at a time pay off on one core too.
  { folders: ["unit", "contract", "live"], concurrency: Math.max(2, availableParallelism()), timeout: 120_000 },
  { folders: ["serial"], concurrency: 1, timeout: 600_000 },
];

const { values, positionals } = parseArgs({ options: { name: { type: "string" } }, allowPositionals: true });
const selected = lanes.map((lane) => ({ ...lane, files: lane.folders.flatMap(testFiles).filter(isWanted) }));
if (selected.every((lane) => lane.files.length === 0)) {
  fail(`no test file matches ${positionals.length > 0 ? positionals.join(" ") : "dist/test/**/*.test.js"}`);
  process.exit();
}
// In CI a live test that cannot run is a failure, not a skip (test/live reads this).
if (process.env.CI === "true") process.env.MAYFLY_REQUIRE_LIVE = "1";
const totals = new Map();
const emptyFiles = [];
let ran = 0;
await pipeline(Readable.from(events(selected)), new Spec(), process.stdout, { end: false });
if (values.name === undefined) for (const file of emptyFiles) fail(`${file} ran no test`);
else if (ran === 0) fail(`no test is named ${values.name}`);

/** The events of all lanes, with one summary for all of them in place of one each. */
async function* events(parts) {
  for (const { files, concurrency, timeout } of parts) {
    if (files.length === 0) continue;
    const namePatterns = values.name === undefined ? {} : { testNamePatterns: [values.name] };
    for await (const event of run({ files, concurrency, timeout, ...namePatterns })) {
      judge(event, files);
      if (!addToTotals(event)) yield event;
    }
  }
  for (const [word, count] of totals) {
    yield { type: "test:diagnostic", data: { nesting: 0, message: `${word} ${count}`, level: "info" } };
  }
}

function judge({ type, data }, files) {
  if (type !== "test:pass" && type !== "test:fail") return;
  if (type === "test:fail" && (data.todo ?? false) === false) process.exitCode = 1;
  // A file that reports no test, as one that calls process.exit(0), is itself counted as a test that passed.
  if (files.includes(resolve(data.name))) emptyFiles.push(data.name);
  else if (data.skip === undefined && data.details.type !== "suite") ran++;
}

/** @returns {boolean} whether the event is a line of a lane's summary */
function addToTotals({ type, data }) {
  if (type === "test:summary") return data.file === undefined;
  if (type !== "test:diagnostic" || data.nesting !== 0 || data.file !== undefined) return false;
  const line = /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) ([\d.]+)$/.exec(data.message);
  if (line === null) return false;
  totals.set(line[1], (totals.get(line[1]) ?? 0) + Number(line[2]));
  return true;
}

function fail(reason) {
  process.stderr.write(`${reason}\n`);
  process.exitCode = 1;
}

function testFiles(folder) {
  const path = join(root, "dist/test", folder);
  if (!existsSync(path)) return [];
  return readdirSync(path, { recursive: true })
    .filter((file) => file.endsWith(".test.js"))
    .map((file) => join(path, file))
    .sort();
}

function isWanted(file) {
  return positionals.length === 0 || positionals.some((word) => file.slice(root.length).includes(word));
}
