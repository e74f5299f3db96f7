import { isatty } from "node:tty";
import { LineWriter } from "./line_writer.ts";
import { printable } from "./printable.ts";

export const logLevels = ["trace", "debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof logLevels)[number];
/** Facts beside the message; an undefined one is left out. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** Of one message code, the first is written at once and then at most one in this time, in ms. */
export const repeatIntervalMs = 10_000;

export interface LogOptions {
  /** Messages below it are not written. */
  readonly level: LogLevel;
  /** `text` for people, `json` as one ECS document a line. */
  readonly format: "text" | "json";
  /** Colours in text; they have no effect on json. */
  readonly colour: boolean;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Takes one finished line without its newline. */
  readonly write: (line: string) => void;
  /** How many lines `write` could not bring anywhere. Default: none. */
  readonly lost?: () => number;
}

interface Repeat {
  /** Of the last one written, in ms since the epoch. */
  writtenAt: number;
  suppressed: number;
  level: LogLevel;
  message: string;
  fields: LogFields;
}

/** mayfly's own messages. Never throws. */
export class Log {
  readonly #options: LogOptions;
  readonly #least: number;
  /** Codes are constants of the program, so this is bounded. */
  readonly #repeats = new Map<string, Repeat>();

  constructor(options: LogOptions) {
    this.#options = options;
    this.#least = logLevels.indexOf(options.level);
  }

  /** Lines that nobody took. */
  get lost(): number {
    return this.#options.lost?.() ?? 0;
  }

  trace(message: string, fields: LogFields = {}): void {
    this.#log("trace", message, fields);
  }

  debug(message: string, fields: LogFields = {}): void {
    this.#log("debug", message, fields);
  }

  info(message: string, fields: LogFields = {}): void {
    this.#log("info", message, fields);
  }

  warn(message: string, fields: LogFields = {}): void {
    this.#log("warn", message, fields);
  }

  error(message: string, fields: LogFields = {}): void {
    this.#log("error", message, fields);
  }

  /**
   * For a fault that may come with every event. The first message of a `code` is written at once, then at most one
   * every 10 s, the latest, with the number left out before it as the field `suppressed`.
   */
  repeated(level: LogLevel, code: string, message: string, fields: LogFields = {}): void {
    if (!this.enabled(level)) return;
    const now = this.#options.now();
    const known = this.#repeats.get(code);
    if (known === undefined) {
      this.#repeats.set(code, { writtenAt: now, suppressed: 0, level, message, fields });
      this.#log(level, message, { code, ...fields });
      return;
    }
    Object.assign(known, { level, message, fields });
    known.suppressed++;
    if (isDue(known, now)) this.#writeRepeat(code, known, now);
  }

  /**
   * Writes the last of each code that was held back: those whose 10 s are over, or at the stop of the program
   * `everything`. Call it now and then (once a second is plenty), or the end of a burst stays untold until the next.
   */
  flushRepeated(everything = false): void {
    const now = this.#options.now();
    for (const [code, repeat] of this.#repeats) {
      if (repeat.suppressed > 0 && (everything || isDue(repeat, now))) this.#writeRepeat(code, repeat, now);
    }
  }

  /** Whether a message of this level would be written: ask before making a costly one. */
  enabled(level: LogLevel): boolean {
    return logLevels.indexOf(level) >= this.#least;
  }

  #writeRepeat(code: string, repeat: Repeat, now: number): void {
    // The message that is written is not one of those left out.
    const suppressed = repeat.suppressed > 1 ? repeat.suppressed - 1 : undefined;
    repeat.suppressed = 0;
    repeat.writtenAt = now;
    this.#log(repeat.level, repeat.message, { code, suppressed, ...repeat.fields });
  }

  #log(level: LogLevel, message: string, fields: LogFields): void {
    if (!this.enabled(level)) return;
    const { format, colour, now, write } = this.#options;
    const date = new Date(now());
    write(format === "json" ? jsonLine(date, level, message, fields) : textLine(date, level, message, fields, colour));
  }
}

/** A clock that was set back makes a message due: better one too many than silence until the old time returns. */
function isDue(repeat: Repeat, now: number): boolean {
  return now - repeat.writtenAt >= repeatIntervalMs || now < repeat.writtenAt;
}

/** ECS logging (https://www.elastic.co/docs/reference/ecs/logging/intro): `log.level` and `ecs.version` are dotted there. */
function jsonLine(date: Date, level: LogLevel, message: string, fields: LogFields): string {
  const present = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
  const document = {
    "@timestamp": date.toISOString(),
    "log.level": level,
    message,
    "ecs.version": "9.4.0",
    ...(Object.keys(present).length > 0 && { mayfly: present }),
  };
  // JSON.stringify leaves DEL, C1 and the direction marks as they are, and someone may look at the log.
  return printable(JSON.stringify(document));
}

const reset = "\u001b[0m";
const dim = "\u001b[2m";
const levelColour: Readonly<Record<LogLevel, string>> = {
  trace: dim,
  debug: dim,
  info: "\u001b[32m",
  warn: "\u001b[33m",
  error: "\u001b[31m",
};

/** `09:42:02 warn  lost 12 exec records (ring full)  kind=exec lost=12`, in local time. */
function textLine(date: Date, level: LogLevel, message: string, fields: LogFields, colour: boolean): string {
  const paint = (code: string, text: string): string => (colour && text !== "" ? `${code}${text}${reset}` : text);
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map((n) => String(n).padStart(2, "0")).join(":");
  const pairs = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${printable(key)}=${fieldText(value)}`)
    .join(" ");
  const head = `${paint(dim, time)} ${paint(levelColour[level], level.padEnd(5))} ${printable(message)}`;
  return pairs === "" ? head : `${head}  ${paint(dim, pairs)}`;
}

/** Quoted when it could be taken for two fields. */
function fieldText(value: LogFields[string]): string {
  const text = String(value);
  return /^[^\s"=]+$/.test(text) ? printable(text) : printable(JSON.stringify(text));
}

/**
 * The program's log on standard error. `auto` is text on a terminal and json elsewhere; colours are used on a terminal
 * unless NO_COLOR is set and not empty (https://no-color.org).
 */
export function stderrLog(
  settings: { readonly level: LogLevel; readonly format: "auto" | "text" | "json" },
  env: Readonly<Record<string, string | undefined>>,
): Log {
  const terminal = isatty(2);
  const writer = new LineWriter(2);
  const format = settings.format === "auto" ? (terminal ? "text" : "json") : settings.format;
  const colour = terminal && (env["NO_COLOR"] ?? "") === "";
  return new Log({
    level: settings.level,
    format,
    colour,
    now: Date.now,
    write: (line) => writer.write(line),
    lost: () => writer.lost,
  });
}
