import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { MAYFLY } from "../harness/checkout.ts";
import { command, type Ended, mayfly } from "../harness/command.ts";
import { live } from "../harness/live.ts";

/* `mayfly doctor` says before `mayfly run` does whether it would work, and both say the same. */

/** What it looks at, in its order. */
const NAMES = [
  ...["kernel", "BTF", "capabilities", "lockdown", "host.id"],
  ...["configuration", "state folder", "hooks", "start-up scan"],
];

/** What it says of fields on every kernel; some kernels have more to say. */
const FIELDS = ["most fields", "paths", "CPU times", "changed ids", "found processes"];

interface Finding {
  readonly mark: string;
  readonly text: string;
  /** What to do about it; empty when there is nothing to do. */
  readonly remedy: string;
}

/** Its lines by name: a mark, a name, what was found, and below that, indented, what to do. */
function findingsOf({ stdout }: Ended): ReadonlyMap<string, Finding> {
  const findings = new Map<string, Finding>();
  let last = "";
  for (const line of stdout.split("\n")) {
    const mark = line.slice(0, 5).trim();
    if (["ok", "note", "BAD"].includes(mark)) {
      last = line.slice(5, 21).trim();
      findings.set(last, { mark, text: line.slice(21), remedy: "" });
    } else if (line.startsWith(" ".repeat(21))) {
      const found = findings.get(last) ?? { mark: "", text: "", remedy: "" };
      findings.set(last, { ...found, remedy: line.trim() });
    }
  }
  return findings;
}

/** The program in namespaces of its own, where `prepare` has changed what it sees. */
function apart(flags: readonly string[], prepare: string, args: readonly string[]): Promise<Ended> {
  const script = `${prepare}; exec "$@"`;
  return command("unshare", [...flags, "sh", "-ec", script, "sh", process.execPath, MAYFLY, ...args]);
}

/** A fault of `run`: its exit code and a sentence, nothing on stdout, no stack. */
function assertRefused(ended: Ended, code: number, sentence: RegExp): void {
  assert.equal(ended.code, code, ended.stderr);
  assert.match(ended.stderr, sentence);
  assertNoStack(ended);
  assert.equal(ended.stdout, "");
}

function assertNoStack({ stdout, stderr }: Ended): void {
  assert.doesNotMatch(stdout + stderr, /^\s+at .*:\d+:\d+\)?$/m, "no stack");
}

