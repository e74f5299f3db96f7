import { setTimeout as delay } from "node:timers/promises";

/** Everything may take this many times as long where the machine is that slow: a guest whose processors are emulated. */
export let PATIENCE = Number(process.env["MAYFLY_TEST_PATIENCE"] ?? 1);

/** For a recording that was made on such a machine. */
export function bePatient(times: number): void {
  PATIENCE = times;
}

/** The value of `promise`, or an error saying `otherwise` when it does not come within `ms`. */
export async function within<T>(promise: Promise<T>, ms: number, otherwise: () => string): Promise<T> {
  const stop = new AbortController();
  const late = delay(ms * PATIENCE, undefined, { signal: stop.signal }).then(
    () => {
      throw new Error(`after ${ms * PATIENCE} ms: ${otherwise()}`);
    },
    () => new Promise<never>(() => undefined), // stopped: the race is decided
  );
  try {
    return await Promise.race([promise, late]);
  } finally {
    stop.abort();
  }
}

/** Asks again every 20 ms until `ready` says yes; throws when it has not within `ms`. */
export async function until(ready: () => boolean, ms: number, what: string): Promise<void> {
  for (const end = Date.now() + ms * PATIENCE; !ready(); ) {
    if (Date.now() > end) throw new Error(`after ${ms * PATIENCE} ms still not: ${what}`);
    await delay(20);
  }
}
