import { z } from "zod";
import { schema } from "./schema.ts";

type Json = z.core.JSONSchema.BaseSchema;

/** What any value may also be: empty (the default holds), or with a variable in it, known only when the file is read. */
const alsoAllowed: readonly Json[] = [{ type: "null" }, { type: "string", pattern: "\\$\\{" }];

/** The JSON schema (draft 7) that editors complete and check mayfly.yml with. It knows the nested form of a file only. */
export function editorSchema(): Json {
  return widen(z.toJSONSchema(schema, { io: "input", target: "draft-7" }));
}

function widen(json: Json): Json {
  const { $schema, description, default: preset, ...rest } = json;
  const about = { ...($schema !== undefined && { $schema }), ...(description !== undefined && { description }) };
  if (rest.properties === undefined) {
    return { ...about, ...(preset !== undefined && { default: preset }), anyOf: [rest, ...alsoAllowed] };
  }
  const properties = Object.entries(rest.properties).map(([key, child]) => [key, widen(child as Json)] as const);
  return {
    ...about,
    type: ["object", "null"],
    additionalProperties: false,
    properties: Object.fromEntries(properties),
  };
}
