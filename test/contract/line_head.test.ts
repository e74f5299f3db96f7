import assert from "node:assert/strict";
import { test } from "node:test";
import { beforeId, beforeTime, idAt, idBytes, timeBytes } from "../../ecs/line.ts";
import * as moved from "../../src/output/spool/line.ts";
import { goldenLines } from "../unit/ecs_cases.ts";

/* Whoever moves lines takes the id from its place in them, without reading JSON: every line has to begin alike. */

for (const [name, line] of goldenLines()) {
  test(`the line of ${name} has its time and its id where they are looked for`, () => {
    const document = JSON.parse(line) as { "@timestamp": string; event: { id: string } };
    const bytes = Buffer.from(line);
    const part = (from: number, length: number): string => bytes.toString("latin1", from, from + length);
    assert.equal(part(0, beforeTime.length), beforeTime);
    assert.equal(part(beforeTime.length, timeBytes), document["@timestamp"]);
    assert.equal(part(beforeTime.length + timeBytes, beforeId.length), beforeId);
    assert.equal(part(idAt, idBytes), document.event.id);
    assert.match(document.event.id, /^[A-Za-z0-9_-]{24}$/);
    assert.ok(moved.hasLineHead(line));
  });
}

test("who writes lines and who moves them mean the same places", () => {
  assert.deepEqual(
    [moved.LINE_START, moved.TIME_BYTES, moved.BEFORE_ID, moved.ID_BYTES, moved.ID_AT],
    [beforeTime, timeBytes, beforeId, idBytes, idAt],
  );
  assert.deepEqual([beforeTime.length, timeBytes, beforeId.length, idBytes, idAt], [15, 30, 17, 24, 62]);
});
