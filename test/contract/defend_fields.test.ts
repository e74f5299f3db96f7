import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fieldKinds } from "../../ecs/fields/table.ts";
import { fieldRows, unfolded } from "../harness/field_rows.ts";

/* ecs/defend-fields.md against the public lists, the field table of ecs/README.md and the mappings. */

interface DefendLinux {
  /** Name to the events that have the field: `process` or the names of others. */
  readonly fields: Readonly<Record<string, string>>;
}

/** Fields that rules for processes read. */
interface ProcessRules {
  readonly processRules: readonly string[];
}

const { fields: defendLinux } = JSON.parse(
  readFileSync("test/contract/data/defend-linux-fields.json", "utf8"),
) as DefendLinux;
const { processRules } = JSON.parse(readFileSync("test/contract/data/mapped-fields.json", "utf8")) as ProcessRules;
const listed = new Set([...Object.keys(defendLinux), ...processRules]);

interface Row {
  readonly field: string;
  readonly state: string;
  readonly why: string;
}

const rows: readonly Row[] = [
  ...readFileSync("ecs/defend-fields.md", "utf8").matchAll(/^\| `([^`]+)` \| ([a-z ]+?) \|(.*)\|$/gm),
].flatMap(([, pattern = "", state = "", why = ""]) =>
  unfolded(pattern).map((field) => ({ field, state, why: why.trim() })),
);

const emitted = new Set(fieldRows().map(([name]) => name));

function inState(state: string): readonly Row[] {
  return rows.filter((row) => row.state === state);
}

test("the lists are whole", () => {
  assert.equal(Object.keys(defendLinux).length, 220);
  assert.equal(processRules.length, 53);
});

test("every field of the lists stands in ecs/defend-fields.md once, and no other does", () => {
  assert.deepEqual(rows.map(({ field }) => field).toSorted(), [...listed].toSorted());
});

test("a field is emitted, planned or left out", () => {
  const states = new Set(rows.map(({ state }) => state));
  assert.deepEqual(
    [...states].filter((state) => !["emitted", "planned", "left out"].includes(state)),
    [],
  );
  assert.ok(emitted.size > 90);
});

test("what is emitted is explained in ecs/README.md", () => {
  assert.deepEqual(
    inState("emitted").filter(({ field }) => !emitted.has(field)),
    [],
  );
});

test("what ecs/README.md explains is neither planned nor left out any more", () => {
  assert.deepEqual(
    [...inState("planned"), ...inState("left out")].filter(({ field }) => emitted.has(field)),
    [],
  );
});

test("what is left out has a reason", () => {
  assert.deepEqual(
    inState("left out").filter(({ why }) => why.length < 10),
    [],
  );
});

test("every field of the lists has a mapping, sent or not", () => {
  assert.deepEqual(
    [...listed].filter((field) => !fieldKinds.has(field)),
    [],
  );
});
