import { z } from "zod";
import { quote } from "./problem.ts";
import {
  type Bytes,
  durationPattern,
  formatDuration,
  formatSize,
  type Milliseconds,
  parseDuration,
  parseSize,
  type Reading,
  sizePattern,
} from "./quantity.ts";

/* The kinds of values that keys have. */

/**
 * A duration between two bounds, inclusive, in milliseconds.
 * @param word stands for 0
 */
export function duration(least: string, most: string, word?: string) {
  return quantity<Milliseconds>("duration", parseDuration, formatDuration, durationPattern, least, most, word);
}

/** A size between two bounds, inclusive, in bytes. */
export function size(least: string, most: string) {
  return quantity<Bytes>("size", parseSize, formatSize, sizePattern, least, most);
}

function quantity<T extends number>(
  noun: string,
  parse: (text: string) => Reading<T>,
  format: (value: T) => string,
  pattern: string,
  least: string,
  most: string,
  word?: string,
) {
  const min = bound(parse(least));
  const max = bound(parse(most));
  const inRange = (value: T): Reading<T> => {
    if (value < min) return { fault: `"${format(value)}" is below the minimum, "${format(min)}"` };
    if (value > max) return { fault: `"${format(value)}" is above the maximum, "${format(max)}"` };
    return { value };
  };
  return z
    .string({
      error: ({ input }) => {
        // A number without its unit gets the same sentence as a text without one.
        const read = typeof input === "number" ? parse(String(input)) : undefined;
        return read !== undefined && "fault" in read
          ? read.fault
          : `must be a ${noun} from "${least}" to "${most}"${word === undefined ? "" : ` or "${word}"`}, not ${quote(input)}`;
      },
    })
    .meta({ pattern: word === undefined ? pattern : `${pattern}|^${word}$` })
    .transform((text, context): T => {
      if (text === word) return 0 as T;
      const parsed = parse(text);
      const read = "fault" in parsed ? parsed : inRange(parsed.value);
      if (!("fault" in read)) return read.value;
      context.addIssue({ code: "custom", message: read.fault });
      return z.NEVER;
    });
}

function bound<T>(reading: Reading<T>): T {
  if ("fault" in reading) throw new TypeError(reading.fault);
  return reading.value;
}

export function text() {
  return z.string().min(1, "must not be empty: leave the key out for none");
}

export function path() {
  return text()
    .refine((value) => !value.includes("\0"), "holds a NUL byte, which no path can")
    .refine((value) => !value.startsWith("~"), '"~" is not expanded here: write "${HOME}/…"');
}

/** Never quoted in a message: its value may stand in any of them by mistake, also as a number. */
export function secret() {
  return z
    .string({ error: () => "must be text: put it in quotes" })
    .min(1, "must not be empty: leave the key out for none");
}

export function hostUrl() {
  return z.string().superRefine((value, context) => {
    const url = URL.canParse(value) ? new URL(value) : undefined;
    const issue = (message: string): void => context.addIssue({ code: "custom", message });
    if (url === undefined || !/^https?:$/.test(url.protocol)) issue("must be a URL such as https://es.example:9200");
    else if (url.username !== "" || url.password !== "")
      issue("must not hold credentials: put them into username and password, or use an api_key");
  });
}
