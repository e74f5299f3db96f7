import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { valueKeys } from "../../config/keys.ts";
import { load } from "../../config/load.ts";
import { ExitCode } from "../../src/errors.ts";
import { fault, file, problems, read, told } from "./config_load.fixture.ts";

/* What is wrong with a file, and files made to do harm. */

describe("a problem", () => {
  const cases: [string, string, string[]][] = [
    [
      "an unknown key is told with the nearest",
      "aggregation:\n  hodl: 1s\n",
      ['2:3 unknown key "aggregation.hodl": did you mean "hold"?'],
    ],
    [
      "an unknown key is told where it belongs",
      "hold: 1s\n",
      ['1:1 unknown key "hold": "hold" belongs under aggregation'],
    ],
    [
      "a key that stands in several sections is told all of them",
      "log: {path: /x}\n",
      ['1:7 unknown key "log.path": "path" belongs under output.file or spool or state'],
    ],
    [
      "a key in the singular is the one beside it, although another section has it",
      "output.elasticsearch: {host: x}\n",
      ['1:24 unknown key "output.elasticsearch.host": did you mean "hosts"?'],
    ],
    [
      "an unknown key is told the nearest of another section",
      "max_bites: 1\n",
      ['1:1 unknown key "max_bites": did you mean "processes.args.max_bytes"?'],
    ],
    [
      "an unknown key near nothing is told what there is",
      "host: {zzzzzzzz: 1}\n",
      ['1:8 unknown key "host.zzzzzzzz": the keys of host are fields'],
    ],
    [
      "an unknown key without a value is a problem too",
      "aggregation:\n  hodl:\n",
      ['2:3 unknown key "aggregation.hodl": did you mean "hold"?'],
    ],
    [
      "a word outside the list suggests the nearest",
      "documents.profile: Elastic\n",
      ['1:20 documents.profile: must be lifecycle, elastic or transitions, not "Elastic": did you mean "elastic"?'],
    ],
    [
      "a duration without a unit",
      "aggregation: {hold: 5}\n",
      ['1:21 aggregation.hold: "5" has no unit: write a duration such as "250ms", "1s" or "1m"'],
    ],
    [
      "a duration out of range",
      "aggregation: {hold: 11s}\n",
      ['1:21 aggregation.hold: "11s" is above the maximum, "10s"'],
    ],
    [
      "a size out of range",
      "processes.args.max_bytes: 255B\n",
      ['1:27 processes.args.max_bytes: "255B" is below the minimum, "256B"'],
    ],
    [
      "a number out of range",
      "aggregation: {max_pending: 1023}\n",
      ["1:28 aggregation.max_pending: 1023 is below the minimum, 1024"],
    ],
    [
      "a fraction",
      "aggregation: {max_pending: 2000.5}\n",
      ["1:28 aggregation.max_pending: must be a whole number, not 2000.5"],
    ],
    [
      "YAML 1.1's yes",
      "processes.kernel_threads: yes\n",
      ['1:27 processes.kernel_threads: must be true or false, not "yes": YAML 1.2 takes this for text'],
    ],
    [
      "a number where text is wanted",
      "identity.salt: 12\n",
      ['1:16 identity.salt: must be text, not 12: put it in quotes, "12"'],
    ],
    [
      "a section where a value is wanted",
      "log: {level: {a: 1}}\n",
      ["1:14 log.level: must be trace, debug, info, warn or error, not a section"],
    ],
    [
      "a value where a section is wanted",
      "log: debug\n",
      ['1:6 log: must be a section with the keys level, format, not "debug"'],
    ],
    [
      "a list where a section is wanted",
      "log: [debug]\n",
      ["1:6 log: must be a section with the keys level, format, not a list"],
    ],
    [
      "an empty path",
      'output.file.path: ""\n',
      ["1:19 output.file.path: must not be empty: leave the key out for none"],
    ],
    ["a path with ~", "state.path: ~/m\n", ['1:13 state.path: "~" is not expanded here: write "${HOME}/…"']],
    [
      "no output at all",
      "output.console.enabled: false\n",
      [
        "1:25 output.console.enabled: nothing would be written: set it to true, name a file in output.file.path or a server in output.elasticsearch.hosts",
      ],
    ],
    [
      "a password that is a number is not quoted",
      "output.elasticsearch.password: 12345\n",
      ["1:32 output.elasticsearch.password: must be text: put it in quotes"],
    ],
    [
      "credentials in an address are not quoted",
      'output.elasticsearch.hosts: ["http://ada:secret@es:9200"]\n',
      [
        "1:30 output.elasticsearch.hosts.0: must not hold credentials: put them into username and password, or use an api_key",
      ],
    ],
    ["a duplicate key", "log: {level: info}\nlog: {}\n", ['2:1 the key "log" stands twice, first on line 1: keep one']],
    [
      "a duplicate key inside a list",
      "log: [{a: 1, a: 2}]\n",
      [
        "1:6 log: must be a section with the keys level, format, not a list",
        '1:14 the key "a" stands twice, first on line 1: keep one',
      ],
    ],
    [
      "a key both nested and dotted",
      "log:\n  level: info\nlog.level: debug\n",
      ["3:1 log.level is set twice, first on line 2: keep one"],
    ],
    [
      "a key inside a value",
      "log: info\nlog.level: debug\n",
      [
        '1:6 log: must be a section with the keys level, format, not "info"',
        '2:1 log.level is set twice, first by "log" on line 1: keep one',
      ],
    ],
    ["a tab", "log:\n\tlevel: info\n", ["2:1 indented with a tab: YAML allows only spaces"]],
    [
      "two documents",
      "log: {}\n---\nlog: {}\n",
      ['2:1 a second document begins here: the file must hold one, so remove the "---" and what follows'],
    ],
    ["a list as the whole", "- log\n", ['1:1 the file must hold sections such as "documents:", not a list']],
    ["a word as the whole", "log\n", ['1:1 the file must hold sections such as "documents:", not "log"']],
    ["a tag", "log: !x {}\n", ["1:6 unknown tag: !x has no meaning here, remove it"]],
    ["a missing anchor", "log: *x\n", ['1:6 there is no anchor "&x" above this alias']],
    [
      "an alias inside of what it refers to",
      "log: &x {level: *x}\n",
      ['1:17 the alias "*x" stands inside of what it refers to'],
    ],
    ["a key that is no word", "? [a]\n: 1\n", ["1:3 a key must be a word, not a list or a section"]],
    ["a NUL byte", "log:\n  level: \0\n", ["2:10 not UTF-8 text: save the file as UTF-8, without NUL bytes"]],
    [
      "a key from Object.prototype",
      "__proto__: 1\n",
      [
        '1:1 unknown key "__proto__": the sections are documents, aggregation, processes, enrichment, hash, redact, identity, host, output, spool, state, telemetry, log',
      ],
    ],
    [
      "escape sequences are shown, not obeyed",
      'log: {level: "\\e[31m"}\n',
      ['1:14 log.level: must be trace, debug, info, warn or error, not "\\u001b[31m"'],
    ],
  ];
  for (const [name, text, expected] of cases) {
    test(name, () => assert.deepEqual(told(text), expected));
  }

  test("no word of the file reaches a terminal as a control character", () => {
    const texts = [
      '"\\e[31m": "${NOPE}"\n',
      '"a\\e": {"b\\e": 1, "b\\e": 2}\n',
      '"a\\e.b": 1\n"a\\e": 2\n',
      "log: !\x9b {}\n",
    ];
    for (const text of texts) {
      assert.notEqual(told(text).length, 0);
      for (const line of told(text)) assert.doesNotMatch(line, /\p{Cc}/u);
    }
  });

  test("an unclosed quote is told where it ends", () => {
    assert.match(told('log:\n  level: "info\n').join("\n"), /^2:15 not YAML: Missing closing/);
  });

  test("bytes that are not UTF-8 are found", () => {
    const bytes = Buffer.concat([Buffer.from("log:\n  level: "), Buffer.from([0xff, 0xfe])]);
    assert.match(told(bytes).join("\n"), /^2:10 not UTF-8 text/);
  });

  test("a character outside the basic plane counts as one column", () => {
    assert.deepEqual(problems('identity: {salt: "🐝🐝", x: 1}')[0]?.column, 24);
  });

  test("all problems are told at once, in the order of the file", () => {
    const text =
      "hold: 1s\nlog:\n  format: tex\n  level: loud\naggregation: {hold: 5, max_pending: x}\nidentity.salt: ${NOPE}\n";
    assert.deepEqual(
      problems(text).map(({ path, line }) => [line, path]),
      [
        [1, "hold"],
        [3, "log.format"],
        [4, "log.level"],
        [5, "aggregation.hold"],
        [5, "aggregation.max_pending"],
        [6, "identity.salt"],
      ],
    );
  });

  test("is one line of the error, as file:line:column: message, with code and exit code", () => {
    const error = fault(() => read("hold: 1s\nlgo: {}\n"));
    assert.equal(error.code, "CONFIG_INVALID");
    assert.equal(error.exitCode, ExitCode.config);
    assert.equal(
      error.message,
      `${file}:1:1: unknown key "hold": "hold" belongs under aggregation\n${file}:2:1: unknown key "lgo": did you mean "log"?`,
    );
  });
});

