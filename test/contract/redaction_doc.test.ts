import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { DEFAULT_RULES } from "../../src/filter/default_rules.ts";
import { parseRules } from "../../src/filter/parse_rules.ts";

const text = readFileSync(fileURLToPath(new URL("../../../docs/redaction.md", import.meta.url)), "utf8");

test("the example in docs/redaction.md is a list of rules", () => {
  const example = /```yaml\n(.*?)```/s.exec(text)?.[1] ?? "";
  const { redact } = parse(example) as { redact: unknown[] };
  const parsed = parseRules(redact);
  assert.ok("rules" in parsed, JSON.stringify(parsed));
  assert.equal(parsed.rules.length, DEFAULT_RULES.length - 1 + 2);
});

test("docs/redaction.md names every default rule and no other", () => {
  const rows = text.split("\n").filter((line) => line.startsWith("| `default-"));
  const names = rows.flatMap((row) => [...(row.split("|")[1] ?? "").matchAll(/`(?:default)?(-[\w-]+)`/g)]);
  assert.deepEqual(
    names.map(([, name]) => `default${name}`),
    DEFAULT_RULES.map(({ name }) => name),
  );
});
