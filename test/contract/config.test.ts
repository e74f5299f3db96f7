import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { z } from "zod";
import { editorSchema } from "../../config/editor.ts";
import { valueKeys } from "../../config/keys.ts";
import { load } from "../../config/load.ts";

/** The checkout's top folder, three levels above dist/test/contract. */
const checkout = fileURLToPath(new URL("../../../", import.meta.url));
const annotated = resolve(checkout, "config/mayfly.yml");
const annotatedText = readFileSync(annotated, "utf8");

test("config/mayfly.yml is the defaults", () => {
  assert.deepEqual(load(annotated, {}), load(undefined, {}));
});

test("config/mayfly.yml holds every key there is, in the schema's order", () => {
  assert.deepEqual([...leaves(parse(annotatedText), "")], valueKeys);
});

test("every key in config/mayfly.yml has a comment above it", () => {
  const lines = annotatedText.split("\n");
  const indent = (line = ""): number => line.length - line.trimStart().length;
  // `documents` is a section and also a key in another one.
  const isSection = (index: number): boolean => indent(lines[index + 1]) > indent(lines[index]);
  for (const key of valueKeys) {
    const name = key.slice(key.lastIndexOf(".") + 1);
    const at = lines.flatMap((line, index) =>
      line.trimStart().startsWith(`${name}:`) && !isSection(index) ? [index] : [],
    );
    assert.ok(at.length > 0, `${key} is missing`);
    for (const index of at) assert.match(lines[index - 1] ?? "", /^\s*# /, `${key} (line ${index + 1}) has no comment`);
  }
});

test("config/mayfly.schema.json is what the schema generates (node scripts/config-schema.mjs writes it)", () => {
  // By value: how the file is laid out is the formatter's.
  const written: unknown = JSON.parse(readFileSync(resolve(checkout, "config/mayfly.schema.json"), "utf8"));
  assert.deepEqual(written, JSON.parse(JSON.stringify(editorSchema())));
});

test("config/mayfly.yml names the JSON schema to editors by a path that exists", () => {
  const named = /^# yaml-language-server: \$schema=(\S+)$/m.exec(annotatedText)?.[1];
  assert.ok(named !== undefined && existsSync(resolve(dirname(annotated), named)), `it names ${named}`);
});

test("the JSON schema takes config/mayfly.yml and variables, and refuses what mayfly refuses", () => {
  const editor = z.fromJSONSchema(editorSchema());
  assert.ok(editor.safeParse(parse(annotatedText)).success);
  const taken = [
    {},
    { log: null },
    { processes: { kernel_threads: "${KERNEL_THREADS:true}" } },
    { aggregation: { hold: "250ms" } },
  ];
  for (const value of taken) assert.ok(editor.safeParse(value).success, JSON.stringify(value));
  const refused = [
    { lgo: {} },
    { log: { level: "loud" } },
    { aggregation: { hold: 1 } },
    { aggregation: { hold: "1 fortnight" } },
    { aggregation: { max_pending: 1 } },
    { processes: { args: { max_bytes: "128kb" } } },
  ];
  for (const value of refused) assert.ok(!editor.safeParse(value).success, JSON.stringify(value));
});

test("the JSON schema describes every key, with its default where it has a fixed one", () => {
  for (const key of valueKeys) {
    let at = editorSchema() as Described;
    for (const name of key.split(".")) at = at.properties?.[name] as Described;
    assert.match(at.description ?? "", /Default \S+/, `${key} does not say its default`);
    // Of an empty list the text says what it means.
    if (Array.isArray(at.default) && at.default.length === 0) continue;
    const words = Array.isArray(at.default) ? at.default.join(", ") : String(at.default);
    if (at.default !== undefined) assert.ok(at.description?.includes(`Default ${words}.`), key);
  }
});

test("docs/configuration.md has every key in its table", () => {
  const page = readFileSync(resolve(checkout, "docs/configuration.md"), "utf8");
  for (const key of valueKeys) assert.ok(page.includes(`| \`${key}\` |`), `${key} is missing`);
  const rows = [...page.matchAll(/^\| `([a-z_]+(?:\.[a-z_]+)*)` \|/gm)].map((row) => row[1]);
  assert.deepEqual(rows, valueKeys, "the table has the keys in the schema's order, and no others");
});

interface Described {
  readonly description?: string;
  readonly default?: string | number | boolean | readonly unknown[];
  readonly properties?: Readonly<Record<string, unknown>>;
}

function* leaves(value: unknown, path: string): Generator<string> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) yield path;
  else for (const [key, child] of Object.entries(value)) yield* leaves(child, path === "" ? key : `${path}.${key}`);
}
