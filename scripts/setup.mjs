#!/usr/bin/env node
/**
 * Makes a checkout ready to run: system packages, npm packages, the addon, the compiled sources; only what is due.
 * Runs on plain Node, before anything is installed.
 *
 *   node scripts/setup.mjs [--force] [--tests] [--check]
 *
 * --force builds everything again, --tests compiles the test programs too, --check brings what only the checks need
 * and builds nothing.
 */
import { readdirSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { addonDue, buildAddon } from "./setup/addon.mjs";
import { endAll } from "./setup/command.mjs";
import { dependenciesDue, installDependencies } from "./setup/dependencies.mjs";
import { withLock } from "./setup/lock.mjs";
import { compileOracle, oracleDue } from "./setup/oracle.mjs";
import { installTools } from "./setup/packages.mjs";
import { checkPlatform } from "./setup/platform.mjs";
import { compilePrograms, programsDue, removeStalePrograms } from "./setup/programs.mjs";
import { SetupError, say } from "./setup/say.mjs";
import { compileSources, sourcesDue } from "./setup/sources.mjs";
import { findClangFormat, findToolchain } from "./setup/tools.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const lockFile = "dist/.setup.lock";
const addonTools = ["clang", "strip", "bpftool", "cmake", "ninja", "cxx", "libbpf", "libelf", "zlib"];
/** In CI no test is left out; elsewhere those that need it skip and say how to get it. */
const testTools = process.env.CI === "true" ? ["strace"] : [];
const signals = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };

for (const [signal, status] of Object.entries(signals)) {
  process.on(signal, () => {
    endAll();
    process.exit(status);
  });
}

try {
  const options = readOptions(process.argv.slice(2));
  checkPlatform();
  if (options.force || isDue(options)) await withLock(join(root, lockFile), () => prepare(options));
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  endAll();
  say(error.message);
  process.exitCode = error.exitCode;
}

function readOptions(args) {
  const options = { force: false, tests: false, check: false };
  for (const arg of args) {
    const name = arg.replace(/^--/, "");
    if (!arg.startsWith("--") || !(name in options)) throw new SetupError(`there is no option ${arg}.`, 64);
    options[name] = true;
  }
  return options;
}

/** Whether there is anything to do; without the lock, because it mostly is not. */
function isDue(options) {
  if (dependenciesDue(root)) return true;
  if (options.check) return findClangFormat() === undefined;
  return addonDue(root) || sourcesDue(root) || (options.tests && testsDue());
}

function testsDue() {
  if (oracleDue(root) || programsDue(root).length > 0) return true;
  return testTools.length > 0 && findToolchain().strace === undefined;
}

async function prepare(options) {
  if (options.force) removeBuilt();
  const [toolchain] = await Promise.all([
    provideTools(neededTools(options)),
    dependenciesDue(root) ? installDependencies(root) : undefined,
  ]);
  if (options.check) return;
  if (addonDue(root)) await buildAddon(root, toolchain);
  // After the addon, whose build writes a source: the layout of the records.
  if (sourcesDue(root)) await compileSources(root);
  if (options.tests) await prepareTests(toolchain);
}

function neededTools(options) {
  if (options.check) return ["clangFormat"];
  const build = addonDue(root) ? addonTools : [];
  if (!options.tests) return build;
  return [...new Set([...build, ...(oracleDue(root) ? ["clang", "libbpf"] : []), ...testTools])];
}

/** Everything but the lock, which we hold. */
function removeBuilt() {
  rmSync(join(root, "build"), { recursive: true, force: true });
  for (const name of readdirSync(join(root, "dist"))) {
    if (name !== basename(lockFile)) rmSync(join(root, "dist", name), { recursive: true });
  }
}

/** @returns {Promise<import("./setup/tools.mjs").Toolchain>} with everything that is needed */
async function provideTools(needed) {
  const found = findToolchain();
  const missing = needed.filter((key) => found[key] === undefined);
  if (missing.length === 0) return found;
  await installTools(missing, found);
  const now = findToolchain();
  const still = needed.filter((key) => now[key] === undefined);
  if (still.length > 0) throw new SetupError(`apt installed everything, yet there is no ${still.join(", ")}.`);
  return now;
}

async function prepareTests(toolchain) {
  removeStalePrograms(root);
  const due = programsDue(root);
  if (due.length > 0) await compilePrograms(root, due);
  if (oracleDue(root)) await compileOracle(root, toolchain);
}
