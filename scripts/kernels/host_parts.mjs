import { cpSync, existsSync, mkdirSync, realpathSync, symlinkSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { run } from "../setup/command.mjs";
import { SetupError } from "../setup/say.mjs";
import { inPath } from "../setup/tools.mjs";

/** What init and the tests call. */
const tools =
  "sh sleep true false cat ls rm mkdir chmod ln id env stat readlink dd printf kill seq " +
  "mount umount setpriv unshare flock nsenter setsid prlimit ps";

/**
 * A guest of this machine's own architecture: its tools, its libraries, its Node, and what was built for it.
 * @param {string} checkout
 * @returns {import("./root.mjs").Parts}
 */
export function hostParts(checkout) {
  const node = process.execPath;
  const addon = join(checkout, "build/Release/mayfly.node");
  const files = tools.split(" ").map(toolPath);
  return {
    node,
    addon,
    programs: join(checkout, "dist/test/programs"),
    install: async (tree) => {
      for (const file of files) copyTool(file, tree);
      await copyLibraries([node, addon, ...files], tree);
    },
  };
}

function toolPath(name) {
  const path = inPath(name);
  if (path === undefined) throw new SetupError(`the guests need ${name}, which this machine does not have.`);
  return path;
}

/** Under its real name, with a link where it is called by another: sh is dash. */
function copyTool(path, tree) {
  const [name, real] = [basename(path), basename(realpathSync(path))];
  cpSync(realpathSync(path), join(tree, "usr/bin", real));
  if (real !== name && !existsSync(join(tree, "usr/bin", name))) symlinkSync(real, join(tree, "usr/bin", name));
}

async function copyLibraries(files, tree) {
  const listed = await Promise.all(files.map((file) => run("ldd", [file])));
  const paths = new Set(listed.flatMap((text) => text.match(/\/\S+(?= \(0x)/g) ?? []));
  for (const path of paths) {
    const target = join(tree, path);
    mkdirSync(dirname(target), { recursive: true });
    cpSync(realpathSync(path), target);
  }
}
