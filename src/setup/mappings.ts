import { type FieldKind, type Fields, Nested } from "../../ecs/fields/field.ts";

/** A mapping as Elasticsearch takes it: a type with its parameters, or an object with properties, or (nested) both. */
export interface Mapping {
  readonly type?: string;
  readonly properties?: Properties;
  readonly fields?: Properties;
  readonly [parameter: string]: unknown;
}
export type Properties = { readonly [name: string]: Mapping };

/** That of ECS. A longer value is kept in the document and not found by this field. */
const SHORT = 1024;
/**
 * For paths and arguments: ECS's 1,024 would leave out what an attacker makes long, and Linux allows paths of 4,096 bytes.
 * Elasticsearch counts characters, Lucene refuses the whole document above 32,766 bytes: 4 bytes a character at most.
 */
const LONG = Math.floor(32_766 / 4);

const keyword: Mapping = { type: "keyword", ignore_above: SHORT };
const path: Mapping = { type: "keyword", ignore_above: LONG };
const wildcard: Mapping = { type: "wildcard" };
const text: Mapping = { type: "match_only_text" };

const mappingOf: Readonly<Record<FieldKind, Mapping>> = {
  keyword,
  "keyword+text": { ...keyword, fields: { text } },
  path,
  "path+text": { ...path, fields: { text } },
  wildcard,
  "wildcard+text": { ...wildcard, fields: { text } },
  // No two documents share one: columns of it (39 bytes a document) would only serve to sort by it.
  id: { type: "keyword", ignore_above: SHORT, doc_values: false },
  kept: { type: "keyword", index: false, doc_values: false },
  // Not an object: every key that somebody invents would be a field of its own, and `app` beside `app.name` a conflict.
  labels: { type: "flattened", ignore_above: LONG },
  flattened: { type: "flattened", ignore_above: LONG },
  scaled_float: { type: "scaled_float", scaling_factor: 1000 },
  boolean: { type: "boolean" },
  constant_keyword: { type: "constant_keyword" },
  // Milliseconds; the nine digits stay in _source.
  date: { type: "date" },
  double: { type: "double" },
  float: { type: "float" },
  geo_point: { type: "geo_point" },
  ip: { type: "ip" },
  long: { type: "long" },
  match_only_text: text,
  unsigned_long: { type: "unsigned_long" },
};

/** The `properties` of a mapping with these fields. */
export function propertiesOf(fields: Fields): Properties {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => {
      if (typeof value === "string") return [name, mappingOf[value]];
      if (value instanceof Nested) return [name, { type: "nested", properties: propertiesOf(value.fields) }];
      return [name, { properties: propertiesOf(value) }];
    }),
  );
}

/**
 * For synthetic _source, which would give dates back in milliseconds: these are kept as they were sent (10 % of the disk).
 * Elasticsearch refuses that for @timestamp itself.
 */
export function keepingDates(properties: Properties): Properties {
  return Object.fromEntries(
    Object.entries(properties).map(([name, mapping]) => {
      if (mapping.properties !== undefined) return [name, { ...mapping, properties: keepingDates(mapping.properties) }];
      const isKept = mapping.type === "date" && name !== "@timestamp";
      return [name, isKept ? { ...mapping, synthetic_source_keep: "all" } : mapping];
    }),
  );
}

/** As index.mapping.total_fields.limit counts: objects and multi-fields too. */
export function countFields(properties: Properties): number {
  return Object.values(properties).reduce(
    (count, { properties: members = {}, fields = {} }) => count + 1 + countFields(members) + countFields(fields),
    0,
  );
}

/** Leaves by dotted name, with their type; nested objects too, plain objects not. Multi-fields stand behind their field. */
export function* eachLeaf(properties: Properties, prefix = ""): Generator<readonly [string, string]> {
  for (const [name, mapping] of Object.entries(properties)) {
    const path = prefix + name;
    if (mapping.type !== undefined && mapping.type !== "object") yield [path, mapping.type];
    yield* eachLeaf(mapping.fields ?? {}, `${path}.`);
    yield* eachLeaf(mapping.properties ?? {}, `${path}.`);
  }
}
