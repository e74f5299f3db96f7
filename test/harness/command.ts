import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { MAYFLY } from "./checkout.ts";
import { within } from "./deadline.ts";

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** From the start to the end of the process. */
  readonly seconds: number;
}

export interface CommandOptions {
  readonly spawn?: SpawnOptions;
  /** Called once the command runs, to act on it. */
  readonly meanwhile?: (child: ChildProcess, stderr: () => string) => Promise<void> | void;
  readonly withinMs?: number;
}

/** `mayfly ARGS...` from start to end. */
export function mayfly(args: readonly string[], options: CommandOptions = {}): Promise<Ended> {
  return command(process.execPath, [MAYFLY, ...args], options);
}

/** Runs any command to its end; kills it and throws when it does not end in time (default 30 s). */
export async function command(file: string, args: readonly string[], options: CommandOptions = {}): Promise<Ended> {
  const began = performance.now();
  const child = spawn(file, args, { stdio: ["ignore", "pipe", "pipe"], ...options.spawn });
  const text = { stdout: "", stderr: "" };
  child.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
    text.stdout += chunk;
  });
  child.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
    text.stderr += chunk;
  });
  const end = new Promise<Ended>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => {
      resolve({ code, signal, ...text, seconds: (performance.now() - began) / 1000 });
    });
  });
  try {
    await options.meanwhile?.(child, () => text.stderr);
    return await within(end, options.withinMs ?? 30_000, () => `${args.join(" ")} has not ended; ${text.stderr}`);
  } finally {
    child.kill("SIGKILL");
  }
}
