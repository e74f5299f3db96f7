/** Dotted names of the fields of a document; an array is a field, one of objects is as many documents. */
export function* fieldNames(document: object, prefix = ""): Generator<string> {
  for (const [name, value] of Object.entries(document) as [string, unknown][]) {
    if (Array.isArray(value) && typeof value[0] === "object")
      for (const item of value as object[]) yield* fieldNames(item, `${prefix}${name}.`);
    else if (typeof value === "object" && value !== null && !Array.isArray(value))
      yield* fieldNames(value, `${prefix}${name}.`);
    else yield prefix + name;
  }
}
