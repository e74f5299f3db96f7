import { ChildProcess } from "node:child_process";

/*
 * Runs before everything else in each Node of `npm run test:sanitizers`: the programs of test/programs get no sanitizer in
 * front of them. They measure themselves, and what a library does at their start and end would be measured with them.
 */

const spawn = ChildProcess.prototype.spawn;

ChildProcess.prototype.spawn = function spawnPlain(options) {
  if (!options.file.includes("/dist/test/programs/")) return spawn.call(this, options);
  const envPairs = options.envPairs.filter((pair) => !pair.startsWith("LD_PRELOAD="));
  return spawn.call(this, { ...options, envPairs });
};
