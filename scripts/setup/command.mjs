import { spawn } from "node:child_process";
import { SetupError } from "./say.mjs";

/** Of what a failed command printed, this much is shown: the cause stands at the end. */
const shownLines = 60;

const running = new Set();

/**
 * Runs a command out of sight and shows what it printed only when it fails.
 * Each one leads its own process group, so that ending set-up ends the whole tree (ninja and its compilers, apt and dpkg).
 * @param {string} file
 * @param {string[]} args
 * @param {{ cwd?: string, env?: Record<string, string>, failure?: string }} [options] env is added to the environment
 * @returns {Promise<string>} what it printed, stdout and stderr as they came
 */
export function run(file, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    running.add(child);
    const chunks = [];
    child.stdout.on("data", (chunk) => chunks.push(chunk));
    child.stderr.on("data", (chunk) => chunks.push(chunk));
    child.on("error", (error) => {
      running.delete(child);
      reject(new SetupError(`${file} could not be started: ${error.message}`));
    });
    child.on("close", (code, signal) => {
      running.delete(child);
      const output = Buffer.concat(chunks).toString();
      if (code === 0) {
        resolve(output);
        return;
      }
      const ended = signal === null ? `exit status ${code}` : signal;
      const what = options.failure ?? `${file} ${args.join(" ")} failed`;
      reject(new SetupError(`${tail(output)}\n${what} (${ended})`));
    });
  });
}

/** Ends every command that still runs, with all its children. */
export function endAll() {
  for (const child of running) {
    try {
      process.kill(-child.pid, "SIGTERM");
    } catch (error) {
      if (error.code !== "ESRCH") throw error;
    }
  }
}

function tail(output) {
  const lines = output.trimEnd().split("\n");
  const left = lines.length - shownLines;
  return left > 0 ? `(${left} lines before)\n${lines.slice(-shownLines).join("\n")}` : lines.join("\n");
}
