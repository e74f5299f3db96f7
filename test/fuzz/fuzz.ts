import { readdirSync } from "node:fs";
import { Worker } from "node:worker_threads";

/** What a thread is to do. The same seed, target and number always make the same input on the same samples. */
export interface Order {
  readonly target: string;
  readonly seed: number;
  /** The first input. */
  readonly from: number;
  /** Whichever comes first. */
  readonly iterations: number;
  readonly seconds: number;
  /** The input that is being read. */
  readonly progress: Int32Array;
}

export interface Outcome {
  readonly iterations: number;
  /** Open in this process at the end. */
  readonly descriptors?: number;
  readonly failure?: Failure;
}

export interface Failure {
  readonly at: number;
  readonly reason: string;
  readonly input?: Uint8Array;
}

/** One input that takes longer hangs: none takes more than some milliseconds, on a busy machine a hundred. */
const HANG_MS = 20_000;
const HEAP_MAX_MB = 256;
/** Of Node itself, and of whatever else this process does meanwhile. */
const DESCRIPTORS_SPARE = 20;

/** Feeds a target in a thread of its own until the order is fulfilled or something is wrong. */
export async function fuzz(wanted: Omit<Order, "progress">): Promise<Outcome> {
  const order: Order = { ...wanted, progress: new Int32Array(new SharedArrayBuffer(4)) };
  const open = readdirSync("/proc/self/fd").length;
  const worker = new Worker(new URL("./worker.js", import.meta.url), {
    workerData: order,
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MAX_MB },
  });
  let ended = (_outcome: Outcome): void => undefined;
  const outcome = new Promise<Outcome>((resolve) => {
    ended = resolve;
  });
  const failed = (reason: string): void => ended({ iterations: 0, failure: { at: order.progress[0] ?? 0, reason } });
  let stood = -1;
  const watch = setInterval(() => {
    const at = order.progress[0] ?? 0;
    if (at === stood) failed(`it hangs: one input took more than ${HANG_MS / 1000} s`);
    stood = at;
  }, HANG_MS);
  worker.on("message", ended).on("error", (error) => failed(error.stack ?? error.message));
  worker.on("exit", (code) => failed(`the thread ended with ${code}`));
  try {
    const result = await outcome;
    const more = (result.descriptors ?? 0) - open - DESCRIPTORS_SPARE;
    if (result.failure !== undefined || more <= 0) return result;
    return { ...result, failure: { at: order.from, reason: `${more} descriptors were left open` } };
  } finally {
    clearInterval(watch);
    await worker.terminate();
  }
}

/** How the input of a failure is made again. */
export function reproduction({ target, seed }: Pick<Order, "target" | "seed">, { at, reason, input }: Failure): string {
  const bytes =
    input === undefined
      ? ""
      : `\nits ${input.length} bytes begin ${Buffer.from(input.subarray(0, 64)).toString("hex")}`;
  return `${target}: input ${at} of seed ${seed}: ${reason}${bytes}\nagain: npm run test:fuzz -- --target ${target} --seed ${seed} --input ${at}`;
}
