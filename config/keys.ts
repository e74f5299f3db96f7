import { z } from "zod";
import { join } from "./path.ts";
import { schema } from "./schema.ts";

/** The keys of every section in the schema's order, by dotted path; the root is "". */
export const sections: ReadonlyMap<string, readonly string[]> = new Map(walk(schema, ""));

/** Dotted paths of the keys that hold values, in the schema's order. */
export const valueKeys: readonly string[] = [...values("")];

function* values(section: string): Generator<string> {
  for (const key of sections.get(section) ?? []) {
    const path = join(section, key);
    if (sections.has(path)) yield* values(path);
    else yield path;
  }
}

function* walk(type: unknown, path: string): Generator<[string, string[]]> {
  if (type instanceof z.ZodPrefault || type instanceof z.ZodDefault || type instanceof z.ZodOptional) {
    yield* walk(type.unwrap(), path);
  } else if (type instanceof z.ZodObject) {
    const shape = Object.entries(type.shape);
    yield [path, shape.map(([key]) => key)];
    for (const [key, child] of shape) yield* walk(child, join(path, key));
  }
}
