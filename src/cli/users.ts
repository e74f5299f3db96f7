import { readFileSync, statSync } from "node:fs";

const PASSWD = "/etc/passwd";
/** A name that is not there is looked for again at most this often, in milliseconds. */
const RECHECK_MS = 2000;

/** Names of users for the terminal, from /etc/passwd; read again when it changed. */
export class UserNames {
  #names = new Map<number, string>();
  #changed = Number.NaN;
  #checked = Number.NEGATIVE_INFINITY;

  of(uid: number): string | undefined {
    return this.#names.get(uid) ?? this.#again(uid);
  }

  #again(uid: number): string | undefined {
    const now = performance.now();
    if (now - this.#checked < RECHECK_MS) return undefined;
    this.#checked = now;
    const changed = statSync(PASSWD, { throwIfNoEntry: false })?.mtimeMs;
    if (changed === undefined || changed === this.#changed) return undefined;
    this.#changed = changed;
    this.#names = new Map();
    for (const line of readFileSync(PASSWD, "utf8").split("\n")) {
      const [name, , id] = line.split(":");
      // The first name of an id is the one that getpwuid(3) gives.
      if (name && id && !this.#names.has(Number(id))) this.#names.set(Number(id), name);
    }
    return this.#names.get(uid);
  }
}
