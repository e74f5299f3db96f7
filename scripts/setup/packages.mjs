import { existsSync, readdirSync } from "node:fs";
import { run } from "./command.mjs";
import { SetupError, say, step } from "./say.mjs";
import { clangFormatMajor, inPath } from "./tools.mjs";

const quiet = { DEBIAN_FRONTEND: "noninteractive", NEEDRESTART_SUSPEND: "1", LC_ALL: "C.UTF-8" };
/** Another apt, unattended upgrades on a fresh machine most of all, is waited for this long: seconds. */
const lockTimeout = ["-o", "DPkg::Lock::Timeout=120"];
const installOptions = ["install", "--yes", "--no-install-recommends"];

/**
 * Packages that bring a tool, in order of preference: the first list that this system's package sources know in whole
 * is taken. Ubuntu 24.04 has no package bpftool; there it comes with the kernel's tools.
 */
const packagesOf = {
  clang: [19, 20, 21, 18, 17].map((major) => [`clang-${major}`, `llvm-${major}`]),
  bpftool: [["bpftool"], ["linux-tools-common", "linux-tools-generic"]],
  cmake: [["cmake"]],
  ninja: [["ninja-build"]],
  cxx: [["g++"]],
  libbpf: [["libbpf-dev"]],
  libelf: [["libelf-dev"]],
  zlib: [["zlib1g-dev"]],
  clangFormat: [[`clang-format-${clangFormatMajor}`]],
  strace: [["strace"]],
  qemu: [["qemu-system-x86"]],
  qemuArm: [["qemu-system-arm"]],
  cxxArm: [["g++-aarch64-linux-gnu"]],
  mke2fs: [["e2fsprogs"]],
};

/** What each is called where there is no apt to ask. */
const namesOf = {
  clang: "clang 17 or newer",
  strip: "llvm-strip of the same version as clang",
  bpftool: "bpftool",
  cmake: "cmake",
  ninja: "ninja",
  cxx: "g++",
  libbpf: "the headers of libbpf",
  libelf: "the headers of libelf",
  zlib: "the headers of zlib",
  clangFormat: `clang-format ${clangFormatMajor}`,
  strace: "strace",
  qemu: "QEMU for x86-64",
  qemuArm: "QEMU for arm64",
  cxxArm: "g++ for arm64",
  mke2fs: "mke2fs",
};

/**
 * Installs what is missing with apt, as root; everyone else is told what to run.
 * @param {(keyof typeof namesOf)[]} missing
 * @param {import("./tools.mjs").Toolchain} toolchain
 */
export async function installTools(missing, toolchain) {
  const names = missing.map((key) => namesOf[key]).join(", ");
  if (inPath("apt-get") === undefined || inPath("apt-cache") === undefined) {
    throw new SetupError(`mayfly needs ${names}: install them with this system's package manager.`);
  }
  if (process.getuid() !== 0) {
    const packages = (await choose(missing, toolchain)) ?? preferred(missing, toolchain);
    throw new SetupError(
      `mayfly needs ${names}, and only root may install them. Run this as root, then try again:\n` +
        `  apt-get update && apt-get ${installOptions.join(" ")} ${packages.join(" ")}`,
      77,
    );
  }
  say("some system packages are missing; reading apt's package lists…");
  const updateFailure = await update();
  const packages = await choose(missing, toolchain);
  if (packages === undefined) {
    throw new SetupError(
      `${updateFailure ?? ""}mayfly needs ${names}, which the package sources of this system do not have. ` +
        "Debian 12 and Ubuntu 24.04 or newer have them.",
    );
  }
  await step(`installing ${packages.join(", ")} with apt`, "15 s to a minute", async () => {
    await finishInterrupted();
    await run("apt-get", [...lockTimeout, ...installOptions, ...packages], {
      env: quiet,
      failure: `${updateFailure ?? ""}apt-get could not install ${packages.join(", ")}`,
    });
  });
}

/** One source that does not answer is no reason to stop when the others have everything: told only if that fails. */
async function update() {
  try {
    await run("apt-get", [...lockTimeout, "update"], { env: quiet, failure: "apt-get update failed" });
    return undefined;
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    return `${error.message}\n`;
  }
}

/** dpkg refuses everything after an installation was cut off half way, as by Ctrl-C in an earlier set-up. */
async function finishInterrupted() {
  const journal = "/var/lib/dpkg/updates";
  if (existsSync(journal) && readdirSync(journal).length > 0) await run("dpkg", ["--configure", "-a"], { env: quiet });
}

/** @returns {Promise<string[] | undefined>} undefined when the package sources do not have all of it */
async function choose(missing, toolchain) {
  const names = missing.flatMap((key) => choices(key, toolchain).flat());
  const known = await candidates([...new Set(names)]);
  const chosen = [];
  for (const key of missing) {
    const packages = choices(key, toolchain).find((list) => list.every((name) => known.has(name)));
    if (packages === undefined) return undefined;
    chosen.push(...packages);
  }
  return [...new Set(chosen)];
}

/** The usual names, for where apt has no package lists yet. */
function preferred(missing, toolchain) {
  return [...new Set(missing.flatMap((key) => choices(key, toolchain)[0]))];
}

function choices(key, toolchain) {
  if (key === "strip")
    return toolchain.clangMajor === undefined ? packagesOf.clang : [[`llvm-${toolchain.clangMajor}`]];
  return packagesOf[key];
}

/** Those of the names that apt could install. */
async function candidates(names) {
  const text = await run("apt-cache", ["policy", ...names], { env: quiet });
  const known = new Set();
  let name = "";
  for (const line of text.split("\n")) {
    if (/^\S.*:$/.test(line)) name = line.slice(0, -1);
    else if (/^ {2}Candidate: (?!\(none\))/.test(line)) known.add(name);
  }
  return known;
}
