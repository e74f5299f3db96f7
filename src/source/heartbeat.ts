import { readFileSync } from "node:fs";
import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Moment } from "../record/record.ts";

const FILE = "heartbeat.json";
const ISO = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.(\d{9})Z$/;

/** Who beats. */
export interface HeartbeatIdentity {
  readonly version: string;
  readonly bootId: string;
  /** agent.ephemeral_id: one a run. */
  readonly ephemeralId: string;
}

/** A moment by the wall clock, as its text, and by the boot clock. */
export interface Mark {
  readonly time: { iso(): string };
  readonly boot: Moment;
}

/** The last sign of life of an earlier run. */
export interface LastBeat extends HeartbeatIdentity {
  /** Wall clock, seconds and nanoseconds since the epoch: every document of before is committed. */
  readonly time: Moment;
  /** The same moment by the boot clock of that boot. */
  readonly boot: Moment;
  /** Whether it was said at an orderly end. */
  readonly clean: boolean;
}

/**
 * The file heartbeat.json in the state folder: the moment before which every document is committed, said anew every second.
 * What it says survives a kill -9, so the next run can tell from when on documents may be missing.
 *
 * It is written beside and renamed, so it is never half: no fsync, for a power cut may only bring back an older one, and that
 * makes the told gap longer. Only whoever holds the spool's lock may beat.
 */
export class Heartbeat {
  readonly #path: string;
  readonly #identity: HeartbeatIdentity;
  readonly #onFault: (sentence: string) => void;
  readonly #found: { readonly last: LastBeat | undefined; readonly warning: string | undefined };
  #writing: Promise<void> | undefined = undefined;
  #ended = false;
  #isFailing = false;
  #faults = 0;

  /**
   * Reads what an earlier run left.
   * @param folder the state folder; it exists
   * @param onFault called when beating begins to fail, not again before it has worked
   */
  constructor(folder: string, identity: HeartbeatIdentity, onFault: (sentence: string) => void) {
    this.#path = join(folder, FILE);
    this.#identity = identity;
    this.#onFault = onFault;
    this.#found = readLast(this.#path);
  }

  /** What the run before left; undefined when none is known. The warning says why, unless this is the first run. */
  previous(): { readonly last: LastBeat | undefined; readonly warning: string | undefined } {
    return this.#found;
  }

  /** Beats that could not be written. */
  get faults(): number {
    return this.#faults;
  }

  /**
   * Says that every document of before `mark` is committed. While the last beat is still being written (a disk that hangs) this one
   * is left out. Resolves when written or failed; never rejects.
   */
  beat(mark: Mark): Promise<void> {
    if (this.#ended) return Promise.resolve();
    this.#writing ??= this.#write(mark, false).finally(() => {
      this.#writing = undefined;
    });
    return this.#writing;
  }

  /** The last beat, of an orderly end: nothing of this run is missing. Later beats do nothing. Never rejects. */
  async end(mark: Mark): Promise<void> {
    this.#ended = true;
    await this.#writing;
    await this.#write(mark, true);
  }

  async #write({ time, boot }: Mark, clean: boolean): Promise<void> {
    const { version, bootId, ephemeralId } = this.#identity;
    const beat = {
      version,
      boot_id: bootId,
      ephemeral_id: ephemeralId,
      watermark: time.iso(),
      boot_clock: { seconds: boot.seconds, nanos: boot.nanos },
      clean,
    };
    const temporary = `${this.#path}.new`;
    try {
      await writeFile(temporary, `${JSON.stringify(beat)}\n`, { mode: 0o640 });
      await rename(temporary, this.#path);
      this.#isFailing = false;
    } catch (error) {
      this.#faults++;
      if (this.#isFailing) return;
      this.#isFailing = true;
      this.#onFault(
        `The heartbeat ${this.#path} cannot be written (${reasonOf(error)}): after a crash the gap that the next start tells ` +
          "would begin earlier than need be. Free some space, or set state.path to a folder that can be written.",
      );
    }
  }
}

function readLast(path: string): { readonly last: LastBeat | undefined; readonly warning: string | undefined } {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT")
      return { last: undefined, warning: undefined };
    return { last: undefined, warning: warningOf(path, reasonOf(error)) };
  }
  const last = parsed(text);
  return last === undefined ? { last, warning: warningOf(path, "it is damaged") } : { last, warning: undefined };
}

function warningOf(path: string, reason: string): string {
  return (
    `The heartbeat ${path} cannot be read (${reason}): it is not known until when mayfly ran before, so no gap is told. ` +
    "It is written anew."
  );
}

/** undefined when it is not what beat() writes. */
function parsed(text: string): LastBeat | undefined {
  let beat: Readonly<Record<string, unknown>>;
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null) return undefined;
    beat = value as Readonly<Record<string, unknown>>;
  } catch {
    return undefined;
  }
  const { version, boot_id: bootId, ephemeral_id: ephemeralId, clean } = beat;
  const time = wallTime(beat["watermark"]);
  const boot = moment(beat["boot_clock"]);
  if (typeof version !== "string" || typeof bootId !== "string" || typeof ephemeralId !== "string") return undefined;
  if (time === undefined || boot === undefined || typeof clean !== "boolean") return undefined;
  return { version, bootId, ephemeralId, time, boot, clean };
}

function wallTime(value: unknown): Moment | undefined {
  const [, second, nanos] = (typeof value === "string" && ISO.exec(value)) || [];
  const ms = Date.parse(`${second}Z`);
  return Number.isNaN(ms) ? undefined : { seconds: ms / 1000, nanos: Number(nanos) };
}

function moment(value: unknown): Moment | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { seconds, nanos } = value as { seconds?: unknown; nanos?: unknown };
  return isCount(seconds) && isCount(nanos) && nanos < 1_000_000_000 ? { seconds, nanos } : undefined;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
