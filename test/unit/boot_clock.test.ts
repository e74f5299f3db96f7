import assert from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { fixBootOffset, makeFolder } from "../../src/source/boot_clock.ts";
import type { BootOffset } from "../../src/source/clock.ts";
import { command } from "../harness/command.ts";

const top = mkdtempSync(join(tmpdir(), "mayfly-boot-clock-"));
after(() => rmSync(top, { recursive: true, force: true }));

const BOOT = "00000000-0000-4000-8000-000000000000";
const first: BootOffset = { seconds: 1_700_000_000, nanos: 999_999_999 };
const later: BootOffset = { seconds: 1_700_000_001, nanos: 0 };
let folders = 0;

/** The path of a state folder that is not there yet. */
function newFolder(): string {
  return join(top, String(folders++));
}

function fileOf(folder: string): string {
  return join(folder, "boot-clock.json");
}

/** A state folder that holds this text. */
function folderWith(text: string): string {
  const folder = newFolder();
  mkdirSync(folder);
  writeFileSync(fileOf(folder), text);
  return folder;
}

const kept = (offset: BootOffset): { offset: BootOffset; warning: undefined } => ({ offset, warning: undefined });

describe("the offset that process.start is made with", () => {
  test("is that of the first start of a boot, for every start after it", () => {
    const folder = newFolder();
    assert.deepEqual(fixBootOffset(folder, BOOT, first), kept(first));
    assert.deepEqual(fixBootOffset(folder, BOOT, later), kept(first));
    assert.deepEqual(fixBootOffset(folder, BOOT, { seconds: 0, nanos: 0 }), kept(first));
  });

  test("is fixed anew on another boot, and the old one is forgotten", () => {
    const folder = newFolder();
    fixBootOffset(folder, BOOT, first);
    assert.deepEqual(fixBootOffset(folder, "another", later), kept(later));
    assert.deepEqual(fixBootOffset(folder, "another", first), kept(later));
    assert.deepEqual(fixBootOffset(folder, BOOT, first), kept(first));
  });

  test("may be before 1970, for a machine whose clock was never set", () => {
    const folder = newFolder();
    const early = { seconds: -61, nanos: 999_999_999 };
    fixBootOffset(folder, BOOT, early);
    assert.deepEqual(fixBootOffset(folder, BOOT, later), kept(early));
  });

  test("leaves one file behind, which is not for everybody", () => {
    const folder = newFolder();
    fixBootOffset(folder, BOOT, first);
    assert.deepEqual(readdirSync(folder), ["boot-clock.json"]);
    assert.equal(statSync(fileOf(folder)).mode & 0o007, 0);
    assert.equal(statSync(folder).mode & 0o007, 0);
  });

  for (const [what, text] of [
    ["empty", ""],
    ["cut off", '{"boot_id":"00000000-0000-4000-8000-0000'],
    ["no JSON", "\u0000\u0000\u0000"],
    ["null", "null"],
    ["a list", "[]"],
    ["without an offset", `{"boot_id":"${BOOT}"}`],
    ["of texts", `{"boot_id":"${BOOT}","seconds":"1","nanos":"2"}`],
    ["of fractions", `{"boot_id":"${BOOT}","seconds":1.5,"nanos":2}`],
    ["of another boot", '{"boot_id":"other","seconds":1,"nanos":2}'],
  ] as const)
    test(`is fixed anew when the file is ${what}`, () => {
      const folder = folderWith(text);
      assert.deepEqual(fixBootOffset(folder, BOOT, first), kept(first));
      assert.deepEqual(fixBootOffset(folder, BOOT, later), kept(first), "and kept from then on");
    });
});

describe("a state folder", () => {
  test("is made with those above it", () => {
    const folder = join(newFolder(), "var", "lib", "mayfly");
    assert.deepEqual(fixBootOffset(folder, BOOT, first), kept(first));
    assert.ok(existsSync(fileOf(folder)));
    makeFolder(folder); // there already: nothing to do
  });

  const file = join(top, "file");
  writeFileSync(file, "");
  for (const [what, folder, reason] of [
    ["below one that cannot hold any", "/proc/x/y", /ENOENT/],
    ["below a file", join(file, "state"), /ENOTDIR|EEXIST/],
    ["that is a file", file, /ENOTDIR/],
  ] as const)
    test(`${what} is a warning that says what it means, not a fault, and comes at once`, { timeout: 5000 }, () => {
      const { offset, warning } = fixBootOffset(folder, BOOT, first);
      assert.deepEqual(offset, first);
      assert.match(warning ?? "", /process\.start may differ.*state folder.*set state\.path/);
      assert.match(warning ?? "", reason);
    });
});

/** Fixes the offset of one folder a round, as near to the other process as a spinning clock brings them. */
const RACER = `
  const [module, top, id, from, rounds] = process.argv.slice(1);
  const { fixBootOffset } = await import(module);
  const got = [];
  for (let round = 0; round < Number(rounds); round++) {
    while (Date.now() < Number(from) + round * 3);
    got.push(fixBootOffset(top + "/" + round, ${JSON.stringify(BOOT)}, { seconds: Number(id), nanos: round }));
  }
  console.log(JSON.stringify(got));`;

test("two that start at once agree, and on what is kept", async () => {
  const rounds = 100;
  const folder = newFolder();
  mkdirSync(folder);
  const module = new URL("../../src/source/boot_clock.js", import.meta.url).href;
  const from = String(Date.now() + 500);
  const results = await Promise.all(
    ["1", "2"].map((id) =>
      command(process.execPath, ["--input-type=module", "-e", RACER, module, folder, id, from, String(rounds)]),
    ),
  );
  const [one, two] = results.map(({ stdout, stderr }) => {
    assert.equal(stderr, "");
    return JSON.parse(stdout) as { offset: BootOffset; warning?: string }[];
  });
  for (let round = 0; round < rounds; round++) {
    const text = readFileSync(fileOf(join(folder, String(round))), "utf8");
    const { seconds, nanos } = JSON.parse(text) as BootOffset;
    const written = { seconds, nanos };
    assert.deepEqual([one?.[round], two?.[round]], [{ offset: written }, { offset: written }], `round ${round}`);
  }
});
