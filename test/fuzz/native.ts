import { spawn } from "node:child_process";
import { join } from "node:path";
import { CHECKOUT } from "../harness/checkout.ts";
import type { Order } from "./fuzz.ts";

/* The addon's own readers of bytes (native/), built without Node and with sanitizers, fed by test/fuzz/native.cc. */

const SOURCES = [
  "test/fuzz/native.cc",
  "native/finish.cc",
  "native/text.cc",
  "native/environment.cc",
  "native/cmdline.cc",
];
const FLAGS = ["-std=c++20", "-O1", "-g", "-fno-omit-frame-pointer", "-fsanitize=address,undefined"];
const SHOWN_BYTES = 8192;

/** @returns the program's path; rejects with what the compiler said where it cannot be built */
export async function buildNative(folder: string): Promise<string> {
  const program = join(folder, "native");
  const args = [...FLAGS, "-fno-sanitize-recover=all", "-I", CHECKOUT, "-o", program];
  const { status, output } = await run("c++", [...args, ...SOURCES.map((file) => join(CHECKOUT, file))]);
  if (status !== "0") throw new Error(`test/fuzz/native.cc could not be built (${status}):\n${output}`);
  return program;
}

export async function fuzzNative(
  program: string,
  { seed, from, iterations, seconds }: Omit<Order, "progress" | "target">,
): Promise<{ readonly iterations: number; readonly failure?: string }> {
  const { status, output } = await run(program, [seed, from, iterations, Math.ceil(seconds)].map(String));
  const done = Number(/^inputs (\d+)$/m.exec(output)?.[1] ?? 0);
  if (status === "0") return { iterations: done };
  return { iterations: done, failure: `native, seed ${seed}: ended with ${status}\n${output}` };
}

/** Its output is the end of what it printed. */
function run(file: string, args: readonly string[]): Promise<{ status: string; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text: string) => {
        output = `${output}${text}`.slice(-SHOWN_BYTES);
      });
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ status: String(signal ?? code), output }));
  });
}
