import { spawn } from "node:child_process";
import { programPath } from "../harness/checkout.ts";

/** What test/programs/spawn.c prints. */
export interface SpawnReport {
  readonly spawned: number;
  readonly failed: number;
  /** Open loop: what had no turn in time. */
  readonly missed: number;
  readonly seconds: number;
  /** Lifecycles a second. */
  readonly rate: number;
  /** Of the spawner's loops and all they spawned. */
  readonly user_s: number;
  readonly system_s: number;
  /** Open loop: the latest any spawn was. */
  readonly late_ms?: number;
  /** Open loop: when it was first more than 100 ms late. */
  readonly behind_at_s?: number;
}

/** Runs the spawner to its end, killing it after `limitSeconds`. `mark` is given to every process as an argument. */
export function runSpawner(options: readonly string[], mark: string, limitSeconds: number): Promise<SpawnReport> {
  const args = [...options, programPath("tiny"), mark];
  return new Promise((resolve, reject) => {
    const child = spawn(programPath("spawn"), args, {
      stdio: ["ignore", "pipe", "inherit"],
      timeout: limitSeconds * 1000,
      killSignal: "SIGKILL",
    });
    let text = "";
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
    });
    child.on("error", reject);
    child.on("close", (code, signal) => {
      if (code === 0) resolve(JSON.parse(text) as SpawnReport);
      else reject(new Error(`the spawner ended with ${signal ?? code} (limit ${limitSeconds} s)`));
    });
  });
}
