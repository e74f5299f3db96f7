import { basename, join } from "node:path";
import { run } from "./command.mjs";
import { readOptional } from "./fingerprint.mjs";
import { step } from "./say.mjs";

/**
 * Whether node_modules is what package-lock.json says, by npm's own record of what it installed, which it writes last.
 * @param {string} root
 */
export function dependenciesDue(root) {
  const installed = readOptional(join(root, "node_modules/.package-lock.json"));
  if (installed === undefined) return true;
  const found = JSON.parse(installed).packages;
  const wanted = JSON.parse(readOptional(join(root, "package-lock.json"))).packages;
  return Object.entries(wanted).some(([path, entry]) => {
    if (path === "") return false;
    const there = found[path];
    // Optional packages are those of other platforms.
    if (there === undefined) return entry.optional !== true;
    return there.version !== entry.version;
  });
}

/** @param {string} root */
export function installDependencies(root) {
  return step("installing npm packages", "about 5 s", async () => {
    const options = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
    const [file, args] = npm();
    // The compiler is a development dependency, and NODE_ENV=production would leave those out.
    await run(file, [...args, "ci", "--include=dev", ...options], { cwd: root, failure: "npm ci failed" });
  });
}

/** The npm that runs us, if one does: another may be first in PATH. */
function npm() {
  const path = process.env.npm_execpath;
  return path !== undefined && basename(path) === "npm-cli.js" ? [process.execPath, [path]] : ["npm", []];
}
