/** What set-up is doing, on stderr only: `npm start --silent | jq` has to stay clean NDJSON. */
export function say(text) {
  process.stderr.write(`mayfly: ${text}\n`);
}

/**
 * Says what begins, does it, and says how long it took.
 * @param {string} text what is being done, as in "compiling TypeScript"
 * @param {string} expected how long it takes, as in "about 5 s"
 * @param {() => Promise<void>} work
 */
export async function step(text, expected, work) {
  const begun = performance.now();
  say(`${text} (${expected})…`);
  await work();
  say(`${text}: done in ${((performance.now() - begun) / 1000).toFixed(1)} s`);
}

/** A reason why set-up ends, told without a stack. Exit codes are those of the command line (src/errors.ts). */
export class SetupError extends Error {
  /** @param {string} message @param {number} [exitCode] 70 internal, 77 permission */
  constructor(message, exitCode = 70) {
    super(message);
    this.exitCode = exitCode;
  }
}
