import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/**
 * Every file below a folder, as paths that begin with it, sorted. A folder that is not there has none.
 * @param {string} root
 * @param {string} folder below root
 * @returns {string[]} relative to root
 */
export function filesBelow(root, folder) {
  return entries(join(root, folder))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      return entry.isDirectory() ? filesBelow(root, path) : [path];
    })
    .sort();
}

/**
 * One hash over names and contents. Contents, not times: git writes new times on files that did not change,
 * and a file that is put back is older than what was built from its other version.
 * @param {string} root
 * @param {string[]} files relative to root
 * @param {string} [salt] whatever else decides about the result
 */
export function fingerprint(root, files, salt = "") {
  const hash = createHash("sha256").update(salt);
  for (const file of files) {
    const content = readOptional(join(root, file)) ?? "";
    hash.update(`\0${file}\0${content.length}\0`).update(content);
  }
  return hash.digest("hex");
}

/** @returns {Buffer | undefined} undefined when there is no such file */
export function readOptional(path) {
  try {
    return readFileSync(path);
  } catch (error) {
    if (error.code === "ENOENT") return undefined;
    throw error;
  }
}

/** @returns {string | undefined} */
export function readStamp(path) {
  return readOptional(path)?.toString();
}

export function writeStamp(path, text) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

function entries(folder) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if (error.code === "ENOENT") return [];
    throw error;
  }
}
