import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../setup/command.mjs";
import { inPath } from "../setup/tools.mjs";

/**
 * @typedef {object} Parts What differs from architecture to architecture.
 * @property {string} node
 * @property {string} addon
 * @property {string} programs the folder of the compiled test programs
 * @property {(tree: string) => Promise<void>} install puts tools and libraries into the tree
 */

/** Where the checkout lies in a guest. */
const guestCheckout = "mayfly";
/** Of the checkout: what runs, and the comments of the test programs, which say what is expected of them. */
const checkoutFiles = ["bin", "dist", "ecs", "config", "test/programs", "package.json"];
const folders = ["usr/bin", "usr/lib", "usr/lib64", "usr/sbin", "etc", "proc", "sys", "dev", "run", "root", "var/lib"];
const size = "640M";

/**
 * Makes the file system that every guest starts from: Node, libraries and a few tools, the built checkout, and an init.
 * A guest writes into a copy of its own that is dropped at its end.
 * @param {string} checkout
 * @param {string} folder to make it in
 * @param {Parts} parts
 * @returns {Promise<string>} the image's path
 */
export async function makeRoot(checkout, folder, parts) {
  const tree = join(folder, "root");
  const image = join(folder, "root.img");
  rmSync(tree, { recursive: true, force: true });
  for (const path of folders) mkdirSync(join(tree, path), { recursive: true });
  for (const path of ["bin", "lib", "lib64", "sbin"]) symlinkSync(`usr/${path}`, join(tree, path));
  mkdirSync(join(tree, "tmp"), { mode: 0o1777 });

  await parts.install(tree);
  cpSync(parts.node, join(tree, "usr/bin/node"));
  copyCheckout(checkout, join(tree, guestCheckout), parts);
  writeSystemFiles(tree);

  rmSync(image, { force: true });
  const options = ["-q", "-t", "ext4", "-O", "^has_journal", "-E", "root_owner=0:0"];
  await run(inPath("mke2fs"), [...options, "-d", tree, image, size]);
  rmSync(tree, { recursive: true });
  return image;
}

function copyCheckout(checkout, target, { addon, programs }) {
  for (const file of checkoutFiles) cpSync(join(checkout, file), join(target, file), { recursive: true });
  rmSync(join(target, "dist/test/programs"), { recursive: true });
  cpSync(programs, join(target, "dist/test/programs"), { recursive: true });
  cpSync(addon, join(target, "build/Release/mayfly.node"));
  const { packages } = JSON.parse(readFileSync(join(checkout, "package-lock.json"), "utf8"));
  for (const [path, { dev }] of Object.entries(packages)) {
    if (path !== "" && !dev && existsSync(join(checkout, path)))
      cpSync(join(checkout, path), join(target, path), { recursive: true });
  }
}

function writeSystemFiles(tree) {
  const files = {
    "etc/machine-id": "0123456789abcdef0123456789abcdef\n",
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/bin/false\n",
    "etc/group": "root:x:0:\nnogroup:x:65534:\n",
    "etc/os-release": 'ID=guest\nNAME="mayfly test guest"\nPRETTY_NAME="mayfly test guest"\n',
  };
  for (const [path, text] of Object.entries(files)) writeFileSync(join(tree, path), text);
  cpSync(new URL("init.sh", import.meta.url), join(tree, "init"));
}
