import { defendFields } from "./defend.ts";
import { eachField, type FieldKind, type Fields, Nested } from "./field.ts";
import { mayflyFields } from "./mayfly.ts";
import { processFields } from "./process.ts";
import { ruleFields } from "./rules.ts";
import { surroundings } from "./surroundings.ts";

/**
 * Every field that mayfly sends, will send, or that those who search its documents name: ECS 9.4.0 with what a process
 * collector can know, Elastic Defend's process events, Elastic's prebuilt rules, and `mayfly.*`. test/contract holds it to the
 * published lists.
 */
export const fieldTable: Fields = [
  surroundings,
  { process: processFields },
  defendFields,
  ruleFields,
  mayflyFields,
].reduce(merged, {});

/** The table by dotted names. */
export const fieldKinds: ReadonlyMap<string, FieldKind | "nested"> = new Map(eachField(fieldTable));

/** Both, sorted by name; a name that both have must be a plain object in both. */
function merged(one: Fields, other: Fields): Fields {
  const all: Record<string, Fields[string]> = { ...one };
  for (const [name, value] of Object.entries(other)) {
    const present = all[name];
    if (present === undefined) all[name] = value;
    else if (isObject(present) && isObject(value)) all[name] = merged(present, value);
    else throw new Error(`the field table has ${name} twice`);
  }
  return Object.fromEntries(Object.entries(all).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function isObject(value: Fields[string]): value is Fields {
  return typeof value !== "string" && !(value instanceof Nested);
}
