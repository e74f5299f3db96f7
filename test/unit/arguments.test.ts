import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { type Arguments, type CommandName, commands, parse } from "../../src/cli/arguments.ts";
import { ExitCode, MayflyError } from "../../src/errors.ts";

const NOTHING: Arguments = {
  command: "run",
  operands: [],
  child: undefined,
  format: undefined,
  profile: undefined,
  for: undefined,
  config: undefined,
  snapshot: true,
  elasticsearch: [],
  apiKeyFile: undefined,
  namespace: undefined,
  setup: {
    expect: undefined,
    retention: undefined,
    ilm: undefined,
    indexMode: undefined,
    rules: false,
    rollover: false,
    dryRun: false,
    print: false,
  },
  http: undefined,
  json: false,
  help: false,
};

/** What each command needs behind its name. */
const NEEDED: Readonly<Partial<Record<CommandName, readonly string[]>>> = { record: ["FILE"], replay: ["FILE"] };

/** Every option as it is written, and what comes of it. */
const OPTIONS: readonly (readonly [string, readonly string[], Partial<Arguments>])[] = [
  ["format", ["--format", "ndjson"], { format: "ndjson" }],
  ["profile", ["--profile", "elastic"], { profile: "elastic" }],
  ["for", ["--for", "10s"], { for: 10_000 }],
  ["config", ["--config", "a.yml"], { config: "a.yml" }],
  ["no-snapshot", ["--no-snapshot"], { snapshot: false }],
  ["elasticsearch", ["--elasticsearch", "http://a:9200"], { elasticsearch: ["http://a:9200"] }],
  ["api-key-file", ["--api-key-file", "key"], { apiKeyFile: "key" }],
  ["namespace", ["--namespace", "a"], { namespace: "a" }],
  ["expect", ["--expect", "500"], { setup: { ...NOTHING.setup, expect: 500 } }],
  ["retention", ["--retention", "30d"], { setup: { ...NOTHING.setup, retention: "30d" } }],
  ["ilm", ["--ilm", "a"], { setup: { ...NOTHING.setup, ilm: "a" } }],
  ["index-mode", ["--index-mode", "logsdb"], { setup: { ...NOTHING.setup, indexMode: "logsdb" } }],
  ["rules", ["--rules"], { setup: { ...NOTHING.setup, rules: true } }],
  ["rollover", ["--rollover"], { setup: { ...NOTHING.setup, rollover: true } }],
  ["dry-run", ["--dry-run"], { setup: { ...NOTHING.setup, dryRun: true } }],
  ["print", ["--print"], { setup: { ...NOTHING.setup, print: true } }],
  ["http", ["--http", ":9464"], { http: ":9464" }],
  ["json", ["--json"], { json: true }],
];

const TAKEN: Readonly<Record<CommandName, readonly string[]>> = {
  run: ["format", "profile", "for", "config", "no-snapshot", "elasticsearch", "api-key-file", "namespace"],
  setup: [
    "config",
    "elasticsearch",
    "api-key-file",
    "namespace",
    "profile",
    "expect",
    "retention",
    "ilm",
    "index-mode",
    "rules",
    "rollover",
    "dry-run",
    "print",
  ],
  status: ["config", "http", "json"],
  "dead-letter": ["config", "elasticsearch", "api-key-file", "namespace"],
  doctor: ["config", "elasticsearch", "api-key-file", "namespace"],
  record: ["for", "config"],
  replay: ["format", "profile", "config"],
  validate: ["config"],
  version: [],
  help: [],
};

function refused(argv: readonly string[], message: RegExp): void {
  assert.throws(
    () => parse(argv),
    (error) => {
      assertUsage(error);
      assert.match(error.message, message);
      return true;
    },
    argv.join(" "),
  );
}

function assertUsage(error: unknown): asserts error is MayflyError {
  assert.ok(error instanceof MayflyError, String(error));
  assert.equal(error.code, "USAGE");
  assert.equal(error.exitCode, ExitCode.usage);
  assert.equal(error.exitCode, 64);
  assert.match(error.message, /\nTry `mayfly help`\.$/);
}

describe("a command line", () => {
  test("that is empty is the command run with nothing given", () => {
    assert.deepEqual(parse([]), NOTHING);
  });

  for (const command of commands) {
    const operands = NEEDED[command] ?? [];
    test(`may begin with ${command}`, () => {
      assert.deepEqual(parse([command, ...operands]), { ...NOTHING, command, operands });
    });

    for (const [name, option, result] of OPTIONS) {
      if (TAKEN[command].includes(name))
        test(`gives ${command} the option --${name}, before its name and behind it`, () => {
          const expected = { ...NOTHING, command, operands, ...result };
          assert.deepEqual(parse([command, ...option, ...operands]), expected);
          assert.deepEqual(parse([command, ...operands, ...option]), expected);
          assert.deepEqual(parse([...option, command, ...operands]), expected);
        });
      else
        test(`refuses --${name} for ${command}, where it has no effect`, () => {
          refused([command, ...operands, ...option], new RegExp(`${command} has no option --${name}\\.`));
        });
    }

    test(`asks for help with --help and -h, whatever else ${command} needs`, () => {
      for (const help of ["--help", "-h"])
        assert.deepEqual(parse([command, help]), { ...NOTHING, command, help: true });
    });
  }

  test("--version alone is the command version", () => {
    assert.deepEqual(parse(["--version"]), { ...NOTHING, command: "version" });
  });

  test("may write a value behind =, and -c for --config", () => {
    const expected = { ...NOTHING, format: "pretty", config: "b.yml", for: 60_000 };
    assert.deepEqual(parse(["--format=pretty", "-c", "b.yml", "--for=1m"]), expected);
  });

  test("that gives an option twice means the last one", () => {
    assert.equal(parse(["--for", "1s", "--for", "2s"]).for, 2000);
  });

  test("may name a file for validate, or none", () => {
    assert.deepEqual(parse(["validate", "a.yml"]).operands, ["a.yml"]);
    assert.deepEqual(parse(["validate"]).operands, []);
  });

  test("may name one topic of help", () => {
    assert.deepEqual(parse(["help", "run"]).operands, ["run"]);
  });
});

