import { ChildProcess } from "node:child_process";

/*
 * Runs before everything else in each Node of `npm run test:sanitizers`: only what runs mayfly gets the sanitizers in front of it. The
 * programs of test/programs measure themselves, and what a library does at their start and end would be measured with them; curl
 * hangs with it, and dd is reported.
 */

const spawn = ChildProcess.prototype.spawn;
const ours = `LD_PRELOAD=${process.env.LD_PRELOAD}`;

ChildProcess.prototype.spawn = function spawnPlain(options) {
  if (runsMayfly(options)) return spawn.call(this, options);
  const envPairs = options.envPairs.filter((pair) => pair !== ours);
  return spawn.call(this, { ...options, envPairs });
};

/** Also by a shell: its words name Node or the checkout's command. */
function runsMayfly({ file, args }) {
  if (file.includes("/dist/test/programs/")) return false;
  return [file, ...args].some((word) => word.includes(process.execPath) || word.includes("mayfly.mjs"));
}
