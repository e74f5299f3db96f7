import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { suggest } from "../../config/suggest.ts";

const keys = ["hold", "max_pending", "format", "level", "enabled"];

const near: [string, string][] = [
  ["hodl", "hold"],
  ["hol", "hold"],
  ["Hold", "hold"],
  ["max-pending", "max_pending"],
  ["maxpending", "max_pending"],
  ["fromat", "format"],
  ["lvl", "level"],
  ["enable", "enabled"],
];
for (const [typed, meant] of near) {
  test(`"${typed}" suggests "${meant}"`, () => assert.equal(suggest(typed, keys), meant));
}

for (const typed of ["", "x", "elasticsearch", "colour"]) {
  test(`"${typed}" suggests nothing`, () => assert.equal(suggest(typed, keys), undefined));
}

test("one slip in a word of four letters or more suggests that word", () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[a-z]{4,12}$/), fc.nat(), (word, at) => {
      const index = at % word.length;
      assert.equal(suggest(word.slice(0, index) + word.slice(index + 1), [word]), word, "a letter left out");
      assert.equal(suggest(`${word.slice(0, index)}_${word.slice(index)}`, [word]), word, "a letter too many");
    }),
  );
});

test("a very long word costs nothing", () => {
  assert.equal(suggest("x".repeat(1_000_000), keys), undefined);
});
