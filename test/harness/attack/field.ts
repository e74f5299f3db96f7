import { isDeepStrictEqual } from "node:util";

/** What a field shall be, where no single value says it. */
export class Check {
  readonly words: string;
  readonly holds: (value: unknown, document: object) => boolean;

  constructor(words: string, holds: (value: unknown, document: object) => boolean) {
    this.words = words;
    this.holds = holds;
  }
}

/** A value that the field has exactly, a pattern that one of its values matches, or a check. */
export type Expectation = string | number | boolean | readonly string[] | RegExp | Check;

/** By the field's dotted name. */
export type Fields = Readonly<Record<string, Expectation>>;

export const absent = new Check("absent", (value) => value === undefined);
export const someText = new Check("some text", (value) => typeof value === "string" && value !== "");
export const someNumber = new Check("some number", (value) => typeof value === "number");

/** Each of them is among the field's values, as `==` of a rule sees one value and many alike. */
export function has(...wanted: readonly string[]): Check {
  return new Check(`has ${wanted.join(" and ")}`, (value) => wanted.every((one) => valuesOf(value).includes(one)));
}

export function oneOf(...wanted: readonly string[]): Check {
  return new Check(`one of ${wanted.join(", ")}`, (value) => typeof value === "string" && wanted.includes(value));
}

/** What is looked up in a database may not be known in time: the first look at one of Debian's takes half a second. */
export function orAbsent(wanted: string): Check {
  return new Check(`${wanted} or absent`, (value) => value === undefined || value === wanted);
}

/** Equal to another field of the same document. */
export function sameAs(field: string): Check {
  return new Check(`same as ${field}`, (value, document) => {
    const other = valueAt(document, field);
    return other !== undefined && isDeepStrictEqual(value, other);
  });
}

export function meets(value: unknown, expected: Expectation, document: object): boolean {
  if (expected instanceof Check) return expected.holds(value, document);
  if (expected instanceof RegExp) return valuesOf(value).some((one) => typeof one === "string" && expected.test(one));
  return isDeepStrictEqual(value, expected);
}

export function describeExpectation(expected: Expectation): string {
  if (expected instanceof Check) return expected.words;
  return expected instanceof RegExp ? String(expected) : JSON.stringify(expected);
}

/** The value of a field by its dotted name; undefined where it is absent. */
export function valueAt(document: object, field: string): unknown {
  let at: unknown = document;
  for (const name of field.split(".")) {
    if (typeof at !== "object" || at === null) return undefined;
    at = (at as Record<string, unknown>)[name];
  }
  return at;
}

function valuesOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [value];
}
