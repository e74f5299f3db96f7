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
    // npm 11 refuses `npm ci` when the entry of a package for another platform is missing, which a registry that
    // lacks that package makes npm leave out.
    for (const name of Object.keys(entry.optionalDependencies ?? {})) {
      if (packages[`node_modules/${name}`] === undefined) faults.push(`${name}, optional for ${path}, has no entry`);
    }
  }
  return faults;
}

function sorted(object = {}) {
  return Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1));
}
