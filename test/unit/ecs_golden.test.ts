import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { goldenLines } from "./ecs_cases.ts";

/*
 * test/golden holds one document a file, with its fields in their order. After an intended change:
 * MAYFLY_UPDATE_GOLDEN=1 npm test, and read the difference.
 */
const folder = "test/golden";
const update = process.env["MAYFLY_UPDATE_GOLDEN"] === "1";
const lines = goldenLines();

for (const [name, line] of lines) {
  test(`the document ${name} is the one in ${folder}`, () => {
    const file = `${folder}/${name}.json`;
    const text = `${JSON.stringify(JSON.parse(line), undefined, 2)}\n`;
    if (update) writeFileSync(file, text);
    assert.equal(text, readFileSync(file, "utf8"));
  });
}

test(`${folder} has no document that nothing makes`, () => {
  const known = [...lines.keys()].map((name) => `${name}.json`);
  assert.deepEqual(
    readdirSync(folder).filter((file) => !known.includes(file)),
    [],
  );
});
