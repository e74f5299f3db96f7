#!/usr/bin/env node
/**
 * Runs the live tests on an addon with AddressSanitizer and UndefinedBehaviorSanitizer: `npm run test:sanitizers`.
 * It is built into build/sanitizers, beside the usual one; Node itself is as ever, with the sanitizers' libraries before it.
 *
 *   npm run test:sanitizers -- addon recording    only the test files whose path contains one of the words
 *
 * Fails when a test does, and on every report, also of a process whose end no test looks at.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const addon = join(root, "build/sanitizers/Release/mayfly.node");
build();
const preload = ["libasan.so", "libubsan.so"].map(library).join(":");
const reports = mkdtempSync(join(tmpdir(), "mayfly-sanitizers-"));
const environment = {
  ...process.env,
  MAYFLY_TEST_ADDON: addon,
  LD_PRELOAD: preload,
  NODE_OPTIONS: `--import ${join(root, "scripts/sanitizers/programs.mjs")}`,
  // Signals are the kernel's to tell: programs that the tests let die by SIGSEGV inherit all this. Leaks: Node frees nothing at
  // its end.
  ASAN_OPTIONS: `detect_leaks=0:handle_segv=0:handle_sigbus=0:handle_sigfpe=0:handle_sigill=0:handle_abort=0:disable_coredump=0:log_path=${reports}/report`,
  UBSAN_OPTIONS: `print_stacktrace=1:log_path=${reports}/report`,
};
process.once("exit", () => rmSync(reports, { recursive: true, force: true }));
requireLoaded();
const words = process.argv.slice(2).map((word) => `live/${word}`);
const tests = spawnSync(process.execPath, [join(root, "scripts/test.mjs"), ...(words.length > 0 ? words : ["live/"])], {
  cwd: root,
  env: environment,
  stdio: "inherit",
});
const found = readdirSync(reports);
for (const file of found) process.stdout.write(`\n${readFileSync(join(reports, file), "utf8")}`);
process.stdout.write(`sanitizers: address, undefined; ${found.length} reports\n`);
process.exitCode = found.length > 0 ? 1 : (tests.status ?? 1);

function build() {
  const begun = performance.now();
  const args = ["build", "--out", "build/sanitizers", "--CDMAYFLY_SANITIZE=ON"];
  const done = spawnSync(process.execPath, [join(root, "node_modules/cmake-js/bin/cmake-js"), ...args], {
    cwd: root,
    encoding: "utf8",
  });
  if (done.status !== 0) fail(`the addon could not be built with sanitizers:\n${done.stdout}${done.stderr}`);
  process.stdout.write(`built ${addon} in ${((performance.now() - begun) / 1000).toFixed(1)} s\n`);
}

/** The compiler's own: another's would not fit the calls that it put into the addon. */
function library(name) {
  const path = spawnSync("c++", [`-print-file-name=${name}`], { encoding: "utf8" }).stdout?.trim() ?? "";
  if (!path.startsWith("/")) fail(`there is no ${name}: install g++ with its sanitizers (libasan).`);
  return path;
}

/** A run that uses the usual addon would find nothing, and look green. */
function requireLoaded() {
  const script = `
    import { readFileSync } from "node:fs";
    import { lockFile } from ${JSON.stringify(join(root, "dist/src/source/addon.js"))};
    try { lockFile(-1); } catch {}
    const maps = readFileSync("/proc/self/maps", "utf8");
    process.exitCode = [${JSON.stringify(addon)}, "libasan", "libubsan"].every((file) => maps.includes(file)) ? 0 : 1;
  `;
  const options = { env: environment, encoding: "utf8" };
  const done = spawnSync(process.execPath, ["--input-type=module", "-e", script], options);
  if (done.status !== 0) fail(`the addon with sanitizers is not what the tests would load:\n${done.stderr}`);
}

function fail(reason) {
  process.stderr.write(`${reason}\n`);
  process.exit(1);
}