describe("what stands behind --", () => {
  test("is the command, with or without the name run", () => {
    assert.deepEqual(parse(["run", "--", "make", "-j2"]).child, ["make", "-j2"]);
    assert.deepEqual(parse(["--", "make"]), { ...NOTHING, child: ["make"] });
  });

  test("is never mayfly's own, whatever it looks like", () => {
    const child = ["--format", "xml", "--", "--help", "-h", "", "doctor"];
    assert.deepEqual(parse(["--format", "ndjson", "--", ...child]), { ...NOTHING, format: "ndjson", child });
  });

  test("must be there", () => {
    refused(["--"], /no command behind --/);
    refused(["run", "--"], /no command behind --/);
  });

  for (const command of commands.filter((name) => name !== "run"))
    test(`is refused for ${command}`, () => {
      refused(
        [command, ...(NEEDED[command] ?? []), "--", "ls"],
        new RegExp(`Only run takes a command.*not ${command}`),
      );
    });

  test("does not go with --for: the command's end is the end", () => {
    refused(["--for", "1s", "--", "ls"], /--for does not go with a command/);
  });
});

describe("--for", () => {
  for (const [text, milliseconds] of [
    ["250ms", 250],
    ["0s", 0],
    ["10s", 10_000],
    ["2 m", 120_000],
    ["1h", 3_600_000],
    ["1d", 86_400_000],
  ] as const)
    test(`${text} is ${milliseconds} ms`, () => {
      assert.equal(parse(["--for", text]).for, milliseconds);
    });

  for (const [text, message] of [
    ["10", /--for 10: .*no unit.*"250ms"/],
    ["soon", /--for soon: .*not a duration/],
    ["1.5s", /not a duration/],
    ["10S", /write "10s"/],
    ["3min", /write "3m"/],
    ["2 weeks", /unknown unit/],
    ["", /not a duration/],
    [`${"9".repeat(40)}s`, /too large/],
  ] as const)
    test(`${JSON.stringify(text.slice(0, 20))} is refused with what to write`, () => {
      refused(["--for", text], message);
    });
});

describe("a slip", () => {
  const slips: readonly (readonly [string, readonly string[], RegExp])[] = [
    ["a command that is nearly one", ["rnu"], /no command "rnu": did you mean run\?/],
    ["another", ["docter"], /did you mean doctor\?/],
    ["a program's name", ["nginx"], /no command "nginx"\. To run it and watch it: mayfly run -- nginx/],
    ["an empty name", [""], /no command ""/],
    ["an option that is nearly one", ["run", "--fromat", "ndjson"], /no option --fromat: did you mean --format\?/],
    ["an option that is none", ["--frobnicate"], /^There is no option --frobnicate\n/],
    ["a letter that is no option", ["-x"], /no option -x/],
    ["an option without its value", ["--config"], /--config/],
    ["an option in the place of a value", ["--config", "--format"], /--config/],
    ["a value for a switch", ["--no-snapshot=yes"], /--no-snapshot/],
    ["a format that is none", ["--format", "json"], /pretty or ndjson, not "json"/],
    ["an empty format", ["--format="], /pretty or ndjson, not ""/],
    ["an operand too many", ["run", "make"], /What is "make"\?.*mayfly run -- COMMAND/],
    ["two files", ["record", "a", "b"], /What is "b"\? mayfly record FILE/],
    ["two topics", ["help", "run", "doctor"], /What is "doctor"\?/],
    ["an operand of doctor", ["doctor", "a.yml"], /What is "a\.yml"\?/],
    ["an operand of version", ["version", "1"], /What is "1"\?/],
    ["--version for another command", ["run", "--version"], /no option --version/],
    ["a time longer than a timer can hold", ["--for", "600h"], /24 days are the most/],
    ["record without a file", ["record"], /needs a file: mayfly record FILE/],
    ["replay without a file", ["replay"], /needs a file: mayfly replay FILE/],
  ];
  for (const [what, argv, message] of slips)
    test(`${what} is told with what to do`, () => {
      refused(argv, message);
    });

  test("of any kind is a usage fault and nothing else", () => {
    const words = fc.oneof(
      fc.constantFrom(
        ...commands,
        "--",
        "--for",
        "--format",
        "ndjson",
        "10s",
        "-c",
        "-h",
        "--no-snapshot",
        "--version",
      ),
      fc.string(),
      fc.string().map((text) => `--${text}`),
    );
    fc.assert(
      fc.property(fc.array(words, { maxLength: 6 }), (argv) => {
        try {
          const { command, child } = parse(argv);
          assert.ok(commands.includes(command));
          const dashes = argv.indexOf("--");
          assert.deepEqual(child, dashes < 0 ? undefined : argv.slice(dashes + 1));
        } catch (error) {
          assertUsage(error);
        }
      }),
      { numRuns: 500 },
    );
  });
});
