import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { AccountLines, type Database } from "../../src/enrich/names/account_lines.ts";

function read(text: string | Buffer, database: Database = "passwd", budget = 1 << 30) {
  const found: [number, string][] = [];
  const lines = new AccountLines(Buffer.from(text), database, (id, name) => found.push([id, name]));
  while (lines.read(budget));
  return { found, junk: lines.junk };
}

test("users are read, comments and NIS entries are passed over", () => {
  const text =
    "# a comment\n\nroot:x:0:0:root:/root:/bin/bash\n+::::::\n-mallory::::::\n  bob:x:1000:1000::/home/bob:/bin/sh";
  assert.deepEqual(read(text), {
    found: [
      [0, "root"],
      [1000, "bob"],
    ],
    junk: 0,
  });
});

test("a line that is no account is junk, and the lines beside it are read", () => {
  const junk = [
    "no colons",
    ":x:1:1::/:",
    "a:x::1::/:",
    "a:x:-1:1::/:",
    "a:x:12z:1::/:",
    "a:x:1.5:1::/:",
    "a:x:1",
    "a:x:1::",
    "a:x:4294967296:1::/:",
    "a:x:99999999999999999999:1::/:",
    "a\tb:x:1:1::/:",
    "a\0b:x:1:1::/:",
    `${"n".repeat(257)}:x:1:1::/:`,
    "\u001b[31mred:x:1:1::/:",
  ];
  for (const line of junk)
    assert.deepEqual(
      read(`root:x:0:0::/:\n${line}\nbob:x:5:5::/:\n`),
      {
        found: [
          [0, "root"],
          [5, "bob"],
        ],
        junk: 1,
      },
      line,
    );
});

test("ids go up to 4,294,967,295", () => {
  assert.deepEqual(read("big:x:4294967295:4294967295::/:\nbillion:x:4000000000:0::/:").found, [
    [4_294_967_295, "big"],
    [4_000_000_000, "billion"],
  ]);
});

test("a group needs no members", () => {
  assert.deepEqual(read("wheel:x:10:\nadm:x:4:bob,eve\nbare:x:5\n", "group"), {
    found: [
      [10, "wheel"],
      [4, "adm"],
      [5, "bare"],
    ],
    junk: 0,
  });
});

test("a name that is no UTF-8 shows it", () => {
  assert.deepEqual(read(Buffer.from("j\xf6rg:x:7:7::/:\n", "latin1")).found, [[7, "j\ufffdrg"]]);
});

test("slices of any size read the same", () => {
  const line = fc.oneof(
    fc.string({ maxLength: 30 }).filter((text) => !text.includes("\n")),
    fc.nat().map((id) => `user${id}:x:${id}:0::/:`),
  );
  fc.assert(
    fc.property(fc.array(line, { maxLength: 40 }), fc.integer({ min: 1, max: 200 }), (lines, budget) => {
      assert.deepEqual(read(lines.join("\n"), "passwd", budget), read(lines.join("\n")));
    }),
  );
});
