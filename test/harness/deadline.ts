import { setTimeout as delay } from "node:timers/promises";

/** The value of `promise`, or an error saying `otherwise` when it does not come within `ms`. */
export async function within<T>(promise: Promise<T>, ms: number, otherwise: () => string): Promise<T> {
  const stop = new AbortController();
  const late = delay(ms, undefined, { signal: stop.signal }).then(
    () => {
      throw new Error(`after ${ms} ms: ${otherwise()}`);
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
  for (const end = Date.now() + ms; !ready(); ) {
    if (Date.now() > end) throw new Error(`after ${ms} ms still not: ${what}`);
    await delay(20);
  }
}
