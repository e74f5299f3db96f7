declare const brand: unique symbol;
/** A span of time in milliseconds. */
export type Milliseconds = number & { readonly [brand]: "Milliseconds" };
/** A size in bytes. */
export type Bytes = number & { readonly [brand]: "Bytes" };

/** A value, or a sentence that says what is wrong with the text and how to write it. */
export type Reading<T> = { readonly value: T } | { readonly fault: string };

interface Measure {
  readonly noun: string;
  /** Units by name, each as a multiple of the smallest, smallest first. */
  readonly units: ReadonlyMap<string, number>;
  readonly examples: string;
  /** What people also write, in lower case, and the unit it stands for. */
  readonly habits: ReadonlyMap<string, string>;
}

const duration: Measure = {
  noun: "duration",
  units: new Map([
    ["ms", 1],
    ["s", 1_000],
    ["m", 60_000],
    ["h", 3_600_000],
    ["d", 86_400_000],
  ]),
  examples: '"250ms", "1s" or "1m"',
  habits: new Map([
    ["msec", "ms"],
    ["sec", "s"],
    ["secs", "s"],
    ["second", "s"],
    ["seconds", "s"],
    ["min", "m"],
    ["minute", "m"],
    ["minutes", "m"],
    ["hour", "h"],
    ["hours", "h"],
    ["day", "d"],
    ["days", "d"],
  ]),
};

const size: Measure = {
  noun: "size",
  units: new Map([
    ["B", 1],
    ["KiB", 2 ** 10],
    ["MiB", 2 ** 20],
    ["GiB", 2 ** 30],
  ]),
  examples: '"512B", "128KiB" or "4MiB"',
  habits: new Map([
    ["k", "KiB"],
    ["kb", "KiB"],
    ["m", "MiB"],
    ["mb", "MiB"],
    ["g", "GiB"],
    ["gb", "GiB"],
    ["byte", "B"],
    ["bytes", "B"],
  ]),
};

/** The accepted texts as regular expressions, for the JSON schema. */
export const durationPattern = pattern(duration);
export const sizePattern = pattern(size);

/** Reads a whole number with one of ms, s, m, h, d: `250ms`, `1s`, `1m`. A space between them is allowed. */
export function parseDuration(text: string): Reading<Milliseconds> {
  return parse(duration, text) as Reading<Milliseconds>;
}

/** Reads a whole number with one of B, KiB, MiB, GiB: `512B`, `128KiB`, `4MiB`. A space between them is allowed. */
export function parseSize(text: string): Reading<Bytes> {
  return parse(size, text) as Reading<Bytes>;
}

/** The shortest text that parseDuration reads as the same value: 60000 is `1m`, 1500 is `1500ms`. */
export function formatDuration(value: Milliseconds): string {
  return format(duration, value);
}

/** The shortest text that parseSize reads as the same value: 131072 is `128KiB`. */
export function formatSize(value: Bytes): string {
  return format(size, value);
}

function pattern(measure: Measure): string {
  return `^[0-9]+ ?(${[...measure.units.keys()].join("|")})$`;
}

function parse(measure: Measure, text: string): Reading<number> {
  const shown = JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
  const match = /^([0-9]+) ?([A-Za-z]*)$/.exec(text);
  const digits = match?.[1];
  const unit = match?.[2];
  if (digits === undefined || unit === undefined) {
    const units = [...measure.units.keys()].join(", ");
    return {
      fault: `${shown} is not a ${measure.noun}: write a whole number and one of ${units}, such as ${measure.examples}`,
    };
  }
  if (unit === "") return { fault: `${shown} has no unit: write a ${measure.noun} such as ${measure.examples}` };
  const factor = measure.units.get(unit);
  if (factor === undefined) return { fault: `${shown} has an unknown unit: ${unitAdvice(measure, digits, unit)}` };
  const value = Number(digits) * factor;
  return Number.isSafeInteger(value) ? { value } : { fault: `${shown} is too large a ${measure.noun}` };
}

function unitAdvice(measure: Measure, digits: string, unit: string): string {
  const lower = unit.toLowerCase();
  const meant = measure.habits.get(lower) ?? [...measure.units.keys()].find((name) => name.toLowerCase() === lower);
  if (meant !== undefined) return `write "${digits}${meant}"`;
  return `the units are ${[...measure.units.keys()].join(", ")}`;
}

function format(measure: Measure, value: number): string {
  let text = String(value);
  for (const [unit, factor] of measure.units) {
    if (factor === 1 || (value !== 0 && value % factor === 0)) text = `${value / factor}${unit}`;
  }
  return text;
}
