import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { lossKinds } from "../../ecs/agent_note.ts";
import { fieldsOf } from "../../ecs/fields/field.ts";
import { fieldKinds, fieldTable } from "../../ecs/fields/table.ts";
import { metricFields } from "../../ecs/fields_metrics.ts";
import { searched } from "../../src/setup/index_settings.ts";
import { countFields, eachLeaf, type Mapping, type Properties, propertiesOf } from "../../src/setup/mappings.ts";
import { fieldNames } from "../harness/field_names.ts";
import { fieldRows } from "../harness/field_rows.ts";
import { goldenLines } from "../unit/ecs_cases.ts";

/* Every field that mayfly sends, and every field of the published lists, has a type of its own in the index template. */

interface Lists {
  readonly ecs: Readonly<Record<string, string>>;
  readonly defend: Readonly<Record<string, string>>;
  readonly defendLinux: readonly string[];
  readonly rules: readonly string[];
}

const lists = JSON.parse(readFileSync("test/contract/data/mapped-fields.json", "utf8")) as Lists;
const properties = propertiesOf(fieldTable);
const mapped = new Map(eachLeaf(properties));

/** The mapping of a field; undefined where there is none. Labels may have any member. */
function mappingOf(name: string, from: Properties = properties): Mapping | undefined {
  const [first = "", ...rest] = name.split(".");
  const mapping = from[first];
  if (rest.length === 0 || mapping?.type === "flattened") return mapping;
  return mappingOf(rest.join("."), mapping?.properties ?? {});
}

/** In the words of the lists: labels are objects of keywords there. */
function typeOf(name: string): string | undefined {
  const mapping = mappingOf(name);
  if (mapping === undefined) return undefined;
  if (name === "labels" || name.endsWith(".labels")) return "object";
  const type = mapping.type ?? "object";
  return mapping.fields === undefined ? type : `${type}+text`;
}

test("every field of ECS that a process collector can know has the type that ECS gives it", () => {
  const wrong = Object.entries(lists.ecs).filter(([name, type]) => typeOf(name) !== type);
  assert.deepEqual(wrong, []);
});

test("every field of Elastic Defend's process stream has the type it has there", () => {
  const wrong = Object.entries(lists.defend).filter(([name, type]) => typeOf(name)?.replace("+text", "") !== type);
  assert.deepEqual(wrong, []);
});

test("every field of Elastic Defend's Linux process events, and every field that Elastic's EQL rules name, has a mapping", () => {
  assert.deepEqual(
    [...lists.defendLinux, ...lists.rules].filter((name) => typeOf(name) === undefined),
    [],
  );
});

test("every field of ecs/README.md has the type that stands there", () => {
  const rows = fieldRows();
  assert.ok(rows.length > 90);
  for (const [name, type] of rows) {
    const names = name.endsWith(".*") ? lossKinds.map((kind) => name.replace("*", kind)) : [name];
    for (const field of names) assert.equal(mappingOf(field)?.type, type.replace("[]", ""), field);
  }
});

test("no field of the golden documents falls to a dynamic mapping", () => {
  const strange = [...goldenLines().values()].flatMap((line) =>
    [...fieldNames(JSON.parse(line) as object)].filter((name) => !mapped.has(name)),
  );
  assert.deepEqual([...new Set(strange)], []);
});

test("every field of a metric document has its mapping in the template of metrics-mayfly", () => {
  const metrics = new Map(eachLeaf(propertiesOf(fieldsOf(metricFields))));
  assert.deepEqual(
    Object.keys(metricFields).filter((name) => !metrics.has(name)),
    [],
  );
});

test("no keyword can be longer than what Lucene takes", () => {
  const lucene = 32_766;
  // One UTF-16 unit, which ignore_above counts, is at most 3 bytes of UTF-8; a key and a NUL stand before a flattened value.
  for (const [name, type] of mapped) {
    if (type !== "keyword" && type !== "flattened") continue;
    const { ignore_above: most, index, doc_values: columns } = mappingOf(name) ?? {};
    const isOnlyKept = index === false && columns === false;
    assert.ok(isOnlyKept || (typeof most === "number" && most * 4 <= lucene), `${name}: ${String(most)}`);
  }
});

test("paths and arguments as long as Linux allows paths are found", () => {
  const pathMax = 4096;
  for (const name of ["args", "executable", "working_directory", "parent.args", "entry_leader.executable", "env_vars"])
    assert.ok((mappingOf(`process.${name}`)?.["ignore_above"] as number) >= pathMax, name);
});

test("event.id is found and has no columns", () => {
  assert.deepEqual(mappingOf("event.id"), { type: "keyword", ignore_above: 1024, doc_values: false });
});

test("a search without a field looks only where any text may stand", () => {
  for (const name of searched) {
    const types = ["keyword", "match_only_text", "wildcard"];
    assert.ok(types.includes(mapped.get(name) ?? "not mapped"), `${name}: ${mapped.get(name)}`);
  }
});

test("fields are counted as Elasticsearch does: objects and multi-fields too", () => {
  const text = { type: "match_only_text" };
  assert.equal(countFields({ process: { properties: { name: { type: "keyword", fields: { text } } } } }), 3);
});

test("the field table has no field twice and names every nested object", () => {
  assert.equal(fieldKinds.get("process.elf.sections"), "nested");
  assert.equal(fieldKinds.get("process.elf.sections.entropy"), "long");
  assert.equal([...fieldKinds.values()].filter((kind) => kind === "nested").length, 10);
});
