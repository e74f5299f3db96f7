import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { quoted, quotedList } from "../../ecs/json.ts";

const anything = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.array(fc.nat(0xffff)).map((codes) => String.fromCharCode(...codes)),
);

test("a quoted string parses to itself, lone surrogates to U+FFFD", () => {
  fc.assert(fc.property(anything, (text) => assert.equal(JSON.parse(quoted(text)), Buffer.from(text).toString())));
});

test("every single code unit is safe to write", () => {
  for (let code = 0; code <= 0xffff; code++) {
    const character = String.fromCharCode(code);
    const expected = code >= 0xd800 && code <= 0xdfff ? "\ufffd" : character;
    assert.equal(JSON.parse(quoted(`a${character}b`)), `a${expected}b`);
  }
});

test("control characters, C1, line separators and changes of direction are written as escapes", () => {
  assert.equal(quoted("\x1b[31m"), '"\\u001b[31m"');
  assert.equal(quoted("\x7f\x80\x9b\x9f"), '"\\u007f\\u0080\\u009b\\u009f"');
  assert.equal(
    quoted("a\u2028b\u2029c\u202ed\u2066e\u061cf\u200fg"),
    '"a\\u2028b\\u2029c\\u202ed\\u2066e\\u061cf\\u200fg"',
  );
});

test("ordinary text in any script stays as it is", () => {
  for (const text of ["/usr/bin/python3.12", "größe", "日本語", "😀", "a\u00a0b"])
    assert.equal(quoted(text), `"${text}"`);
});

test("a list keeps its empty strings", () => {
  assert.equal(quotedList(["a", "", 'b"']), '["a","","b\\""]');
  assert.equal(quotedList([]), "[]");
});
