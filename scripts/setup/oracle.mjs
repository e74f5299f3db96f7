import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { run } from "./command.mjs";
import { filesBelow, fingerprint, readStamp, writeStamp } from "./fingerprint.mjs";
import { SetupError, step } from "./say.mjs";
import { inPath } from "./tools.mjs";

const source = "test/oracle";
const target = "dist/test/oracle";
const outputs = ["counter.bpf.o", "counter"];
const stampFile = `${target}/.inputs`;
const objectFlags = ["-g", "-O2", "-Wall", "-Wextra", "-target", "bpf"];
const loaderFlags = ["-std=gnu17", "-O2", "-Wall", "-Wextra"];

/** Whether the counting oracle of the tests, a BPF object and its loader, is not what stands in test/oracle now. */
export function oracleDue(root) {
  const missing = outputs.some((file) => !existsSync(join(root, target, file)));
  return missing || readStamp(join(root, stampFile)) !== currentStamp(root);
}

/**
 * @param {string} root
 * @param {import("./tools.mjs").Toolchain} toolchain with clang and libbpf
 */
export function compileOracle(root, toolchain) {
  return step("compiling the counting oracle", "about 1 s", async () => {
    const stamp = currentStamp(root);
    const cc = inPath("cc") ?? inPath("gcc");
    if (cc === undefined) throw new SetupError("the counting oracle needs a C compiler: install gcc.");
    mkdirSync(join(root, target), { recursive: true });
    const options = { cwd: root, failure: "the counting oracle could not be compiled" };
    const object = ["-c", `${source}/counter.bpf.c`, "-o", `${target}/counter.bpf.o`];
    await run(toolchain.clang, [...objectFlags, ...object], options);
    await run(cc, [...loaderFlags, "-o", `${target}/counter`, `${source}/counter.c`, "-lbpf"], options);
    writeStamp(join(root, stampFile), stamp);
  });
}

function currentStamp(root) {
  return fingerprint(root, filesBelow(root, source), [...objectFlags, ...loaderFlags].join(" "));
}
