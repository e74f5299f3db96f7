import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { ecsVersion } from "../../ecs/envelope.ts";
import { fieldRows } from "../harness/field_rows.ts";
import { goldenLines } from "../unit/ecs_cases.ts";

/* Every emitted field is one of ECS, with the type that ECS gives it, or `mayfly.`, and stands in ecs/README.md. */

interface EcsList {
  readonly allowed: {
    readonly "event.kind": readonly string[];
    readonly "event.category": Readonly<Record<string, readonly string[]>>;
    readonly "event.type": readonly string[];
  };
  /** `keyword`, or `keyword[]` where ECS asks for an array. */
  readonly fields: Readonly<Record<string, string>>;
}

const ecs = JSON.parse(readFileSync("test/contract/data/ecs-fields.json", "utf8")) as EcsList;

/** Outside ECS, as the design allows, beside all of `mayfly.`. */
const allowedOutside: Readonly<Record<string, string>> = {
  "process.Ext.ancestry": "keyword[]",
  ...{ "process.Ext.command_line_truncated": "boolean", "process.parent.Ext.command_line_truncated": "boolean" },
  "host.os.Ext.variant": "keyword",
  ...{ "user.Ext.real.id": "keyword", "user.Ext.real.name": "keyword" },
  ...{ "group.Ext.real.id": "keyword", "group.Ext.real.name": "keyword" },
};

type Leaf = string | number | boolean | readonly unknown[];

/** The fields of a document by their dotted names; an array is a leaf, one of objects is as many of them. */
function* leaves(value: object, prefix = ""): Generator<readonly [string, Leaf]> {
  for (const [key, member] of Object.entries(value) as [string, unknown][]) {
    if (Array.isArray(member) && typeof member[0] === "object") {
      for (const item of member as object[]) yield* leaves(item, `${prefix}${key}.`);
    } else if (typeof member === "object" && member !== null && !Array.isArray(member)) {
      yield* leaves(member, `${prefix}${key}.`);
    } else {
      yield [prefix + key, member as Leaf];
    }
  }
}

const documents = [...goldenLines()].map(([name, line]) => ({ name, fields: [...leaves(JSON.parse(line) as object)] }));
const emitted = new Map<string, Leaf[]>();
for (const { fields } of documents) {
  for (const [name, value] of fields) emitted.set(name, [...(emitted.get(name) ?? []), value]);
}

/** The rows of the field table: name to type. mayfly.lost has one member for each kind. */
const table = new Map(fieldRows());

function inTable(name: string): string {
  return name.startsWith("mayfly.lost.") ? "mayfly.lost.*" : name;
}

test("every emitted field is an ECS field or begins with mayfly. or is allowed outside", () => {
  const strange = [...emitted.keys()].filter(
    (name) => !(name in ecs.fields) && !(name in allowedOutside) && !name.startsWith("mayfly."),
  );
  assert.deepEqual(strange, []);
});

test("ecs/README.md has every emitted field and no other", () => {
  assert.deepEqual([...table.keys()].toSorted(), [...new Set([...emitted.keys()].map(inTable))].toSorted());
});

test("ecs/README.md gives the types of ECS", () => {
  for (const [name, type] of table) {
    const expected = ecs.fields[name] ?? allowedOutside[name] ?? type;
    assert.equal(type, expected, name);
  }
});

for (const { name: document, fields } of documents) {
  test(`every value of ${document} has the type of its field`, () => {
    for (const [name, value] of fields) {
      const type = table.get(inTable(name)) ?? "a field that is not in the table";
      assert.ok(hasType(value, type, name), `${name} shall be ${type} and is ${JSON.stringify(value)}`);
    }
  });
}

const scalars: Readonly<Record<string, (value: unknown) => boolean>> = {
  boolean: (value) => typeof value === "boolean",
  long: (value) => typeof value === "number" && Number.isInteger(value) && value >= 0,
  date: (value) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/.test(String(value)),
};

function hasType(value: Leaf, type: string, name: string): boolean {
  const item = scalars[type.replace("[]", "")] ?? ((text: unknown) => typeof text === "string" && text !== "");
  if (!Array.isArray(value)) return !type.endsWith("[]") && item(value);
  if (name === "event.action") return value.length > 1 && value.every(item);
  // An argument may be empty; everything else that is empty is absent.
  const members = name.endsWith(".args") ? value.filter((arg) => arg !== "") : value;
  return type.endsWith("[]") && value.length > 0 && members.every(item);
}

test("event.kind, category and type are words that ECS allows together", () => {
  for (const { name, fields } of documents) {
    const value = (field: string): unknown => fields.find(([known]) => known === field)?.[1];
    assert.ok(ecs.allowed["event.kind"].includes(value("event.kind") as string), name);
    for (const category of value("event.category") as string[]) {
      for (const type of value("event.type") as string[]) {
        assert.ok(ecs.allowed["event.category"][category]?.includes(type), `${name}: ${category} with ${type}`);
      }
    }
  }
});

test("documents name the ECS release whose names they use", () => {
  assert.deepEqual([...new Set(emitted.get("ecs.version"))], [ecsVersion]);
});
