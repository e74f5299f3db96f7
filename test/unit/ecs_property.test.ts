import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { DocumentWriter } from "../../ecs/document.ts";
import { life, lifeOf } from "./ecs_arbitrary.ts";
import * as lives from "./ecs_lives.ts";
import { document } from "./ecs_reference.ts";

/** Members whose value can be beyond what a JSON number holds exactly: compared as bigints, by their digits. */
const spans = /"(duration|user_ns|system_ns)":(\d+)/g;

/** Members of `event` that have tests of their own. */
const elsewhere: readonly string[] = ["id", "sequence"];

/** The line as an object, spans as bigints, without what the reference leaves out. */
function parsed(line: string): Record<string, unknown> {
  const spared = line.replace(spans, '"$1":{"digits":"$2"}');
  return JSON.parse(spared, (name, value: unknown) => {
    if (typeof value !== "object" || value === null) return value;
    if (name === "event") return Object.fromEntries(Object.entries(value).filter(([key]) => !elsewhere.includes(key)));
    return "digits" in value ? BigInt(String(value.digits)) : value;
  }) as Record<string, unknown>;
}

for (const profile of ["lifecycle", "elastic", "transitions"] as const) {
  test(`any life in profile ${profile} is the document that the plain reference makes, however often it is written`, () => {
    const options = lives.options({ profile });
    fc.assert(
      fc.property(profile === "transitions" ? lifeOf(lives.singles) : life, (of) => {
        const writer = new DocumentWriter(options);
        // Three times: made, made and kept, taken from what was kept.
        for (let i = 0; i < 3; i++) assert.deepEqual(parsed(writer.write(of)), document(of, options));
      }),
      { numRuns: 400 },
    );
  });
}

test("a line is one line of valid UTF-8 without any character that could fool a terminal", () => {
  const writer = new DocumentWriter(lives.options());
  fc.assert(
    fc.property(life, (of) => {
      const line = writer.write(of);
      assert.equal(line.indexOf("\n"), line.length - 1);
      assert.equal(Buffer.from(line, "utf8").toString("utf8"), line);
      assert.doesNotMatch(line.slice(0, -1), /[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u);
    }),
  );
});
