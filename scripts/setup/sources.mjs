import { existsSync, readdirSync, rmdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { run } from "./command.mjs";
import { filesBelow, fingerprint, readStamp, writeStamp } from "./fingerprint.mjs";
import { step } from "./say.mjs";

/** As in tsconfig.json, "include". */
const folders = ["src", "ecs", "config", "test"];
const stampFile = "dist/.sources";

/** @param {string} root */
export function sourcesDue(root) {
  const sources = sourceFiles(root);
  return (
    readStamp(join(root, stampFile)) !== currentStamp(root, sources) ||
    outputMissing(root, sources) ||
    staleOutputs(root, sources).length > 0
  );
}

/** @param {string} root */
export function compileSources(root) {
  return step("compiling TypeScript", "about 1 s", async () => {
    const sources = sourceFiles(root);
    const stamp = currentStamp(root, sources);
    // The compiler believes its own notes about what it wrote, also after someone removed it.
    if (outputMissing(root, sources)) rmSync(join(root, "dist/.tsbuildinfo"), { force: true });
    rmSync(join(root, stampFile), { force: true });
    const tsc = join(root, "node_modules/typescript/bin/tsc");
    await run(process.execPath, [tsc, "-p", "."], { cwd: root, failure: "the TypeScript sources have errors" });
    for (const file of staleOutputs(root, sources)) rmSync(join(root, "dist", file));
    for (const folder of folders) removeEmpty(join(root, "dist", folder));
    writeStamp(join(root, stampFile), stamp);
  });
}

function sourceFiles(root) {
  return folders.flatMap((folder) => filesBelow(root, folder)).filter((file) => /\.(ts|json)$/.test(file));
}

function currentStamp(root, sources) {
  return fingerprint(root, ["tsconfig.json", "package-lock.json", ...sources]);
}

function outputMissing(root, sources) {
  return sources.some((file) => /(?<!\.d)\.ts$/.test(file) && !existsSync(join(root, "dist", compiled(file))));
}

/** Outputs whose source has gone: they would still be imported, or run as a test. */
function staleOutputs(root, sources) {
  const known = new Set(sources);
  return folders
    .flatMap((folder) => filesBelow(join(root, "dist"), folder))
    .filter((file) => /\.(js|js\.map|json)$/.test(file) && !known.has(file.replace(/\.js(\.map)?$/, ".ts")));
}

function removeEmpty(folder) {
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) removeEmpty(join(folder, entry.name));
  }
  if (readdirSync(folder).length === 0) rmdirSync(folder);
}

function compiled(source) {
  return source.replace(/\.ts$/, ".js");
}
