import { closeSync, mkdirSync, openSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { handDown, tryCommand } from "./command.mjs";
import { readStamp } from "./fingerprint.mjs";
import { SetupError, say } from "./say.mjs";

/**
 * Lets one set-up at a time work in a checkout. The lock is the kernel's, on an open file (flock(2), by util-linux, which
 * is essential on Debian): it goes when the last process that has the file open goes. Every command that is run inherits
 * it, so that a set-up killed outright keeps others away until what it started has ended too.
 * @param {string} path of the lock file; it holds the pid of the last owner, for whoever waits
 * @param {() => Promise<void>} work
 */
export async function withLock(path, work) {
  mkdirSync(dirname(path), { recursive: true });
  const file = openSync(path, "a");
  handDown(file);
  if (!(await locked(["--nonblock"]))) {
    say(`another set-up (pid ${readStamp(path)}) works in this checkout; waiting for it…`);
    if (!(await locked([]))) throw new SetupError(`${path} could not be locked.`);
  }
  writeFileSync(path, String(process.pid));
  try {
    await work();
  } finally {
    handDown(undefined);
    closeSync(file);
  }
}

/** flock locks the open file that it finds as its descriptor 3, and with that ours. */
function locked(options) {
  return tryCommand("flock", [...options, "3"]);
}
