import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { run } from "./command.mjs";
import { filesBelow, fingerprint, readStamp, writeStamp } from "./fingerprint.mjs";
import { step } from "./say.mjs";
import { describeToolchain, toolchainPath } from "./tools.mjs";

/** What the probes and the addon are made of. package-lock.json: node-addon-api and cmake-js come from there. */
const inputs = ["CMakeLists.txt", "package-lock.json", "scripts/layout.mjs"];
const inputFolders = ["bpf", "native"];
const outputs = ["build/Release/mayfly.node", "build/mayfly.node"];
const stampFile = "build/.inputs";
const toolchainFile = "build/.toolchain";

/** @param {string} root */
export function addonDue(root) {
  const built = outputs.some((file) => existsSync(join(root, file)));
  return !built || readStamp(join(root, stampFile)) !== currentStamp(root);
}

/**
 * Builds the probes and the addon; what is still good in build/ stays.
 * @param {string} root
 * @param {import("./tools.mjs").Toolchain} toolchain complete
 */
export function buildAddon(root, toolchain) {
  return step("building the probes and the addon", "about 10 s", async () => {
    const stamp = currentStamp(root);
    const tools = describeToolchain(toolchain);
    // CMake remembers the tools it found, also those that have gone.
    if (readStamp(join(root, toolchainFile)) !== tools) rmSync(join(root, "build"), { recursive: true, force: true });
    writeStamp(join(root, toolchainFile), tools);
    const cmakeJs = join(root, "node_modules/cmake-js/bin/cmake-js");
    // `build`, not `compile`: that one rebuilds everything after any failure and prints the error twice.
    await run(process.execPath, [cmakeJs, "build"], {
      cwd: root,
      env: { PATH: toolchainPath(toolchain) },
      failure: "the addon could not be built",
    });
    writeStamp(join(root, stampFile), stamp);
  });
}

function currentStamp(root) {
  return fingerprint(root, [...inputs, ...inputFolders.flatMap((folder) => filesBelow(root, folder))]);
}
