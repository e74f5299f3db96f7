import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { type ValidateArgs, validate } from "../../src/cli/commands/validate.ts";

const folder = mkdtempSync(join(tmpdir(), "mayfly-validate-"));
const file = join(folder, "mayfly.yml");
const none = join(folder, "none.yml");
after(() => rmSync(folder, { recursive: true }));

async function run(args: Partial<ValidateArgs>, isTTY = false) {
  let out = "";
  let err = "";
  const code = await validate({
    file: undefined,
    env: {},
    fallback: none,
    stdout: { write: (text) => (out += text), isTTY },
    stderr: { write: (text) => (err += text), isTTY },
    ...args,
  });
  return { code, out, err };
}

test("a file without problems is valid", async () => {
  writeFileSync(file, "log:\n  level: debug\n");
  assert.deepEqual(await run({ file }), { code: 0, out: `${file}: valid\n`, err: "" });
});

test("the default file is checked when none is named", async () => {
  writeFileSync(file, "log:\n  level: debug\n");
  assert.deepEqual(await run({ fallback: file }), { code: 0, out: `${file}: valid\n`, err: "" });
});

test("without any file it says where it looked", async () => {
  const { code, out } = await run({});
  assert.equal(code, 0);
  assert.equal(out, `no configuration file (looked for ${none}): the defaults hold\n`);
});

test("every problem is a line, with their number at the end, and the exit code is 78", async () => {
  writeFileSync(file, "log:\n  level: debgu\n  x: 1\n");
  const { code, out, err } = await run({ file });
  assert.equal(code, 78);
  assert.equal(out, "");
  assert.deepEqual(err.split("\n"), [
    `${file}:2:10: log.level: must be trace, debug, info, warn or error, not "debgu": did you mean "debug"?`,
    `${file}:3:3: unknown key "log.x": the keys of log are level, format`,
    `${file}: 2 problems`,
    "",
  ]);
});

test("a file that cannot be read is one sentence and exit code 78", async () => {
  const { code, err } = await run({ file: none });
  assert.equal(code, 78);
  assert.equal(err, `cannot read the configuration ${none}: there is no such file; give another with --config\n`);
});

test("colours are used on a terminal only, and not with NO_COLOR", async () => {
  writeFileSync(file, "x: 1\n");
  assert.ok((await run({ file }, true)).err.includes("\u001b[1m"));
  assert.ok(!(await run({ file }, false)).err.includes("\u001b"));
  assert.ok(!(await run({ file, env: { NO_COLOR: "1" } }, true)).err.includes("\u001b"));
});
