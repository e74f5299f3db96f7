import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { say } from "../setup/say.mjs";
import { ARM64_TESTS, TESTS } from "./tests.mjs";

/** The matrix. What is required must be there; the others are left out, loudly, when they cannot be had. */
export const KERNELS = [
  { name: "5.10", series: "5.10", architecture: "amd64", required: false, tests: TESTS },
  { name: "6.1", series: "6.1", architecture: "amd64", required: true, tests: TESTS },
  { name: "6.12", series: "6.12", architecture: "amd64", required: true, tests: TESTS },
  { name: "6.18", series: "6.18", architecture: "amd64", required: false, tests: TESTS },
  { name: "7", series: "7", architecture: "amd64", required: false, tests: TESTS },
  { name: "6.12-arm64", series: "6.12", architecture: "arm64", required: false, tests: ARM64_TESTS },
];

/**
 * @typedef {object} Kernel
 * @property {string} name
 * @property {"amd64" | "arm64"} architecture
 * @property {boolean} required
 * @property {string[]} tests
 * @property {string | undefined} file undefined when it cannot be had
 * @property {string} package Debian's
 */

/**
 * The kernels of one architecture, from the cache where they are in it.
 * @param {typeof KERNELS} wanted
 * @param {string} folder
 * @param {() => Promise<import("./archive.mjs").Archive>} archive opened when something is due
 * @param {boolean} fresh whether to look for newer ones
 * @returns {Promise<Kernel[]>}
 */
export async function provideKernels(wanted, folder, archive, fresh) {
  mkdirSync(folder, { recursive: true });
  const kernels = wanted.map((one) => ({ ...one, ...cached(folder, one.series) }));
  for (const kernel of kernels.filter(({ file }) => fresh || file === undefined)) {
    const { file, note } = paths(folder, kernel.series);
    const name = await (await archive()).bringKernel(kernel.series, file);
    if (name === undefined) continue;
    writeFileSync(note, name);
    Object.assign(kernel, { file, package: name });
    say(`kernel ${kernel.name}: ${name}`);
  }
  return kernels;
}

function cached(folder, series) {
  const { file, note } = paths(folder, series);
  if (!existsSync(file) || !existsSync(note)) return { file: undefined, package: "" };
  return { file, package: readFileSync(note, "utf8") };
}

function paths(folder, series) {
  return { file: join(folder, `vmlinuz-${series}`), note: join(folder, `vmlinuz-${series}.package`) };
}
