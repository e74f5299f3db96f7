import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, readdirSync, realpathSync, statSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";

/** Clang before 17 builds probes that the verifier rejects. 19 comes first: it is what mayfly is built with daily. */
const clangMajors = [19, 20, 21, 22, 23, 18, 17];
const oldestClang = 17;
/** clang-format's output differs between versions; this one decides. */
export const clangFormatMajor = 19;

/** Where Debian and Ubuntu put tools that PATH lacks for ordinary users. */
const systemFolders = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

/**
 * @typedef {object} Toolchain What is there; undefined what is not.
 * @property {string | undefined} clang
 * @property {number | undefined} clangMajor
 * @property {string | undefined} strip llvm-strip of the same LLVM as clang
 * @property {string | undefined} bpftool
 * @property {string | undefined} cmake
 * @property {string | undefined} ninja
 * @property {string | undefined} cxx
 * @property {string | undefined} libbpf its header, as the two below
 * @property {string | undefined} libelf
 * @property {string | undefined} zlib
 * @property {string | undefined} clangFormat
 * @property {string | undefined} strace
 */

/** @returns {Toolchain} */
export function findToolchain() {
  const clang = findClang();
  return {
    clang: clang?.path,
    clangMajor: clang?.major,
    strip: clang && findStrip(clang),
    bpftool: bpftoolCandidates().find(isRealBpftool),
    cmake: inPath("cmake"),
    ninja: inPath("ninja"),
    cxx: inPath("g++") ?? inPath("c++"),
    libbpf: header("bpf/libbpf.h"),
    libelf: header("libelf.h"),
    zlib: header("zlib.h"),
    clangFormat: findClangFormat(),
    strace: inPath("strace"),
  };
}

/** @returns {string | undefined} */
export function findClangFormat() {
  const named = inPath(`clang-format-${clangFormatMajor}`);
  if (named !== undefined) return named;
  const plain = inPath("clang-format");
  return plain !== undefined && llvmMajor(plain) === clangFormatMajor ? plain : undefined;
}

/**
 * PATH with this toolchain and this Node first, so that CMake finds the very tools that were found here.
 * @param {Toolchain} toolchain
 */
export function toolchainPath(toolchain) {
  const files = [toolchain.strip, toolchain.clang, toolchain.bpftool, process.execPath];
  return [...new Set([...files.map((file) => dirname(realpathSync(file))), ...pathFolders()])].join(delimiter);
}

/**
 * Names the toolchain's files and their state: another version of one of them asks for a build from scratch.
 * @param {Toolchain} toolchain
 */
export function describeToolchain(toolchain) {
  return ["clang", "bpftool", "cmake", "cxx", "libbpf"]
    .map((key) => toolchain[key])
    .map((file) =>
      file === undefined ? "-" : `${realpathSync(file)} ${statSync(file).mtimeMs} ${statSync(file).size}`,
    )
    .join("\n");
}

/** @param {string} name of a command @returns {string | undefined} */
export function inPath(name) {
  return pathFolders()
    .map((folder) => join(folder, name))
    .find(isExecutable);
}

function pathFolders() {
  const own = (process.env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  return [...own, ...systemFolders];
}

function findClang() {
  for (const major of clangMajors) {
    const path = inPath(`clang-${major}`);
    if (path !== undefined) return { path, major };
  }
  const path = inPath("clang");
  if (path === undefined) return undefined;
  const major = llvmMajor(path);
  return major >= oldestClang ? { path, major } : undefined;
}

function llvmMajor(path) {
  return Number(/version (\d+)/.exec(output(path, "--version"))?.[1] ?? 0);
}

function findStrip(clang) {
  const beside = join(dirname(realpathSync(clang.path)), "llvm-strip");
  return isExecutable(beside) ? beside : inPath(`llvm-strip-${clang.major}`);
}

/** Ubuntu's /usr/sbin/bpftool is a script that wants the tools of the running kernel; any version's program will do. */
function bpftoolCandidates() {
  const lib = "/usr/lib";
  const folders = subfolders(lib).filter((name) => name.startsWith("linux-tools"));
  const installed = folders.flatMap((name) => [
    join(lib, name, "bpftool"),
    ...subfolders(join(lib, name)).map((version) => join(lib, name, version, "bpftool")),
  ]);
  return [inPath("bpftool"), ...installed].filter((path) => path !== undefined && isExecutable(path));
}

function isRealBpftool(path) {
  return /bpftool v\d/.test(output(path, "version"));
}

function output(file, argument) {
  return spawnSync(file, [argument], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).stdout ?? "";
}

function subfolders(folder) {
  return existsSync(folder) ? readdirSync(folder) : [];
}

function header(name) {
  return ["/usr/include", "/usr/local/include"].map((folder) => join(folder, name)).find(existsSync);
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
