import { readFileSync } from "node:fs";
import { join } from "node:path";

const kinds = ["dependencies", "devDependencies", "optionalDependencies"];

/**
 * What is wrong with package-lock.json, a line each.
 * @param {string} root
 * @returns {string[]}
 */
export function lockfileFaults(root) {
  const wanted = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const { packages } = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8"));
  const faults = [];
  for (const kind of kinds) {
    if (JSON.stringify(sorted(wanted[kind])) !== JSON.stringify(sorted(packages[""][kind]))) {
      faults.push(`${kind} differ from package.json: run npm install`);
    }
  }
  for (const [path, entry] of Object.entries(packages)) {
    if (entry.resolved !== undefined) faults.push(`${path} names an address: set omit-lockfile-registry-resolved`);
    if (entry.hasInstallScript) faults.push(`${path} has an install script: npm 11 will not run it`);
    // Left out by npm when the registry it asked lacks packages of other platforms; `npm ci` of npm 11 then refuses.
    const optional = Object.keys(entry.optionalDependencies ?? {});
    const left = optional.filter((name) => packages[`node_modules/${name}`] === undefined);
    if (left.length > 0) faults.push(`${path} lacks the entries of ${left.join(", ")}: add version, os, cpu, optional`);
  }
  return faults;
}

function sorted(object = {}) {
  return Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1));
}
