import { readdirSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { parentPort, workerData } from "node:worker_threads";
import type { Order, Outcome } from "./fuzz.ts";
import { mutate, Random } from "./mutate.ts";
import type { Target } from "./target.ts";
import { targets } from "./targets.ts";

/* A thread that feeds a target. Its memory is bounded, and whoever started it sees at which input it stands. */

/** Caches and compiled code have settled by then. */
const WARM_UP = 300;
const GROWTH_MAX_BYTES = 24 * 1024 * 1024;

const order = workerData as Order;
setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;
const make = targets[order.target];
if (make === undefined) throw new Error(`there is no target ${order.target}`);
const target = make();
parentPort?.postMessage(await feed(target));
target.close?.();

async function feed({ samples, repair, feed: read }: Target): Promise<Outcome> {
  for (const sample of samples) await read(Buffer.from(sample));
  const end = order.from + order.iterations;
  const deadline = performance.now() + order.seconds * 1000;
  let before: number | undefined;
  let at = order.from;
  for (; at < end && performance.now() < deadline; at++) {
    order.progress[0] = at;
    if (at - order.from === WARM_UP) before = await memory();
    const random = new Random(order.seed ^ Math.imul(at + 1, 0x9e3779b1));
    const mutated = mutate(samples, random);
    const input = repair?.(mutated, random) ?? mutated;
    try {
      await read(input);
    } catch (error) {
      const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
      return { iterations: at - order.from, failure: { at, reason, input } };
    }
  }
  const grown = before === undefined ? 0 : (await memory()) - before;
  const iterations = at - order.from;
  if (grown <= GROWTH_MAX_BYTES) return { iterations, descriptors: descriptors() };
  return { iterations, failure: { at, reason: `${grown} bytes of memory more than after ${WARM_UP} inputs` } };
}

/** What is still held after a collection; memory outside the heap is given back behind it. */
async function memory(): Promise<number> {
  for (let turn = 0; turn < 3; turn++) {
    collectGarbage();
    await new Promise(setImmediate);
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function descriptors(): number {
  return readdirSync("/proc/self/fd").length;
}
