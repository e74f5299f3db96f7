import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { readStamp } from "./fingerprint.mjs";
import { SetupError, say } from "./say.mjs";

/**
 * Lets one set-up at a time work in a checkout. The lock is the kernel's (flock(1) of util-linux, essential on Debian),
 * so none is ever left behind: its holder reads our pipe and ends when we do, however we end.
 * @param {string} path of the lock file; it holds the pid of the last owner, for whoever waits
 * @param {() => Promise<void>} work
 */
export async function withLock(path, work) {
  mkdirSync(dirname(path), { recursive: true });
  const holder = (await hold(path, ["--nonblock"])) ?? (await wait(path));
  writeFileSync(path, String(process.pid));
  try {
    await work();
  } finally {
    holder.stdin.end();
  }
}

async function wait(path) {
  say(`another set-up (pid ${readStamp(path)}) works in this checkout; waiting for it…`);
  const holder = await hold(path, []);
  if (holder === undefined) throw new SetupError(`${path} could not be locked.`);
  return holder;
}

/** @returns the process that holds the lock, or undefined when flock did not get it */
async function hold(path, options) {
  const holder = spawn("flock", [...options, path, "sh", "-c", "echo held; exec cat >/dev/null"], {
    stdio: ["pipe", "pipe", "inherit"],
    // Out of the terminal's process group: Ctrl-C is not to free the lock while our children still end.
    detached: true,
  });
  const failed = once(holder, "error").then(([error]) => {
    throw new SetupError(`flock (of util-linux) could not be started: ${error.message}`);
  });
  const held = once(holder.stdout, "data").then(() => holder);
  const ended = once(holder, "exit").then(() => undefined);
  return Promise.race([held, ended, failed]);
}