describe("a file made to do harm", () => {
  test("nested very deep is refused", () => {
    for (const text of [`x: ${"[".repeat(100_000)}`, "- ".repeat(100_000), "? ".repeat(100_000)]) {
      assert.match(told(text).join("\n"), /nested deeper than 64 levels/);
    }
  });

  test("whose aliases stand for billions of values is refused at once", () => {
    const lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"];
    for (let i = 1; i <= 12; i++)
      lines.push(
        `a${i}: &a${i} [${Array(10)
          .fill(`*a${i - 1}`)
          .join(", ")}]`,
      );
    assert.ok(told(lines.join("\n")).some((line) => /aliases stand for more than 10000 values/.test(line)));
  });

  test("that never ends is refused", () => {
    const error = fault(() => load("/dev/zero", {}));
    assert.equal(error.code, "CONFIG_UNREADABLE");
    assert.match(error.message, /larger than 256 KiB/);
  });

  test("or anything else: every problem lies inside the file, in order, in words of our own", () => {
    const word = fc.constantFrom(
      "log",
      "level",
      "hold",
      "aggregation",
      "output.file",
      "path",
      "x",
      "${A}",
      "${B:1}",
      "1s",
      "yes",
      "5",
    );
    const mark = fc.constantFrom(
      ": ",
      ":\n  ",
      "\n",
      "\r\n",
      "{",
      "}",
      "[",
      "]",
      ", ",
      '"',
      "'",
      "- ",
      "\t",
      "&a ",
      "*a",
      "# ",
      "|\n",
      "---\n",
      "!t ",
      "🐝",
    );
    const text = fc.oneof(
      fc.array(fc.oneof(word, mark), { maxLength: 40 }).map((parts) => parts.join("")),
      fc.string({ unit: "binary" }),
    );
    fc.assert(
      fc.property(text, (content) => {
        const lines = content.split("\n");
        let last = [0, 0] as [number, number];
        for (const { line, column, message } of problems(content, { A: "1" })) {
          assert.ok(line >= 1 && line <= lines.length, `line ${line} of ${lines.length}`);
          assert.ok(
            column >= 1 && column <= Array.from(lines[line - 1] ?? "").length + 1,
            `column ${column} in line ${line}`,
          );
          assert.ok(line > last[0] || (line === last[0] && column >= last[1]), "out of order");
          assert.doesNotMatch(message, /Invalid input|\bexpected|undefined|\[object|\p{Cc}/u);
          last = [line, column];
        }
      }),
      { numRuns: 500 },
    );
  });
});

test("junk of any type in any key is told in words of our own, with the key's name", () => {
  const junk = ["5", "-1", "1.5", ".nan", "true", "[1]", "{a: 1}", '"x"', '""', "99999999999999999999s", '"\\0"'];
  for (const key of valueKeys) {
    for (const value of junk) {
      for (const { path, message } of problems(`${key}: ${value}\n`)) {
        assert.ok(path.startsWith(key) && message.includes(key), `${key}: ${value}: ${message}`);
        assert.doesNotMatch(message, /Invalid|expected|received|undefined|cannot be/, `${key}: ${value}: ${message}`);
      }
    }
  }
});
