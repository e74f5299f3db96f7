/**
 * How a field is searched, in the words of ECS. Where ECS gives a keyword a `text` multi-field for full-text search, the word
 * has `+text`. Four words are finer than those of ECS:
 *
 * - `path`: a keyword that holds paths, arguments or other text whose length the watched process decides
 * - `id`: a keyword of which no two documents have the same: looked up, never aggregated
 * - `kept`: stored, not searched (ECS: keyword with `index: false`)
 * - `labels`: keys that others choose, values that are keywords (ECS: object of keywords)
 */
export type FieldKind =
  | "keyword"
  | "keyword+text"
  | "path"
  | "path+text"
  | "id"
  | "kept"
  | "wildcard"
  | "wildcard+text"
  | "constant_keyword"
  | "match_only_text"
  | "boolean"
  | "date"
  | "double"
  | "flattened"
  | "float"
  | "geo_point"
  | "ip"
  | "labels"
  | "long"
  | "scaled_float"
  | "unsigned_long";

/** Fields by the name of each step. A key may hold dots only where it names several steps at once: `entry_meta.source.ip`. */
export interface Fields {
  readonly [name: string]: FieldKind | Fields | Nested;
}

/** Objects in an array that are searched one by one, not all their values together (ECS: nested). */
export class Nested {
  readonly fields: Fields;

  constructor(fields: Fields) {
    this.fields = fields;
  }
}

/** Every field by its dotted name; a nested object is itself an entry, before its members. */
export function* eachField(fields: Fields, prefix = ""): Generator<readonly [string, FieldKind | "nested"]> {
  for (const [name, value] of Object.entries(fields)) {
    const path = prefix + name;
    if (typeof value === "string") yield [path, value];
    else if (value instanceof Nested) {
      yield [path, "nested"];
      yield* eachField(value.fields, `${path}.`);
    } else yield* eachField(value, `${path}.`);
  }
}

/** Objects in objects of dotted names. */
export function fieldsOf(kinds: Readonly<Record<string, FieldKind>>): Fields {
  type Growing = { [name: string]: FieldKind | Growing };
  const root: Growing = {};
  for (const [path, kind] of Object.entries(kinds)) {
    const names = path.split(".");
    const last = names.pop() as string;
    let at = root;
    for (const name of names) at = (at[name] ??= {}) as Growing;
    at[last] = kind;
  }
  return root;
}
