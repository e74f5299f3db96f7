#!/usr/bin/env node
/**
 * Runs the compiled tests: first those that share the machine well, then, one file at a time, those that load or look
 * at the whole host. One report, closed by one count over all.
 *
 *   npm test                       everything but what needs an Elasticsearch
 *   npm run test:elasticsearch     only that (--elasticsearch)
 *   npm test -- --all              both
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
import { provideServers, serversGiven } from "./test/servers.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const ownLanes = [
  // Live tests mostly wait, and are two thirds of the time: of two cores 65 % was used with two files at a time, 97 % with four.
  { folders: ["unit", "contract", "live"], concurrency: Math.min(8, 2 * availableParallelism()), timeout: 120_000 },
  { folders: ["serial"], concurrency: 1, timeout: 600_000 },
];
const elasticsearchLanes = [
  // They mostly wait as well; the server works on the same cores.
  { folders: ["elasticsearch"], concurrency: 2, timeout: 300_000, server: true },
  { folders: ["elasticsearch/serial"], concurrency: 1, timeout: 900_000, server: true },
];

const { values, positionals } = parseArgs({
  options: { name: { type: "string" }, elasticsearch: { type: "boolean" }, all: { type: "boolean" } },
  allowPositionals: true,
});
const lanes = values.all ? [...ownLanes, ...elasticsearchLanes] : values.elasticsearch ? elasticsearchLanes : ownLanes;
const selected = lanes.map((lane) => ({ ...lane, files: lane.folders.flatMap(testFiles).filter(isWanted) }));
if (selected.every((lane) => lane.files.length === 0)) {
  const searched = lanes.flatMap(({ folders }) => folders).join(", ");
  fail(`no test file matches ${positionals.length > 0 ? positionals.join(" ") : "*.test.js"} in ${searched}`);
  process.exit();
}
// In CI a live test that cannot run is a failure, not a skip (test/live reads this).
if (process.env.CI === "true") process.env.MAYFLY_REQUIRE_LIVE = "1";
const totals = new Map();
const emptyFiles = [];
const skipped = [];
let ran = 0;
await pipeline(Readable.from(events(selected)), new Spec(), process.stdout, { end: false });
for (const name of skipped) fail(`skipped, although CI=true and a server is given: ${name}`);
if (values.name === undefined) for (const file of emptyFiles) fail(`${file} ran no test`);
else if (ran === 0) fail(`no test is named ${values.name}`);

/** The events of all lanes, with one summary for all of them in place of one each. */
async function* events(parts) {
  for (const { files, concurrency, timeout, server = false } of parts) {
    if (files.length === 0) continue;
    if (server) await provideServers();
    const namePatterns = values.name === undefined ? {} : { testNamePatterns: [values.name] };
    for await (const event of run({ files, concurrency, timeout, ...namePatterns })) {
      judge(event, files, server);
      if (!addToTotals(event)) yield event;
    }
  }
  for (const [word, count] of totals) {
    yield { type: "test:diagnostic", data: { nesting: 0, message: `${word} ${count}`, level: "info" } };
  }
}

function judge({ type, data }, files, server) {
  if (type !== "test:pass" && type !== "test:fail") return;
  if (type === "test:fail" && (data.todo ?? false) === false) process.exitCode = 1;
  // A file that reports no test, as one that calls process.exit(0), is itself counted as a test that passed.
  if (files.includes(resolve(data.name))) emptyFiles.push(data.name);
  else if (data.skip !== undefined) {
    // Nor may a test be left out that needs a server, where there is one. (Those of another name count as skipped.)
    const required = server && process.env.CI === "true" && values.name === undefined;
    if (required && serversGiven()) skipped.push(data.name);
  } else if (data.details.type !== "suite") ran++;
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

/** Those in the folder and below it, but not in a folder that has a lane of its own. */
function testFiles(folder) {
  const path = join(root, "dist/test", folder);
  if (!existsSync(path)) return [];
  const inner = [...ownLanes, ...elasticsearchLanes]
    .flatMap(({ folders }) => folders)
    .filter((other) => other.startsWith(`${folder}/`))
    .map((other) => `${other.slice(folder.length + 1)}/`);
  return readdirSync(path, { recursive: true })
    .filter((file) => file.endsWith(".test.js") && !inner.some((start) => file.startsWith(start)))
    .map((file) => join(path, file))
    .sort();
}

function isWanted(file) {
  return positionals.length === 0 || positionals.some((word) => file.slice(root.length).includes(word));
}