describe("doctor", live, () => {
  const folder = mkdtempSync(join(tmpdir(), "mayfly-doctor-"));
  const state = join(folder, "state");
  let config: string;
  const doctor = (): string[] => ["doctor", "--config", config];
  const run = (): string[] => ["run", "--config", config, "--format", "ndjson", "--for", "1s"];

  before(() => {
    config = write("mayfly.yml", `state: {path: ${JSON.stringify(state)}}\n`);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  function write(name: string, text: string): string {
    const file = join(folder, name);
    writeFileSync(file, text);
    return file;
  }

  test("looks at everything that run needs, says so line by line, and ends with 0 where run would work", async () => {
    const ended = await mayfly(doctor());
    assert.equal(ended.code, 0, ended.stdout);
    assert.equal(ended.stderr, "");
    const findings = findingsOf(ended);
    assert.deepEqual([...findings.keys()].slice(0, NAMES.length), NAMES);
    for (const [name, { mark, text }] of findings) {
      assert.match(mark, /^(ok|note)$/, name);
      assert.notEqual(text, "", name);
    }
    assert.equal(findings.get("configuration")?.text, config);
    assert.equal(findings.get("state folder")?.text, state);
    assert.match(findings.get("hooks")?.text ?? "", /sched_process_fork.*sched_process_exec.*sched_process_exit/);
    assert.match(ended.stdout, /^mayfly \d+\.\d+\.\d+, node v.*\n/);
    assert.match(ended.stdout, /\nmayfly can run here\.\n$/);
    assert.ok(existsSync(state), "the state folder is made, for run to find");
    assert.equal((await mayfly(run())).code, 0, "and run works");
  });

  test("tells which fields are exact on this kernel, which come by another way and which cannot be known", async () => {
    const findings = findingsOf(await mayfly(doctor()));
    const fields = [...findings].slice(NAMES.length);
    const names = fields.map(([name]) => name);
    assert.deepEqual(
      FIELDS.filter((name) => !names.includes(name)),
      [],
    );
    for (const [name, { mark, text }] of fields)
      assert.match(`${mark} ${text}`, /^(ok exact|note another way|note not known): /, name);
    assert.equal(findings.get("most fields")?.mark, "ok");
    assert.match(findings.get("changed ids")?.text ?? "", /^not known: /);
  });

  test("tells another user, with 77, what to run it as", async (t) => {
    const nobody = ["--reuid", "65534", "--regid", "65534", "--clear-groups"];
    const readable = await command("setpriv", [...nobody, process.execPath, MAYFLY, "version"]).catch(() => undefined);
    if (readable?.code !== 0) {
      t.skip("other users cannot read this checkout, or its Node");
      return;
    }
    const ended = await command("setpriv", [...nobody, process.execPath, MAYFLY, "doctor"]);
    assert.equal(ended.code, 77, ended.stdout);
    const findings = findingsOf(ended);
    assert.equal(findings.get("capabilities")?.mark, "BAD");
    assert.match(findings.get("capabilities")?.text ?? "", /CAP_BPF/);
    assert.match(findings.get("capabilities")?.remedy ?? "", /as root/);
    assert.equal(findings.get("hooks")?.mark, "BAD");
    assert.match(ended.stdout, /\nmayfly cannot run here yet\.\n$/);
    assertNoStack(ended);
  });

  test("tells root without capabilities, with 77, which are missing", async () => {
    const none = ["--bounding-set", "-all", "--inh-caps", "-all"];
    const ended = await command("setpriv", [...none, process.execPath, MAYFLY, ...doctor()]);
    assert.equal(ended.code, 77, ended.stdout);
    const found = findingsOf(ended).get("capabilities");
    assert.equal(found?.mark, "BAD");
    assert.match(found?.text ?? "", /missing CAP_BPF, CAP_PERFMON/);
    assertNoStack(ended);
  });

  test("ends with 78 for a broken configuration, names the place, and still looks at the machine", async () => {
    const broken = write("broken.yml", "documents:\n  profil: elastic\n");
    const ended = await mayfly(["doctor", "--config", broken]);
    assert.equal(ended.code, 78, ended.stdout);
    const findings = findingsOf(ended);
    assert.equal(findings.get("configuration")?.mark, "BAD");
    assert.match(ended.stdout, /broken\.yml[\s\S]*profil\b/);
    assert.equal(findings.get("BTF")?.mark, "ok");
    assertNoStack(ended);
  });

  test("ends with 78 for a configuration that is not there", async () => {
    const ended = await mayfly(["doctor", "--config", join(folder, "absent.yml")]);
    assert.equal(ended.code, 78, ended.stdout);
    assert.match(ended.stdout, /BAD {2}configuration.*absent\.yml/);
    assertNoStack(ended);
  });

  test("notes a state folder that cannot be made: run works without", async () => {
    const own = write("state.yml", `state: {path: ${join(config, "below-a-file")}}\n`);
    const ended = await mayfly(["doctor", "--config", own]);
    assert.equal(ended.code, 0, ended.stdout);
    const found = findingsOf(ended).get("state folder");
    assert.equal(found?.mark, "note");
    assert.match(found?.remedy ?? "", /state\.path/);
  });

  describe("without BTF", () => {
    const hide = "mount -t tmpfs none /sys/kernel/btf";
    const sentence = /no type information.*CONFIG_DEBUG_INFO_BTF=y/;

    test("says what kernel to use and ends with 77", async () => {
      const ended = await apart(["-m"], hide, doctor());
      assert.equal(ended.code, 77, ended.stdout + ended.stderr);
      const findings = findingsOf(ended);
      assert.equal(findings.get("BTF")?.mark, "BAD");
      assert.match(findings.get("BTF")?.remedy ?? "", /CONFIG_DEBUG_INFO_BTF=y/);
      assert.equal(findings.get("hooks")?.mark, "BAD");
      assert.match(findings.get("hooks")?.text ?? "", sentence);
      assertNoStack(ended);
    });

    test("run refuses with the same sentence", async () => {
      assertRefused(await apart(["-m"], hide, run()), 77, sentence);
    });
  });

  test("and run need neither tracefs nor debugfs", async () => {
    const none = "for at in /sys/kernel/tracing /sys/kernel/debug; do umount -R $at 2>/dev/null || true; done";
    const check = `${none}; ! grep -qE ' (tracefs|debugfs) ' /proc/self/mounts`;
    const ended = await apart(["-m"], check, doctor());
    assert.equal(ended.code, 0, ended.stdout + ended.stderr);
    const watched = await apart(["-m"], check, run());
    assert.equal(watched.code, 0, watched.stderr);
    assert.notEqual(watched.stdout, "", "documents come");
  });

  describe("in a pid namespace of its own", () => {
    const flags = ["-pf", "--mount-proc", "--kill-child"];
    const sentence = /The kernel knows this process as pid \d+ .*\/proc as pid \d+ .*--pid=host.*hostPID: true/;

    test("says how to share the host's and ends with 77", async () => {
      const ended = await apart(flags, ":", doctor());
      assert.equal(ended.code, 77, ended.stdout + ended.stderr);
      assert.equal(findingsOf(ended).get("hooks")?.mark, "BAD");
      assert.match(findingsOf(ended).get("hooks")?.text ?? "", sentence);
      assertNoStack(ended);
    });

    test("run refuses with the same sentence", async () => {
      assertRefused(await apart(flags, ":", run()), 77, sentence);
    });
  });
});
