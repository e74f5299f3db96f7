import assert from "node:assert/strict";
import { chmodSync, copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { programPath } from "../harness/checkout.ts";
import { Collector } from "../harness/collector.ts";
import { command } from "../harness/command.ts";
import type { Document } from "../harness/document.ts";
import { hasShortLives, live } from "../harness/live.ts";

/* Variables of the environment, as real processes were given them. */

type Environment = Readonly<Record<string, string>>;

const TINY = programPath("tiny");
const SHORT_NS = 5_000_000;
const SHORT_LIVES = 30;
/** Longest that one variable may be, and enough of them for a mebibyte. */
const LONG = "x".repeat(100 * 1024);
const MEBIBYTE = Object.fromEntries(Array.from({ length: 11 }, (_, index) => [`FILLER_${index}`, LONG]));
const LIBRARY = "/tmp/not there/lib.so";

/** One collector and what ran under it; each process is known by its last argument. */
class Bench {
  readonly collector: Collector;
  readonly #mark = `env-${process.pid}-`;
  #documents: readonly Document[] = [];

  private constructor(collector: Collector) {
    this.collector = collector;
  }

  static async start(config?: string): Promise<Bench> {
    return new Bench(await Collector.start(config === undefined ? {} : { config }));
  }

  /** A program that ends at once, with exactly this environment. */
  async tiny(mark: string, env: Environment): Promise<void> {
    await this.run(TINY, [this.#mark + mark], env);
  }

  async run(file: string, args: readonly string[], env: Environment): Promise<void> {
    const ended = await command(file, args, { spawn: { env: { ...env } } });
    assert.equal(ended.code, 0, ended.stderr);
  }

  /** Words of a shell that start the same. */
  words(mark: string): string {
    return `${TINY} ${this.#mark}${mark}`;
  }

  async stop(): Promise<void> {
    this.#documents = await this.collector.stop();
  }

  /** All documents of the processes with that mark. */
  of(mark: string): readonly Document[] {
    const documents = this.#documents.filter(({ process: one }) => one?.args?.at(-1) === this.#mark + mark);
    assert.ok(documents.length > 0, `no document of ${mark}`);
    return documents;
  }

  variables(mark: string): readonly string[] | undefined {
    return this.of(mark)[0]?.process?.env_vars;
  }

  isTruncated(mark: string): boolean | undefined {
    return this.of(mark)[0]?.mayfly?.quality?.includes("env_truncated") ?? false;
  }
}

describe("variables of the default list", live, () => {
  const folder = mkdtempSync(join(tmpdir(), "mayfly-env-"));
  const sshd = join(folder, "sshd");
  let bench: Bench;

  before(async () => {
    bench = await Bench.start();
    await bench.tiny("some", {
      ...{ PATH: "/bin", LD_PRELOAD: LIBRARY, HISTFILE: "/dev/null", HISTFILES: "1", MY_LD_PRELOAD: "2" },
      ...{ LD_: "", LDX: "3", ld_preload: "4", TOKEN: "5" },
    });
    await bench.tiny("none", { PATH: "/bin", TOKEN: "5" });
    await bench.tiny("empty", {});
    for (let count = 0; count < SHORT_LIVES; count++)
      await bench.tiny("short", { LD_PRELOAD: LIBRARY, HISTFILE: "/dev/null" });
    await bench.tiny("first", { LD_PRELOAD: LIBRARY, ...MEBIBYTE });
    await bench.tiny("last", { ...MEBIBYTE, LD_PRELOAD: LIBRARY });
    await bench.tiny("long", { LD_PRELOAD: LONG });
    await bench.tiny("secret", { HISTFILE: "/home/password=hunter2secret", LD_PASSWORD: "hunter2secret" });
    const script = `HISTFILE=$(printf '/tmp/\\377x'); export HISTFILE; ${bench.words("bytes")}; exit 0`;
    await bench.run("/bin/sh", ["-c", script], {});
    const clean = `unset HISTFILE; ${bench.words("child")}; exit 0`;
    await bench.run("/bin/sh", ["-c", clean], { HISTFILE: "/of/the/parent" });
    await bench.run("/bin/sh", ["-c", `unset HISTFILE; exec ${bench.words("replaced")}`], {
      HISTFILE: "/of/the/first",
    });
    copyFileSync("/bin/sh", sshd);
    chmodSync(sshd, 0o755);
    const login = `setsid ${bench.words("login")}; exit 0`;
    await bench.run(sshd, ["-c", login], { PATH: "/usr/bin:/bin", SSH_CONNECTION: "2001:db8::7 50000 2001:db8::1 22" });
    await bench.stop();
  });
  after(async () => {
    rmSync(folder, { recursive: true, force: true });
    await bench.collector.kill();
  });

  test("are told as they were given, in their order, and no others", () => {
    assert.deepEqual(bench.variables("some"), [`LD_PRELOAD=${LIBRARY}`, "HISTFILE=/dev/null", "LD_="]);
    assert.equal(bench.variables("none"), undefined);
    assert.equal(bench.variables("empty"), undefined);
  });

  test("are told of processes that live less than 5 ms", () => {
    const documents = bench.of("short");
    assert.equal(documents.length, SHORT_LIVES);
    const short = documents.filter(({ event }) => (event?.duration ?? Number.POSITIVE_INFINITY) < SHORT_NS);
    assert.ok(short.length > 0 || !hasShortLives, "some were that short");
    for (const { process: one } of short)
      assert.deepEqual(one?.env_vars, [`LD_PRELOAD=${LIBRARY}`, "HISTFILE=/dev/null"]);
  });

  test("are told at the beginning of an environment of a mebibyte, and not behind its first 128 KiB", () => {
    assert.deepEqual(bench.variables("first"), [`LD_PRELOAD=${LIBRARY}`]);
    assert.equal(bench.variables("last"), undefined);
    assert.ok(bench.isTruncated("first"));
    assert.ok(bench.isTruncated("last"), "it is said that the rest was not looked through");
    assert.ok(!bench.isTruncated("some"));
  });

  test("are told whole, however long one is", () => {
    assert.deepEqual(bench.variables("long"), [`LD_PRELOAD=${LONG}`]);
    assert.ok(!bench.isTruncated("long"));
  });

  test("have U+FFFD where they are no UTF-8", () => {
    assert.deepEqual(bench.variables("bytes"), ["HISTFILE=/tmp/\uFFFDx"]);
  });

  test("give no secret away, and the document says so", () => {
    assert.deepEqual(bench.variables("secret"), ["HISTFILE=/home/password=[redacted]", "LD_PASSWORD=[redacted]"]);
    const [document] = bench.of("secret");
    assert.ok(document?.mayfly?.quality?.includes("redacted"));
    assert.ok(!JSON.stringify(document).includes("hunter2secret"));
  });

  test("are those of the process itself, not of its parent or of what it ran before", () => {
    for (const [mark, foreign] of [
      ["child", "/of/the/parent"],
      ["replaced", "/of/the/first"],
    ] as const) {
      const [document] = bench.of(mark);
      assert.equal(document?.process?.env_vars, undefined);
      assert.ok(!JSON.stringify(document).includes(`HISTFILE=${foreign}`));
    }
    const shells = bench.collector.documents.filter(({ process: one }) =>
      one?.env_vars?.includes("HISTFILE=/of/the/parent"),
    );
    assert.ok(shells.length > 0, "of the parent itself they are told");
  });

  test("tell from where a session by ssh came", () => {
    // The first is that of setsid, which was in its parent's session still.
    const entry = bench.of("login").at(-1)?.process?.entry_leader;
    assert.deepEqual(entry?.entry_meta, { type: "sshd", source: { ip: "2001:db8::7" } });
  });
});

describe("variables of a list of one's own", live, () => {
  let bench: Bench;

  before(async () => {
    bench = await Bench.start("processes: {env_vars: [APP_*, EXACT]}");
    await bench.tiny("listed", { LD_PRELOAD: LIBRARY, APP_MODE: "1", EXACT: "2", EXACTLY: "3", APP: "4" });
    await bench.tiny("first", { APP_PASSWORD: "hunter2secret", EXACT: "2" });
    await bench.stop();
  });
  after(() => bench.collector.kill());

  test("are told, and those of the default list are not", () => {
    assert.deepEqual(bench.variables("listed"), ["APP_MODE=1", "EXACT=2"]);
  });

  test("give no secret away by their name", () => {
    assert.deepEqual(bench.variables("first"), ["APP_PASSWORD=[redacted]", "EXACT=2"]);
  });
});

describe("with no variable on the list", live, () => {
  let bench: Bench;

  before(async () => {
    bench = await Bench.start("processes: {env_vars: []}");
    await bench.tiny("some", { LD_PRELOAD: LIBRARY, HISTFILE: "/dev/null" });
    await bench.tiny("large", { LD_PRELOAD: LIBRARY, ...MEBIBYTE });
    await bench.stop();
  });
  after(() => bench.collector.kill());

  test("none is told of any process", () => {
    assert.equal(bench.variables("some"), undefined);
    const told = bench.collector.documents.filter(({ process: one }) => one?.env_vars !== undefined);
    assert.equal(told.length, 0);
  });

  test("an environment of a mebibyte is no loss", () => {
    assert.ok(!bench.isTruncated("large"));
  });
});
