import assert from "node:assert/strict";
import { accessSync, closeSync, constants, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { CHECKOUT, MAYFLY } from "../harness/checkout.ts";
import { command, type Ended, mayfly } from "../harness/command.ts";
import { until } from "../harness/deadline.ts";
import { live } from "../harness/live.ts";

/* What goes wrong on real machines: each ends with its own exit code and one sentence that says what to do. */

describe("on a bad day", live, () => {
  let folder: string;
  let config: string;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), "mayfly-bad-day-"));
    config = write("mayfly.yml", `state: {path: ${JSON.stringify(join(folder, "state"))}}\n`);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  function write(name: string, text: string): string {
    const file = join(folder, name);
    writeFileSync(file, text);
    return file;
  }

  test("a reader that goes away (EPIPE) ends it quietly with 0", async () => {
    const ended = await mayfly(["run", "--format", "ndjson", "--config", config], {
      meanwhile: async (child) => {
        await until(() => child.stdout?.readableFlowing === true && child.stdout.readableDidRead, 15_000, "read");
        child.stdout?.destroy();
        while (child.exitCode === null && child.signalCode === null) await command("/bin/true", []);
      },
    });
    assert.equal(ended.code, 0, ended.stderr);
    assert.doesNotMatch(ended.stderr, /EPIPE|error/i);
  });

  test("a full disk under stdout ends it with 73 and says so", async () => {
    const full = openSync("/dev/full", "w");
    try {
      const ended = await mayfly(["run", "--format", "ndjson", "--config", config], {
        spawn: { stdio: ["ignore", full, "pipe"] },
      });
      assertFault(ended, 73, /no space|full/i);
    } finally {
      closeSync(full);
    }
  });

  test("a full disk under an output file ends it with 73 and names the file", async () => {
    const own = write("full.yml", `state: {path: ${join(folder, "state")}}\noutput: {file: {path: /dev/full}}\n`);
    assertFault(await mayfly(["run", "--config", own]), 73, /\/dev\/full/);
  });

  test("an output file in a folder that is not there ends it with 73 and names the file", async () => {
    const own = write(
      "nowhere.yml",
      `state: {path: ${join(folder, "state")}}\noutput: {file: {path: /nowhere/a.ndjson}}\n`,
    );
    assertFault(await mayfly(["run", "--config", own]), 73, /\/nowhere/);
  });

  test("root without capabilities ends with 77 and hears what is missing", async () => {
    const ended = await command("setpriv", [
      "--bounding-set",
      "-all",
      "--inh-caps",
      "-all",
      process.execPath,
      MAYFLY,
      "run",
      "--config",
      config,
    ]);
    assertFault(ended, 77, /root|CAP_|permission|capabilit/i);
  });

  test("a user who is not root ends with 77 and hears what to do", unlessUnreadable(), async () => {
    const ended = await command("setpriv", [
      "--reuid",
      "65534",
      "--regid",
      "65534",
      "--clear-groups",
      process.execPath,
      MAYFLY,
      "run",
    ]);
    assertFault(ended, 77, /root|sudo|CAP_/i);
    const doctor = await command("setpriv", [
      "--reuid",
      "65534",
      "--regid",
      "65534",
      "--clear-groups",
      process.execPath,
      MAYFLY,
      "doctor",
    ]);
    assert.notEqual(doctor.code, 0, "doctor says so as well");
  });

  const usage: readonly (readonly [string, readonly string[], RegExp])[] = [
    ["an unknown option", ["run", "--fromat", "ndjson"], /fromat/],
    ["an unknown command", ["rnu"], /rnu/],
    ["an unknown format", ["run", "--format", "xml"], /xml/],
    ["an unknown profile", ["run", "--profile", "auditd"], /auditd/],
    ["a time that is none", ["run", "--for", "soon"], /soon/],
    ["an option without its value", ["run", "--for"], /--for/],
    ["replay without a file", ["replay"], /FILE|file|recording/],
  ];
  for (const [what, args, message] of usage) {
    test(`${what} ends with 64`, async () => {
      assertFault(await mayfly(args), 64, message);
    });
  }

  const broken: readonly (readonly [string, string, RegExp])[] = [
    ["an unknown key, with a suggestion", "documents:\n  profil: elastic\n", /profil\b[\s\S]*profile/],
    ["a value of the wrong type, with its line", "\n\naggregation:\n  hold: [1s]\n", /\b4\b/],
    ["no YAML at all, with its line", "documents: {profile: elastic\n", /\b[12]\b/],
    ["a variable that is not set", "state:\n  path: $" + "{MAYFLY_TEST_NOT_SET}\n", /MAYFLY_TEST_NOT_SET/],
  ];
  for (const [what, text, message] of broken) {
    test(`a config with ${what} ends with 78`, async () => {
      const file = write("broken.yml", text);
      for (const args of [
        ["run", "--config", file, "--for", "1s"],
        ["validate", "--config", file],
      ]) {
        const ended = await mayfly(args);
        assert.ok(ended.stderr.includes("broken.yml") || ended.stdout.includes("broken.yml"), "names the file");
        assertFault({ ...ended, stderr: ended.stderr + ended.stdout }, 78, message);
      }
    });
  }

  test("a config that is not there ends with 78 and names it", async () => {
    assertFault(await mayfly(["run", "--config", join(folder, "absent.yml")]), 78, /absent\.yml/);
  });

  test("a state folder that cannot be made is said, and does not keep mayfly from watching", async () => {
    const own = write("state.yml", `state: {path: ${join(config, "no-folder")}}\n`);
    const ended = await mayfly(["run", "--config", own, "--for", "1s"]);
    assert.equal(ended.code, 0, ended.stderr);
    assert.match(ended.stderr, /mayfly\.yml\/no-folder/);
    assert.notEqual(ended.stdout, "", "documents come all the same");
  });
});

/** A fault is an exit code and a sentence, never a stack. */
function assertFault(ended: Ended, code: number, message: RegExp): void {
  assert.equal(ended.code, code, ended.stderr);
  assert.match(ended.stderr, message);
  assert.doesNotMatch(ended.stderr, /^\s+at .*\(.*:\d+:\d+\)/m, "no stack");
}

/** In a checkout below a folder of root's that is closed to others, they cannot even read the program. */
function unlessUnreadable(): { skip: string | false } {
  try {
    for (let path = CHECKOUT; path !== "/"; path = join(path, "..")) accessSync(path, constants.X_OK);
  } catch {
    return { skip: `${CHECKOUT} cannot be reached by others` };
  }
  return { skip: false };
}
