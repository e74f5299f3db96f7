import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { substitute } from "../../config/substitute.ts";

const env = { HOLD: "2s", EMPTY: "", NESTED: "${HOLD}", _A1: "a" };

const cases: [string, string, string][] = [
  ["a variable is put in", "${HOLD}", "2s"],
  ["text stays around it", "a-${HOLD}-${_A1}", "a-2s-a"],
  ["a default is not used when the variable is set", "${HOLD:1s}", "2s"],
  ["a default stands for a missing variable", "${NOPE:1s}", "1s"],
  ["a default stands for an empty variable", "${EMPTY:1s}", "1s"],
  ["an empty variable without default is empty", "x${EMPTY}y", "xy"],
  ["a default may be empty", "x${NOPE:}y", "xy"],
  ["a default may hold colons and spaces", "${NOPE:a: b}", "a: b"],
  ["$${ stands for ${", "$${HOLD}", "${HOLD}"],
  ["a dollar before an escape stays", "$$${HOLD}", "$${HOLD}"],
  ["what was put in is not searched again", "${NESTED}", "${HOLD}"],
  ["a dollar alone is a dollar", "$HOLD $ {HOLD}", "$HOLD $ {HOLD}"],
];
for (const [name, text, expected] of cases) {
  test(name, () => assert.deepEqual(substitute(text, env), { text: expected, faults: [] }));
}

const faults: [string, string, RegExp][] = [
  ["a missing variable", "${NOPE}", /NOPE is not set: set it, or give a default, "\$\{NOPE:default\}"/],
  ["a name that is none", "${1X}", /not a reference/],
  ["a shell's ${NAME-x}", "${NAME-x}", /not a reference/],
  ["an empty reference", "${}", /not a reference/],
  ["one that is not closed", "${HOLD", /without its "}"/],
  ["a name from Object.prototype", "${constructor}", /constructor is not set/],
];
for (const [name, text, sentence] of faults) {
  test(`${name} is a fault`, () => {
    const [fault] = substitute(text, env).faults;
    assert.equal(fault?.reference, text);
    assert.match(fault?.message ?? "", sentence);
  });
}

test("text without ${ is never changed, and any value is put in whole", () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (text, value) => {
      const plain = text.replaceAll("${", "");
      assert.deepEqual(substitute(plain, env), { text: plain, faults: [] });
      assert.equal(substitute("<${V}>", { V: value }).text, `<${value}>`);
    }),
  );
});
