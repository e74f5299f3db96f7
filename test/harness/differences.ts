import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";

/** Collects everything that is not as expected, so that one failing test shows all of it. */
export class Differences {
  readonly list: string[] = [];
  readonly #about: string;

  constructor(about: string) {
    this.#about = about;
  }

  compare(field: string, actual: unknown, expected: unknown): void {
    this.check(field, actual, isDeepStrictEqual(actual, expected), short(expected));
  }

  /** Both numbers; NaN (an absent value) is never near. */
  near(field: string, actual: number, expected: number, tolerance: number): void {
    this.check(field, actual, Math.abs(actual - expected) <= tolerance, `${expected} +- ${tolerance}`);
  }

  check(field: string, actual: unknown, holds: boolean, expected: string): void {
    if (!holds) this.list.push(`${this.#about}: ${field} is ${short(actual)}, expected ${expected}`);
  }

  /** Absent means absent, never "" or null or an empty list; only an argument may be empty. */
  noEmptyValues(value: unknown, path = ""): void {
    if (Array.isArray(value)) {
      this.check(path, value, value.length > 0, "no empty list");
      if (!path.endsWith(".args")) for (const one of value) this.noEmptyValues(one, path);
    } else if (typeof value === "object" && value !== null) {
      const entries = Object.entries(value);
      this.check(path, value, entries.length > 0, "no empty object");
      for (const [key, one] of entries) this.noEmptyValues(one, path === "" ? key : `${path}.${key}`);
    } else {
      this.check(path, value, value !== "" && value !== null && value !== "-", "absent instead of empty");
    }
  }
}

/** Fails with all of them, one a line. */
export function assertNone(differences: readonly string[]): void {
  if (differences.length > 0) assert.fail(`\n${differences.join("\n")}`);
}

function short(value: unknown): string {
  const text = JSON.stringify(value) ?? "absent";
  return text.length > 300 ? `${text.slice(0, 300)}... (${text.length} characters)` : text;
}

/** Milliseconds since the epoch; NaN for an absent time. */
export function millis(time: string | undefined): number {
  return time === undefined ? Number.NaN : Date.parse(time);
}
