import { setTimeout as delay } from "node:timers/promises";

/**
 * Asks again, every 50 ms after an answer, until the answer is not undefined.
 * @param what said when it never comes; a function may tell the situation then
 * @throws when it has not come within `ms`
 */
export async function eventually<T>(
  ask: () => Promise<T | undefined> | T | undefined,
  ms: number,
  what: string | (() => string),
): Promise<T> {
  const end = Date.now() + ms;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (Date.now() > end) throw new Error(`after ${ms} ms still not: ${typeof what === "string" ? what : what()}`);
    await delay(50);
  }
}
