import assert from "node:assert/strict";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { nameIn } from "../harness/accounts.ts";
import { programPath } from "../harness/checkout.ts";
import { Collector } from "../harness/collector.ts";
import { command } from "../harness/command.ts";
import type { Document } from "../harness/document.ts";
import { hasShortLives, live } from "../harness/live.ts";
import { sha256 } from "../harness/sha256.ts";

/* What stands around a process, by processes that live a few milliseconds: names, groups, hash, package, title. */

interface Named {
  readonly id?: string;
  readonly name?: string;
}

/** As documents have it; `Document` names what most tests read. */
interface Whole extends Document {
  readonly user?: Named & { readonly effective?: Named; readonly Ext?: { readonly real?: Named } };
  readonly process?: Document["process"] & {
    readonly title?: string;
    readonly supplemental_groups?: readonly Named[];
    readonly real_user?: Named;
    readonly saved_user?: Named;
  };
  readonly mayfly?: Document["mayfly"] & {
    readonly executable?: {
      readonly package?: { readonly name?: string; readonly version?: string; readonly type?: string };
    };
    readonly script?: { readonly path?: string; readonly hash?: { readonly sha256?: string } };
  };
}

const SHORT_NS = 5_000_000;
const PASSWD = "/etc/passwd";

describe("a process of a few milliseconds", live, () => {
  const folder = mkdtempSync(join(tmpdir(), "mayfly-looked-up-"));
  const tiny = join(folder, "tiny");
  const script = join(folder, "job.sh");
  let collector: Collector;
  let documents: readonly Whole[] = [];

  before(async () => {
    chmodSync(folder, 0o755);
    copyFileSync(programPath("tiny"), tiny);
    writeFileSync(script, "#!/bin/sh\nexit 0\n", { mode: 0o755 });
    symlinkSync("/bin/true", join(folder, "another-name"));
    // Whether all of it is quick is another test's.
    collector = await Collector.start({ hold: "1s", config: "enrichment: {deadline: 10s}" });
    await run("/bin/true", ["warm-up"]);
    await run("setpriv", ["--reuid", "0", "--groups", "4,27,4000000000", tiny, "groups"]);
    for (let times = 0; times < 20; times++) await run(tiny, ["own"]);
    await run("/bin/true", ["packaged"]);
    await run(script, ["scripted"]);
    await run(join(folder, "another-name"), ["titled"]);
    await command(programPath("new_title"), ["renames itself"]);
    documents = await collector.stop();
  });
  after(async () => {
    await collector.kill();
    rmSync(folder, { recursive: true });
  });

  /** The documents of an exec of the process whose last argument is this. */
  function of(last: string): readonly Whole[] {
    const own = documents.filter(
      ({ process: one, mayfly }) => one?.args?.at(-1) === last && mayfly?.transitions?.includes("exec") === true,
    );
    assert.ok(own.length > 0, `no document of ${last}`);
    return own;
  }

  test("has the names of its users, and the effective and real one beside each other", () => {
    const [document] = of("packaged");
    const root = { id: "0", name: nameIn(PASSWD, "0") };
    assert.deepEqual(document?.user, { ...root, effective: root, Ext: { real: root } });
    assert.deepEqual([document?.process?.real_user, document?.process?.saved_user], [root, root]);
    assert.deepEqual(document?.related?.user, [root.name]);
  });

  test("has its supplementary groups, with a name where there is one", () => {
    const groups = of("groups").at(-1)?.process?.supplemental_groups;
    const expected = [4, 27, 4_000_000_000].map((id) => {
      const name = nameIn("/etc/group", String(id));
      return name === undefined ? { id: String(id) } : { id: String(id), name };
    });
    assert.deepEqual(groups, expected);
  });

  test("has the hash of the file that ran, mostly shorter than 5 ms", (t) => {
    const own = of("own");
    const short = own.filter(({ event }) => (event?.duration ?? Number.POSITIVE_INFINITY) < SHORT_NS);
    t.diagnostic(`${short.length} of ${own.length} lives were shorter than 5 ms`);
    assert.ok(short.length > 0 || !hasShortLives);
    const hashed = own.filter(({ process: one }) => one?.hash !== undefined);
    // A busy machine may not come to the first ones in time, and says so.
    for (const document of own.filter((one) => !hashed.includes(one)))
      assert.ok(document.mayfly?.quality?.includes("hash_pending"), JSON.stringify(document.mayfly));
    assert.ok(hashed.length >= own.length / 2, `${hashed.length} of ${own.length} have a hash`);
    assert.deepEqual([...new Set(hashed.map(({ process: one }) => one?.hash?.sha256))], [sha256(tiny)]);
  });

  test("has the hash of the script that its interpreter ran", () => {
    const [document] = of("scripted");
    assert.deepEqual(document?.mayfly?.script, { path: script, hash: { sha256: sha256(script) } });
  });

  test("has the package that the executable belongs to", {
    skip: !existsSync("/var/lib/dpkg/status") && "no dpkg here",
  }, () => {
    const owner = of("packaged").at(-1)?.mayfly?.executable?.package;
    assert.deepEqual([owner?.name, owner?.type], ["coreutils", "deb"]);
    assert.match(
      readFileSync("/var/lib/dpkg/status", "utf8"),
      new RegExp(`^Version: ${escaped(owner?.version ?? "")}$`, "m"),
    );
    assert.equal(of("own")[0]?.mayfly?.executable, undefined, "what no package brought has none");
  });

  test("has the name that it goes by as title, where its program has another", () => {
    assert.equal(of("titled")[0]?.process?.title, "another-name");
    assert.equal(of("packaged")[0]?.process?.title, undefined);
    assert.equal(of("scripted")[0]?.process?.title, "job.sh");
    const [renamed] = of("renames itself").filter(({ mayfly }) => mayfly?.transitions?.includes("end"));
    assert.equal(renamed?.process?.title, "renamed");
  });
});

async function run(file: string, args: readonly string[]): Promise<void> {
  const { code, stderr } = await command(file, args);
  assert.equal(code, 0, stderr);
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
