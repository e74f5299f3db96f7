import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { run } from "./command.mjs";
import { filesBelow, fingerprint, readStamp, writeStamp } from "./fingerprint.mjs";
import { SetupError, step } from "./say.mjs";
import { inPath } from "./tools.mjs";

const source = "test/programs";
const target = "dist/test/programs";
/** Another compiler's new warning is no reason to refuse the tests, except where we look for such. */
const strict = process.env.CI === "true" ? ["-Werror"] : [];
const flags = ["-std=gnu17", "-O2", "-Wall", "-Wextra", ...strict];

/**
 * The test programs that are not compiled from what stands in test/programs now. A header there counts for all of them.
 * @param {string} root
 * @returns {string[]} names without ".c"
 */
export function programsDue(root) {
  return programs(root).filter(
    (name) => !existsSync(join(root, target, name)) || readStamp(stampFile(root, name)) !== currentStamp(root, name),
  );
}

/**
 * @param {string} root
 * @param {string[]} names
 */
export function compilePrograms(root, names) {
  const what = names.length === 1 ? names[0] : `${names.length} test programs`;
  return step(`compiling ${what}`, "about 2 s", async () => {
    const cc = inPath("cc") ?? inPath("gcc");
    if (cc === undefined) throw new SetupError("the test programs need a C compiler: install gcc.");
    mkdirSync(join(root, target), { recursive: true });
    await Promise.all(names.map((name) => compile(root, cc, name)));
  });
}

async function compile(root, cc, name) {
  const stamp = currentStamp(root, name);
  const file = `${source}/${name}.c`;
  const options = { cwd: root, failure: `${file} could not be compiled` };
  await run(cc, [...flags, ...ownFlags(root, file), "-o", `${target}/${name}`, file], options);
  writeStamp(stampFile(root, name), stamp);
}

/**
 * Removes programs whose source has gone.
 * @param {string} root
 */
export function removeStalePrograms(root) {
  const names = new Set(programs(root));
  if (!existsSync(join(root, target))) return;
  for (const file of readdirSync(join(root, target))) {
    if (!names.has(file.replace(/^\.(.*)\.inputs$/, "$1"))) rmSync(join(root, target, file));
  }
}

function programs(root) {
  return filesBelow(root, source)
    .filter((file) => file.endsWith(".c"))
    .map((file) => basename(file, ".c"));
}

function currentStamp(root, name) {
  const headers = filesBelow(root, source).filter((file) => file.endsWith(".h"));
  return fingerprint(root, [`${source}/${name}.c`, ...headers], flags.join(" "));
}

function stampFile(root, name) {
  return join(root, target, `.${name}.inputs`);
}

/** Flags that a program asks for in its first lines: `cc: -static -nostdlib` inside a comment. */
function ownFlags(root, file) {
  const head = readFileSync(join(root, file), "utf8").split("\n", 5).join("\n");
  const asked = /\bcc: ([^*\n]*)/.exec(head)?.[1] ?? "";
  return asked.split(/\s+/).filter((flag) => flag !== "");
}
