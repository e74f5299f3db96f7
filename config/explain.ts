import type { z } from "zod";
import { sections } from "./keys.ts";
import { join } from "./path.ts";
import { quote } from "./problem.ts";
import { suggest } from "./suggest.ts";

type Issue = z.core.$ZodRawIssue;

/** What zod found wrong with a value, in words for people: how the value must be, after the name of its key. */
export function explain(issue: Issue): string {
  switch (issue.code) {
    case "invalid_type":
      return `must be ${wanted(issue)}, not ${quote(issue.input)}${typeHint(issue)}`;
    case "invalid_value":
      return `must be ${oneOf(issue.values)}, not ${quote(issue.input)}${nearest(issue)}`;
    case "too_small":
      return `${quote(issue.input)} is below the minimum, ${issue.minimum}`;
    case "too_big":
      return `${quote(issue.input)} is above the maximum, ${issue.maximum}`;
    default:
      return `cannot be ${quote(issue.input)}`;
  }
}

/** An unknown key: what it should perhaps be called, or where it belongs. */
export function explainUnknown(section: string, key: string): string {
  return `unknown key ${quote(join(section, key))}: ${unknownAdvice(section, key)}`;
}

function unknownAdvice(section: string, key: string): string {
  const here = sections.get(section) ?? [];
  const near = suggest(key, here);
  // `host` for `hosts`, although there is a section of that name.
  if (near !== undefined && (near.startsWith(key) || key.startsWith(near))) return `did you mean "${near}"?`;
  const elsewhere = [...sections].filter(([, keys]) => keys.includes(key)).map(([path]) => path);
  if (elsewhere.length > 0) {
    const places = elsewhere.map((path) => (path === "" ? "the top level" : path)).join(" or ");
    return `"${key}" belongs under ${places}`;
  }
  if (near !== undefined) return `did you mean "${near}"?`;
  for (const [path, keys] of sections) {
    const other = suggest(key, keys);
    if (other !== undefined) return `did you mean "${join(path, other)}"?`;
  }
  return section === "" ? `the sections are ${here.join(", ")}` : `the keys of ${section} are ${here.join(", ")}`;
}

function wanted(issue: Extract<Issue, { code: "invalid_type" }>): string {
  switch (issue.expected) {
    case "boolean":
      return "true or false";
    case "string":
      return "text";
    case "int":
    case "number":
      return "a whole number";
    case "object":
      return `a section with the keys ${(sections.get((issue.path ?? []).join(".")) ?? []).join(", ")}`;
    default:
      return issue.expected;
  }
}

/** What people write who know YAML 1.1, and values that YAML takes for something else. */
function typeHint({ expected, input }: Extract<Issue, { code: "invalid_type" }>): string {
  if (expected === "boolean" && typeof input === "string" && /^(yes|no|on|off|y|n|true|false)$/i.test(input)) {
    return /^(true|false)$/i.test(input) ? ": remove the quotes" : ": YAML 1.2 takes this for text";
  }
  const scalar = typeof input === "number" || typeof input === "boolean";
  if (expected === "string" && scalar) return `: put it in quotes, "${String(input)}"`;
  if ((expected === "int" || expected === "number") && typeof input === "string" && /^[0-9]+$/.test(input)) {
    return ": remove the quotes";
  }
  return "";
}

function oneOf(values: readonly unknown[]): string {
  const names = values.map(String);
  return names.length === 1 ? (names[0] ?? "") : `${names.slice(0, -1).join(", ")} or ${names.at(-1)}`;
}

function nearest({ input, values }: Extract<Issue, { code: "invalid_value" }>): string {
  if (typeof input !== "string") return "";
  const near = suggest(input, values.map(String));
  return near === undefined ? "" : `: did you mean "${near}"?`;
}
