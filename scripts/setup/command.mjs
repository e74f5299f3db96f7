import { spawn } from "node:child_process";
import { SetupError } from "./say.mjs";

/** Of what a failed command printed, this much is shown: the cause stands at the end. */
const shownLines = 60;

const running = new Set();
let handedDown;

/**
 * From now on every command gets this file as its descriptor 3.
 * @param {number | undefined} file
 */
export function handDown(file) {
  handedDown = file;
}

/**
 * Runs a command out of sight and shows what it printed only when it fails.
 * @param {string} file
 * @param {string[]} args
 * @param {{ cwd?: string, env?: Record<string, string>, failure?: string }} [options] env is added to the environment
 * @returns {Promise<string>} what it printed, stdout and stderr as they came
 */
export async function run(file, args, options = {}) {
  const { ended, output } = await finish(file, args, options);
  if (ended === "") return output;
  const what = options.failure ?? `${file} ${args.join(" ")} failed`;
  throw new SetupError(`${what} (${ended}). What it printed:\n${tail(output)}`);
}

/** @returns {Promise<boolean>} whether it succeeded */
export async function tryCommand(file, args) {
  return (await finish(file, args, {})).ended === "";
}

/**
 * Each command leads its own process group, so that ending set-up ends the whole tree: ninja and its compilers, apt
 * and dpkg.
 * @returns {Promise<{ ended: string, output: string }>} ended is empty when all went well
 */
function finish(file, args, { cwd, env }) {
  return new Promise((resolve, reject) => {
    const stdio = ["ignore", "pipe", "pipe", handedDown ?? "ignore"];
    const child = spawn(file, args, { cwd, env: { ...process.env, ...env }, stdio, detached: true });
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
      const ended = code === 0 ? "" : (signal ?? `exit status ${code}`);
      resolve({ ended, output: Buffer.concat(chunks).toString() });
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
  const shown = left > 0 ? [`(${left} lines before)`, ...lines.slice(-shownLines)] : lines;
  return shown.map((line) => `  ${line}`).join("\n");
}
