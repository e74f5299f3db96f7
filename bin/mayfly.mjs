#!/usr/bin/env node
import { existsSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

// By the real path: npx and npm link call this file through a symbolic link.
const root = dirname(dirname(realpathSync(fileURLToPath(import.meta.url))));
const main = join(root, "dist/src/cli/main.js");
const addons = ["build/Release/mayfly.node", "build/mayfly.node"].map((file) => join(root, file));
const internalError = 70;

if (existsSync(main) && addons.some(existsSync)) {
  const cli = await import(pathToFileURL(main).href);
  process.exitCode = await cli.main(process.argv.slice(2));
} else {
  process.stderr.write(`mayfly is not built yet: run \`npm start\` or \`npm run build\` in ${root}\n`);
  process.exitCode = internalError;
}
