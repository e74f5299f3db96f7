import { spawn } from "node:child_process";
import { closeSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inPath } from "../setup/tools.mjs";

/** An emulated processor is 20 to 50 times as slow as this one; the tests' deadlines are made for this one. */
const PATIENCE = 10;
/** How much of its console is kept for a guest that did not come to its end. */
const TOLD_LINES = 25;

/**
 * @typedef {object} Result
 * @property {string} file as in "live/mechanisms"
 * @property {string[]} path suites and the test's own name
 * @property {{ outcome: "pass" | "fail" | "skip", ms: number, why?: string }} result
 */

/**
 * @typedef {object} GuestRun
 * @property {Result[]} results
 * @property {number} seconds
 * @property {string | undefined} fault why it did not come to its end
 * @property {{ name: string, base64: string }[]} files recordings, where they were asked for
 */

/**
 * Boots a kernel, which runs the tests and ends. Judged by what it wrote on its second serial line and never by qemu's exit.
 * Nothing but the kernel is loaded: in Debian's cloud kernels the NVMe disk and ext4 are built in.
 * @param {{ machine: import("./machine.mjs").Machine, kernel: string, root: string, tests: string[], folder: string,
 *   seconds: number, record: string }} guest record: under which name recordings are made, or ""; root: an image, which stays as it is; folder: where its console and results are left, for
 *   whoever looks into a failure
 * @returns {Promise<GuestRun>}
 */
export async function runGuest({ machine, kernel, root, tests, folder, seconds, record }) {
  const results = join(folder, "results");
  const console = join(folder, "console.log");
  writeFileSync(results, "");
  const begun = performance.now();
  const late = await boot(kernel, { machine, root, tests, results, console, record }, seconds * 1000);
  const lines = readLines(results);
  const ended = lines.some(({ say }) => say === "end");
  const why = late ? `it had not ended after ${seconds} s` : "it ended before its tests did";
  return {
    results: lines.filter(({ say }) => say === "test"),
    seconds: (performance.now() - begun) / 1000,
    files: lines.filter(({ say }) => say === "file"),
    fault: ended ? undefined : `${why}; the end of ${console}:\n${lastLines(console)}`,
  };
}

/** @returns {Promise<boolean>} whether it had to be ended */
function boot(kernel, { machine, root, tests, results, console, record }, ms) {
  const words = [
    // The check of the timer is a race against an emulated processor, and whoever loses it does not boot.
    ...[`console=${machine.console}`, "quiet", "panic=-1", "mitigations=off", "no_timer_check"],
    ...["root=/dev/nvme0n1", "rootwait", "rw", "init=/init"],
    ...[`MAYFLY_RESULTS=${machine.results}`, `MAYFLY_TESTS=${tests.join(",")}`, `MAYFLY_TEST_PATIENCE=${PATIENCE}`],
    ...(record === "" ? [] : [`MAYFLY_RECORD=${record}`]),
  ];
  const args = [
    ...[...machine.args, "-accel", "tcg,thread=multi", "-smp", "2", "-m", "1024"],
    ...["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-serial", "stdio"],
    ...machine.secondLine(results),
    // One disk: two would be named in the order in which they answer.
    ...["-drive", `file=${root},if=none,id=root,format=raw,snapshot=on`, "-device", "nvme,serial=root,drive=root"],
    ...["-kernel", kernel, "-append", words.join(" ")],
  ];
  const log = openSync(console, "w");
  const child = spawn(inPath(machine.qemu), args, { stdio: ["ignore", log, log] });
  closeSync(log);
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  return new Promise((resolve, reject) => {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      kill();
    }, ms);
    child.on("error", reject);
    child.on("close", () => {
      clearTimeout(timer);
      process.off("exit", kill);
      resolve(late);
    });
  });
}

/** A line that was cut off is left out. */
function readLines(file) {
  const lines = readFileSync(file, "utf8").replaceAll("\r", "").split("\n").slice(0, -1);
  return lines.map((line) => JSON.parse(line));
}

function lastLines(file) {
  const lines = readFileSync(file, "utf8").replaceAll("\r", "").trimEnd().split("\n");
  return lines
    .slice(-TOLD_LINES)
    .map((line) => `  ${line}`)
    .join("\n");
}
