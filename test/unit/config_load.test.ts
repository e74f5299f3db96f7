import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { defaultStatePath, findFile, load, type Override } from "../../config/load.ts";
import { ExitCode } from "../../src/errors.ts";
import { type Env, fault, file, folder, read, told } from "./config_load.fixture.ts";

const defaults = load(undefined, {});

describe("the configuration", () => {
  test("has every default when there is no file", () => {
    assert.deepEqual(
      { ...defaults, state: undefined, spool: { ...defaults.spool, path: undefined } },
      {
        documents: { profile: "lifecycle", analyzer: false },
        aggregation: { hold: 1_000, max_pending: 65_536 },
        processes: {
          kernel_threads: false,
          args: { max_bytes: 131_072 },
          env_vars: ["LD_*", "HISTFILE", "HISTSIZE", "HISTFILESIZE", "HISTCONTROL", "SSH_CONNECTION", "SSH_CLIENT"],
          changes: "auto",
        },
        enrichment: { deadline: 500 },
        hash: { enabled: true, types: ["sha256"], max_file_size: 100 * 2 ** 20, cache_size: 4096 },
        redact: ["defaults"],
        identity: {},
        host: { fields: "full" },
        output: {
          console: { enabled: true, format: "auto" },
          file: { rotate: { keep: 5 } },
          elasticsearch: {
            hosts: [],
            namespace: "default",
            preset: "balanced",
            gzip: "auto",
            ingested: "late",
            timeout: 90_000,
            ssl: { certificate_authorities: [], verification_mode: "full" },
            dead_letter: { max_size: 64 * 2 ** 20 },
          },
        },
        spool: { path: undefined, max_size: 2 ** 30, when_full: "drop_oldest", sync: 5_000 },
        state: undefined,
        telemetry: {},
        log: { level: "info", format: "auto" },
      },
    );
  });

  test("is frozen all the way down", () => {
    assert.throws(() => Object.assign(defaults.processes.args, { max_bytes: 1 }), TypeError);
    assert.throws(() => Object.assign(defaults, { log: {} }), TypeError);
  });

  for (const [name, text] of [
    ["an empty file", ""],
    ["a file of comments", "# nothing\n\n# here\n"],
    ["a lone document mark", "---\n"],
    ["a byte order mark", "\uFEFF"],
    ["sections without keys", "aggregation:\nlog: {}\noutput:\n  console:\n"],
    ["keys without values", "aggregation:\n  hold:\n  max_pending: ~\nidentity.salt: null\n"],
  ] as const) {
    test(`${name} leaves the defaults`, () => assert.deepEqual(read(text), defaults));
  }

  test("takes keys nested, dotted and mixed, and other keys keep their defaults", () => {
    const text = "aggregation:\n  hold: 250ms\naggregation.max_pending: 2048\noutput:\n  console.format: ndjson\n";
    const config = read(text);
    assert.deepEqual(config.aggregation, { hold: 250, max_pending: 2_048 });
    assert.deepEqual(config.output.console, { enabled: true, format: "ndjson" });
    assert.equal(config.log.level, "info");
  });

  test("is the same with CRLF line ends and a byte order mark", () => {
    const text = "log:\n  level: debug\naggregation:\n  hold: 2s\n";
    assert.deepEqual(read(`\uFEFF${text.replaceAll("\n", "\r\n")}`), read(text));
  });

  test("follows aliases", () => {
    assert.equal(read("output.file.path: &p /a\nstate.path: *p\n").state.path, "/a");
  });

  test("is read from a pipe as from a file", { skip: process.platform !== "linux" && "needs /dev/null" }, () => {
    assert.deepEqual(load("/dev/null", {}), defaults);
  });
});

