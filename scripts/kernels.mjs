#!/usr/bin/env node
/**
 * Runs the live tests on other kernels than this machine's: boots Debian's in emulated machines, two at a time, and prints
 * a table kernel x test. Fails when a test failed, when a guest did not come to its end, and when a required kernel
 * cannot be had.
 *
 *   npm run test:kernels                      all of them
 *   npm run test:kernels -- 6.1 6.12          these
 *   npm run test:kernels -- --write           docs/kernels.md as well
 *   npm run test:kernels -- --record          test/recordings as well
 *   npm run test:kernels -- --fresh           look for newer packages of the kernels first
 *
 * MAYFLY_KERNELS_CACHE: a folder where the kernels are kept from run to run; default: build/kernels.
 */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Archive } from "./kernels/archive.mjs";
import { arm64Parts } from "./kernels/arm64_parts.mjs";
import { runGuest } from "./kernels/guest.mjs";
import { hostParts } from "./kernels/host_parts.mjs";
import { KERNELS, provideKernels } from "./kernels/kernel.mjs";
import { MACHINES } from "./kernels/machine.mjs";
import { makeRoot } from "./kernels/root.mjs";
import { markdown, summary } from "./kernels/table.mjs";
import { endAll } from "./setup/command.mjs";
import { installTools } from "./setup/packages.mjs";
import { SetupError, say, step } from "./setup/say.mjs";
import { inPath } from "./setup/tools.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const document = "docs/kernels.md";
const cache = process.env.MAYFLY_KERNELS_CACHE ?? join(root, "build/kernels");
/** Each guest has two processors, and waits half of its time. */
const AT_ONCE = 2;
/** A guest needs 2 to 3 minutes of a machine that has nothing else to do. */
const GUEST_SECONDS = 900;
const tools = {
  amd64: { qemu: "qemu-system-x86_64", mke2fs: "mke2fs" },
  arm64: { qemuArm: "qemu-system-aarch64", cxxArm: "aarch64-linux-gnu-g++", mke2fs: "mke2fs" },
};
const signals = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };

for (const [signal, status] of Object.entries(signals)) {
  process.on(signal, () => {
    endAll();
    process.exit(status);
  });
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  endAll();
  say(error.message);
  process.exitCode = error.exitCode;
}

async function main() {
  const begun = performance.now();
  const { values, positionals } = parseArgs({
    options: { write: { type: "boolean" }, record: { type: "boolean" }, fresh: { type: "boolean" } },
    allowPositionals: true,
  });
  const unknown = positionals.filter((word) => !KERNELS.some(({ name }) => name === word));
  const known = KERNELS.map(({ name }) => name).join(", ");
  if (unknown.length > 0) throw new SetupError(`there is no kernel ${unknown.join(", ")} here, only ${known}.`, 64);
  const wanted = KERNELS.filter(({ name }) => positionals.length === 0 || positionals.includes(name));

  const guests = [];
  for (const architecture of Object.keys(MACHINES)) {
    const own = wanted.filter((kernel) => kernel.architecture === architecture);
    if (own.length > 0) guests.push(...(await prepare(architecture, own, values.fresh ?? false)));
  }
  const runs = await inTurns(guests, (guest) => runKernel(guest, values.record ?? false));
  for (const { name, files } of runs) if (files.length > 0) keepRecordings(name, files);
  const seconds = (performance.now() - begun) / 1000;
  process.stdout.write(summary(runs, seconds));
  if (values.write) writeFileSync(join(root, document), markdown(runs, seconds, values.record ?? false));
  return runs.every(isGood) ? 0 : 1;
}

/** The kernels of an architecture with the file system for their guests. Where none is required, nothing of it is. */
async function prepare(architecture, wanted, fresh) {
  const folder = join(cache, architecture);
  mkdirSync(folder, { recursive: true });
  try {
    await provideTools(tools[architecture]);
    let archive;
    const opened = async () => {
      archive ??= await openArchive(join(folder, "apt"), architecture);
      return archive;
    };
    const kernels = await provideKernels(wanted, folder, opened, fresh);
    const parts = architecture === "arm64" ? await arm64Parts(root, folder, opened) : hostParts(root);
    let image = "";
    await step(`making the ${architecture} guests' file system`, "about 5 s", async () => {
      image = await makeRoot(root, folder, parts);
    });
    return kernels.map((kernel) => ({ ...kernel, image }));
  } catch (error) {
    if (!(error instanceof SetupError) || wanted.some(({ required }) => required)) throw error;
    say(error.message);
    return wanted.map((kernel) => ({ ...kernel, file: undefined, package: "" }));
  }
}

async function openArchive(folder, architecture) {
  const archive = new Archive(folder, architecture);
  const fault = await archive.open();
  if (fault !== undefined) say(`not all package lists could be read: ${fault}`);
  return archive;
}

async function provideTools(wanted) {
  const missing = Object.keys(wanted).filter((key) => inPath(wanted[key]) === undefined);
  if (missing.length > 0) await installTools(missing, {});
}

/** @returns {Promise<import("./kernels/table.mjs").KernelRun>} */
async function runKernel({ image, ...kernel }, wantsRecordings) {
  if (kernel.file === undefined) {
    say(`kernel ${kernel.name} cannot be had: ${kernel.required ? "FAIL" : "SKIP"}`);
    return { ...kernel, results: [], seconds: 0, files: [], fault: undefined };
  }
  const folder = join(cache, `guest-${kernel.name}`);
  mkdirSync(folder, { recursive: true });
  say(`kernel ${kernel.name}: runs…`);
  const machine = MACHINES[kernel.architecture];
  const { file, tests } = kernel;
  const record = wantsRecordings ? kernel.name : "";
  const ran = await runGuest({ machine, kernel: file, root: image, tests, folder, seconds: GUEST_SECONDS, record });
  const failed = ran.results.filter(({ result }) => result.outcome === "fail").length;
  const how = ran.fault === undefined ? `${failed} of ${ran.results.length} tests failed` : "did not come to its end";
  say(`kernel ${kernel.name}: ${how}, ${ran.seconds.toFixed(0)} s`);
  return { ...kernel, ...ran };
}

function keepRecordings(kernel, files) {
  const folder = join(root, "test/recordings", kernel);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const { name, base64 } of files)
    writeFileSync(join(folder, name), Buffer.from(base64, "base64"), { mode: 0o600 });
}

function isGood({ file, required, fault, results }) {
  if (file === undefined) return !required;
  return fault === undefined && results.length > 0 && results.every(({ result }) => result.outcome !== "fail");
}

/** At most AT_ONCE at a time; results in the order of the items. */
async function inTurns(items, work) {
  const results = [];
  const queue = items.entries();
  const lane = async () => {
    for (const [index, item] of queue) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return results;
}
