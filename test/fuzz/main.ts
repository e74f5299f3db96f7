import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { fuzz, reproduction } from "./fuzz.ts";
import { buildNative, fuzzNative } from "./native.ts";
import { targets } from "./targets.ts";

/*
 * npm run test:fuzz -- [--seconds 300] [--seed N] [--target NAME] [--input N]
 *
 * Feeds every target in turn; --seconds is for all together. Ends with 1 at what went wrong, and says how to do it again.
 */

const NATIVE = "native";
const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "300" },
    seed: { type: "string" },
    target: { type: "string" },
    input: { type: "string" },
  },
});
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 32));
const names = values.target === undefined ? [...Object.keys(targets), NATIVE] : [values.target];
const seconds = Number(values.seconds) / names.length;
const from = Number(values.input ?? 0);
const iterations = values.input === undefined ? 2 ** 30 : 1;

if (![seed, seconds, from].every(Number.isFinite) || names.some((name) => name !== NATIVE && !(name in targets))) {
  process.stderr.write(
    `usage: --seconds N --seed N --input N --target ${[...Object.keys(targets), NATIVE].join("|")}\n`,
  );
  process.exitCode = 64;
} else {
  process.stdout.write(`seed ${seed}, ${seconds.toFixed(0)} s each\n`);
  for (const name of names) await (name === NATIVE ? runNative() : run(name));
}

async function run(target: string): Promise<void> {
  const begun = performance.now();
  const outcome = await fuzz({ target, seed, from, iterations, seconds });
  say(target, outcome.iterations, begun);
  if (outcome.failure === undefined) return;
  process.exitCode = 1;
  process.stdout.write(`FAIL ${reproduction({ target, seed }, outcome.failure)}\n`);
  if (outcome.failure.input === undefined) return;
  const kept = join(tmpdir(), `mayfly-fuzz-${target}-${seed}-${outcome.failure.at}`);
  writeFileSync(kept, outcome.failure.input);
  process.stdout.write(`the input is kept in ${kept}\n`);
}

async function runNative(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "mayfly-fuzz-"));
  try {
    const program = await buildNative(folder);
    const begun = performance.now();
    const outcome = await fuzzNative(program, { seed, from, iterations, seconds });
    say(NATIVE, outcome.iterations, begun);
    if (outcome.failure === undefined) return;
    process.exitCode = 1;
    process.stdout.write(`FAIL ${outcome.failure}\n`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function say(target: string, inputs: number, begun: number): void {
  const took = (performance.now() - begun) / 1000;
  process.stdout.write(`${target}: ${inputs} inputs in ${took.toFixed(1)} s\n`);
}