describe("a variable in a value", () => {
  test("is read as YAML reads what was put in", () => {
    const text = "aggregation: {max_pending: '${MAX}'}\n".replaceAll("'", "");
    assert.match(told(text, { MAX: "2048" })[0] ?? "", /quote a value that holds/);
    const config = read(
      "processes:\n  kernel_threads: ${ON:true}\naggregation:\n  max_pending: ${MAX}\n  hold: ${H:2s}\n",
      {
        MAX: "2048",
      },
    );
    assert.equal(config.processes.kernel_threads, true);
    assert.deepEqual(config.aggregation, { hold: 2_000, max_pending: 2_048 });
  });

  test("stays text in quotes", () => {
    assert.equal(read('identity.salt: "${SALT}"\n', { SALT: "123" }).identity.salt, "123");
    assert.equal(read("identity.salt: '$${SALT}'\n").identity.salt, "${SALT}");
  });

  test("that is empty leaves the default", () => {
    assert.deepEqual(read("identity:\n  salt: ${SALT:}\naggregation:\n  hold: ${H}\n", { H: "" }), defaults);
  });

  test("cannot make structure", () => {
    const env = { X: "a\nlog:\n  level: trace # {x: [1]}" };
    const config = read("identity:\n  salt: ${X}\n", env);
    assert.equal(config.identity.salt, env.X);
    assert.equal(config.log.level, "info");
  });

  test("is found by line and column when it is missing, and is no second problem", () => {
    assert.deepEqual(told('aggregation:\n  hold: ${NOPE}\nidentity: {salt: "a${ALSO}"}\n'), [
      '2:9 aggregation.hold: "${NOPE}": the environment variable NOPE is not set: set it, or give a default, "${NOPE:default}"',
      '3:20 identity.salt: "${ALSO}": the environment variable ALSO is not set: set it, or give a default, "${ALSO:default}"',
    ]);
  });
});

describe("a file that cannot be read", () => {
  const cases: [string, () => string, RegExp][] = [
    ["is missing", () => join(folder, "none.yml"), /there is no such file/],
    ["is a folder", () => folder, /it is a folder/],
  ];
  for (const [name, path, sentence] of cases) {
    test(`${name}: the error says so`, () => {
      const error = fault(() => load(path(), {}));
      assert.equal(error.code, "CONFIG_UNREADABLE");
      assert.equal(error.exitCode, ExitCode.config);
      assert.match(error.message, sentence);
    });
  }
});

describe("the command line", () => {
  const profile = (value: unknown): Override => ({ path: "documents.profile", value, flag: "--profile" });

  test("goes before the file, which goes before the defaults", () => {
    const config = read("documents.profile: elastic\nlog.level: debug\n", {}, [
      profile("lifecycle"),
      { path: "aggregation.hold", value: "2s", flag: "--hold" },
    ]);
    assert.equal(config.documents.profile, "lifecycle");
    assert.equal(config.log.level, "debug");
    assert.equal(config.aggregation.hold, 2_000);
  });

  test("is a usage error when its value is wrong, told by the name of the flag", () => {
    const error = fault(() => load(undefined, {}, [profile("elastik")]));
    assert.equal(error.exitCode, ExitCode.usage);
    assert.equal(
      error.message,
      '--profile: must be lifecycle, elastic or transitions, not "elastik": did you mean "elastic"?',
    );
  });

  test("does not hide what is wrong in the file", () => {
    assert.equal(fault(() => read("documents.profile: elastik\n", {}, [profile("elastic")])).code, "CONFIG_INVALID");
  });

  test("fills a section that the file left empty", () => {
    assert.equal(read("documents:\n", {}, [profile("elastic")]).documents.profile, "elastic");
  });
});

describe("the file to read", () => {
  test("is the one asked for, else the default one if it exists, else none", () => {
    writeFileSync(file, "");
    assert.equal(findFile("x.yml", file), "x.yml");
    assert.equal(findFile(undefined, file), file);
    assert.equal(findFile(undefined, join(folder, "none.yml")), undefined);
  });
});

describe("the default of state.path", () => {
  const cases: [string, Env, boolean, string][] = [
    ["root", { HOME: "/root", XDG_STATE_HOME: "/x" }, true, "/var/lib/mayfly"],
    ["a user with XDG_STATE_HOME", { HOME: "/home/a", XDG_STATE_HOME: "/x" }, false, "/x/mayfly"],
    ["a user without", { HOME: "/home/a" }, false, "/home/a/.local/state/mayfly"],
    [
      "a user with a relative one, which counts nothing",
      { HOME: "/home/a", XDG_STATE_HOME: "x" },
      false,
      "/home/a/.local/state/mayfly",
    ],
  ];
  for (const [who, env, root, path] of cases) {
    test(`for ${who} is ${path}`, () => assert.equal(defaultStatePath(env, root), path));
  }
});
