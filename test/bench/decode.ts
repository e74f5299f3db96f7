/*
 * How long the way from bytes to lives takes by itself: `node dist/test/bench/decode.js`. Prints ns a lifecycle of three
 * records (fork, exec, exit), medians of several rounds, for the decoder alone and with the process table behind it.
 */
import { Clock } from "../../src/process/clock.ts";
import { EntityIds } from "../../src/process/identity.ts";
import { Tracker } from "../../src/process/tracker.ts";
import { Decoder } from "../../src/record/decode.ts";
import { Encoder } from "../../src/record/encode.ts";
import { layout } from "../../src/record/layout.ts";
import type { RecordHandler } from "../../src/record/record.ts";
import { exec, exit, fork, ref, state } from "../unit/world.fixture.ts";

const LIVES = 5000;
const ROUNDS = 30;
/** The first rounds run code that V8 has not optimised yet. */
const WARM_UP = 10;

/** `ownGroup`: each as a shell with job control starts it, leader of a process group of its own. */
function batchOf(args: readonly string[], ownGroup: boolean): ArrayBuffer {
  const encoder = new Encoder();
  const shell = ref(50, 1000.5);
  encoder.fork(fork(ref(1, 10), ref(0, 0), 10));
  encoder.fork(fork(shell, ref(1, 10), 1000.5));
  encoder.exec(exec(shell, "/bin/sh", 1001));
  for (let i = 0; i < LIVES; i++) {
    const ms = 2000.123 + i * 1.37;
    const child = ref(100 + (i % 1000), ms);
    encoder.fork(fork(child, shell, ms));
    const own = ownGroup ? { state: state({ processGroup: child.pid }) } : {};
    encoder.exec(exec(child, "/usr/bin/cc1", ms + 0.2, { args, argsCount: args.length, ...own }));
    encoder.exit(exit(child, 0, ms + 0.9, own));
  }
  return encoder.take();
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function measure(batch: ArrayBuffer, handler: () => RecordHandler): number {
  const rounds: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const decoder = new Decoder(layout, handler());
    const from = process.hrtime.bigint();
    decoder.decode(batch);
    const took = Number(process.hrtime.bigint() - from);
    if (round >= WARM_UP) rounds.push(took / LIVES);
  }
  return median(rounds);
}

const nobody: RecordHandler = {
  onFork: () => undefined,
  onExec: () => undefined,
  onExit: () => undefined,
  onChange: () => undefined,
  onTask: () => undefined,
  onClock: () => undefined,
  onScanned: () => undefined,
};
const ids = new EntityIds("0123456789abcdef0123456789abcdef", "00000000-0000-4000-8000-000000000000");
const tracker = (): Tracker =>
  new Tracker(
    { hold: 1000, maxPending: 65_536, maxProcesses: 65_536, tellFound: true },
    new Clock({ seconds: 1_700_000_000, nanos: 123_456_789 }),
    ids,
    { onLife: () => undefined },
  );

const shapes: readonly [string, string[], ownGroup?: boolean][] = [
  ["3 arguments", ["cc1", "-o", "a.o"]],
  ["40 arguments", ["cc1", ...Array.from({ length: 39 }, (_, i) => `-I/usr/include/library${i}`)]],
  ["not ASCII", ["cc1", "-o", "größe.o"]],
  ["job control", ["cc1", "-o", "a.o"], true],
];
console.log("ns a lifecycle     decoded   with the table");
for (const [name, args, ownGroup = false] of shapes) {
  const batch = batchOf(args, ownGroup);
  const decoded = measure(batch, () => nobody).toFixed(0);
  const whole = measure(batch, tracker).toFixed(0);
  console.log(`${name.padEnd(16)}${decoded.padStart(10)}${whole.padStart(17)}`);
}
