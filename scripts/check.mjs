#!/usr/bin/env node
/**
 * Everything that can be said about the sources without running them: `npm run check`. One line a check; what a check
 * printed is shown when it fails.
 *
 *   npm run check -- --fix    lets the formatters and linters mend what they can first
 */
import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { lockfileFaults } from "./check/lockfile.mjs";
import { roomFaults } from "./check/rooms.mjs";
import { filesBelow } from "./setup/fingerprint.mjs";
import { findClangFormat } from "./setup/tools.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const fix = process.argv.includes("--fix");

const setup = spawnSync(process.execPath, [join(root, "scripts/setup.mjs"), "--check"], { stdio: "inherit" });
if (setup.status !== 0) process.exit(setup.status ?? 1);

const checks = [
  [
    "biome: format and lint",
    () => tool("@biomejs/biome/bin/biome", ["check", "--error-on-warnings", ...(fix ? ["--write"] : [])]),
  ],
  ["oxlint: type-aware rules", () => tool("oxlint/bin/oxlint", ["--deny-warnings", ...(fix ? ["--fix"] : [])])],
  ["tsc: types", () => tool("typescript/bin/tsc", ["-p", ".", "--noEmit", "--incremental", "false"])],
  ["clang-format: C and C++", clangFormat],
  ["package-lock.json: in step, no addresses", () => listed(lockfileFaults(root))],
  ["rooms: imports point one way", () => listed(roomFaults(root))],
];

for (const [name, check] of checks) {
  const begun = performance.now();
  const { ok, output } = check();
  const seconds = ((performance.now() - begun) / 1000).toFixed(1);
  process.stdout.write(`${ok ? "ok  " : "FAIL"} ${name} (${seconds} s)\n`);
  if (ok) continue;
  process.stdout.write(`${output.trimEnd()}\n`);
  process.exitCode = 1;
}

/** Runs a tool of node_modules by this Node. */
function tool(path, args) {
  return command(process.execPath, [join(root, "node_modules", path), ...args]);
}

function clangFormat() {
  const files = ["bpf", "native", "test/programs", "test/oracle", "test/bench"]
    .flatMap((folder) => filesBelow(root, folder))
    .filter((file) => /\.(c|h|cc)$/.test(file));
  return command(findClangFormat(), [...(fix ? ["-i"] : ["--dry-run", "-Werror"]), ...files]);
}

function command(file, args) {
  const result = spawnSync(file, args, { cwd: root, encoding: "utf8", maxBuffer: 1 << 28 });
  if (result.error !== undefined) return { ok: false, output: `${file} could not be started: ${result.error.message}` };
  return { ok: result.status === 0, output: result.stdout + result.stderr };
}

function listed(faults) {
  return { ok: faults.length === 0, output: faults.join("\n") };
}
