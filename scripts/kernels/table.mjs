import { LEFT_OUT } from "./tests.mjs";

/** @typedef {import("./kernel.mjs").Kernel & import("./guest.mjs").GuestRun} KernelRun */

/**
 * For the terminal: one row for each suite, and every test that failed or was skipped with the reason.
 * @param {KernelRun[]} runs
 * @param {number} seconds that everything took
 */
export function summary(runs, seconds) {
  const suites = rowsBy(runs, suiteOf);
  const rows = suites.map((name) => [name, ...runs.map((run) => suiteCell(run, name))]);
  const head = ["", ...runs.map(({ name }) => name)];
  const lines = [...aligned([head, ...rows, footer(runs)]), "", ...notes(runs)];
  return `${lines.join("\n")}\n${runs.length} kernels, ${seconds.toFixed(0)} s\n`;
}

/**
 * The page docs/kernels.md: a row for each test.
 * @param {KernelRun[]} runs
 * @param {number} seconds
 */
export function markdown(runs, seconds, recorded) {
  const files = [...new Set(runs.flatMap(({ results }) => results.map(({ file }) => file)))];
  const had = runs.filter(({ file }) => file !== undefined);
  const kernels = runs.map(({ name, package: debian, required, file, seconds: took }) => {
    const what = file === undefined ? "SKIP: it could not be had" : `\`${debian}\``;
    return `| ${name} | ${what} | ${required ? "yes" : "no"} | ${file === undefined ? "" : `${took.toFixed(0)} s`} |`;
  });
  return [
    "# Kernels",
    "",
    "Made by `npm run test:kernels -- --write`, which boots Debian's cloud kernels in emulated machines (QEMU without KVM, two",
    `processors) and runs the live tests in each, as they run on a host. This run took ${(seconds / 60).toFixed(1)} minutes, two guests at a time${recorded ? ", recordings (test/recordings) included" : ""}.`,
    "",
    "| kernel | package | required | took |",
    "| --- | --- | --- | --- |",
    ...kernels,
    "",
    "## What they do not run",
    "",
    ...LEFT_OUT.map(([what, why]) => `- ${what}: ${why}.`),
    "",
    ...files.flatMap((file) => section(file, had)),
    ...(notes(runs).length === 0 ? [] : ["## Failed and skipped", "", "```", ...notes(runs), "```", ""]),
  ].join("\n");
}

function section(file, runs) {
  const own = runs.map((run) => ({ ...run, results: run.results.filter((one) => one.file === file) }));
  const rows = rowsBy(own, nameOf).map((name) => {
    const cells = own.map(({ results }) => cell(results.filter((one) => nameOf(one) === name)));
    return `| ${[name.replaceAll("|", "\\|"), ...cells].join(" | ")} |`;
  });
  const head = `| ${["test", ...own.map(({ name }) => name)].join(" | ")} |`;
  return [`## test/${file}`, "", head, `| --- |${" --- |".repeat(own.length)}`, ...rows, ""];
}

function cell(results) {
  const [first] = results;
  if (first === undefined) return "-";
  return { pass: "PASS", fail: "**FAIL**", skip: "skip" }[first.result.outcome];
}

function suiteCell({ file, required, results }, suite) {
  if (file === undefined) return required ? "FAIL" : "SKIP";
  const own = results.filter((one) => suiteOf(one) === suite).map(({ result }) => result.outcome);
  const [failed, skipped] = ["fail", "skip"].map((word) => own.filter((outcome) => outcome === word).length);
  if (own.length === 0) return "-";
  if (failed > 0) return `FAIL ${failed}/${own.length}`;
  return skipped > 0 ? `PASS ${own.length - skipped}, skip ${skipped}` : `PASS ${own.length}`;
}

function footer(runs) {
  const cells = runs.map(({ file, seconds }) => (file === undefined ? "no package" : `${seconds.toFixed(0)} s`));
  return ["time", ...cells];
}

/** Reasons, each told once with the kernels that it is true of. */
function notes(runs) {
  const kernels = new Map();
  const note = (text, name) => kernels.set(text, [...(kernels.get(text) ?? []), name]);
  for (const { name, file, required, fault, results } of runs) {
    if (file === undefined) note(`${required ? "FAIL" : "SKIP"}: this kernel could not be had`, name);
    if (fault !== undefined) note(`FAIL: ${fault}`, name);
    for (const one of results) {
      const { outcome, why } = one.result;
      if (outcome === "fail") note(`FAIL ${one.file}: ${nameOf(one)}\n${indented(why)}`, name);
      if (outcome === "skip") note(`skip ${one.file}: ${nameOf(one)}\n${indented(why)}`, name);
    }
  }
  return [...kernels].map(([text, names]) => `${names.join(", ")}: ${text}`);
}

function indented(text = "") {
  return text
    .trim()
    .split("\n")
    .map((line) => `    ${line}`)
    .join("\n");
}

/** All rows of all kernels, in the order of the first that has them. */
function rowsBy(runs, name) {
  return [...new Set(runs.flatMap(({ results }) => results.map(name)))];
}

function suiteOf({ file, path }) {
  return path.length > 1 ? `${file}: ${path[0]}` : file;
}

function nameOf({ path }) {
  return path.join(" › ");
}

function aligned(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) =>
    row
      .map((text, column) => text.padEnd(widths[column]))
      .join("  ")
      .trimEnd(),
  );
}
