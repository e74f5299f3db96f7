import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { load, type Override } from "../../config/load.ts";
import { ConfigInvalid, type Problem } from "../../config/problem.ts";
import { MayflyError } from "../../src/errors.ts";

export const folder = mkdtempSync(join(tmpdir(), "mayfly-config-"));
/** What `read` writes. */
export const file = join(folder, "mayfly.yml");
after(() => rmSync(folder, { recursive: true }));

export type Env = Record<string, string>;

export function read(text: string | Uint8Array, env: Env = {}, overrides: readonly Override[] = []) {
  writeFileSync(file, text);
  return load(file, env, overrides);
}

export function problems(text: string | Uint8Array, env: Env = {}): readonly Problem[] {
  try {
    read(text, env);
  } catch (error) {
    assert.ok(error instanceof ConfigInvalid, String(error));
    return error.problems;
  }
  return [];
}

/** The problems as `line:column message`. */
export function told(text: string | Uint8Array, env: Env = {}): string[] {
  return problems(text, env).map(({ line, column, message }) => `${line}:${column} ${message}`);
}

export function fault(run: () => unknown): MayflyError {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof MayflyError, String(error));
    return error;
  }
  assert.fail("nothing was thrown");
}
