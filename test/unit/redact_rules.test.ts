import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseRules } from "../../src/filter/parse_rules.ts";
import { redacted, redactorOf } from "./redact.fixture.ts";

function faultsOf(...items: readonly unknown[]): readonly { index: number; message: string }[] {
  const parsed = parseRules(items);
  return "faults" in parsed ? parsed.faults : [];
}

function faultOf(item: unknown): string {
  const [fault] = faultsOf("defaults", item);
  assert.equal(fault?.index, 1, `no fault was found in ${JSON.stringify(item)}`);
  return fault?.message ?? "";
}

describe("a rule of one's own", () => {
  test("hides what the pattern matches, wherever it stands", () => {
    const redactor = redactorOf({ name: "ticket", pattern: "tkt_[0-9a-f]{8}" });
    assert.deepEqual(redacted(redactor, ["a", "x=tkt_00ff00ff,tkt_11ff11ff", "tkt_zz"]), [
      "a",
      "x=[redacted],[redacted]",
      "tkt_zz",
    ]);
    assert.deepEqual(redactor.counters, { images: 1, rules: { ticket: 2 } });
  });

  test("hides only the group where the pattern has one", () => {
    const redactor = redactorOf({ name: "pin", pattern: "pin:([0-9]+)|code:([0-9]+)", replace: "****" });
    assert.deepEqual(redacted(redactor, ["a", "pin:1234 code:77"]), ["a", "pin:**** code:****"]);
  });

  test("hides the value of an option, attached, behind = or in the next argument", () => {
    const redactor = redactorOf({ name: "acme", program: "acme", option: ["-k", "--backup-*"] });
    assert.deepEqual(
      redacted(redactor, ["acme", "-kSECRET", "-k", "SECRET", "--backup-key=SECRET", "--backup-key", "a b", "-K", "x"]),
      [
        ...[
          "acme",
          "-k[redacted]",
          "-k",
          "[redacted]",
          "--backup-key=[redacted]",
          "--backup-key",
          "[redacted]",
          "-K",
          "x",
        ],
      ],
    );
    assert.deepEqual(redacted(redactor, ["other", "-k", "x"]), ["other", "-k", "x"]);
    assert.deepEqual(redacted(redactor, ["sh", "-c", "sudo acme -k 'SE CRET'; other -k x"]), [
      ...["sh", "-c", "sudo acme -k '[redacted]'; other -k x"],
    ]);
  });

  test("takes of the value what the pattern says", () => {
    const redactor = redactorOf({ name: "login", option: "--login", pattern: "^[^/]*/(.*)$" });
    assert.deepEqual(redacted(redactor, ["a", "--login", "ada/pw", "--login=ada"]), [
      "a",
      "--login",
      "ada/[redacted]",
      "--login=ada",
    ]);
  });

  test("hides the value of a variable", () => {
    const redactor = redactorOf({ name: "dsn", variable: ["*_DSN", "!PUBLIC_DSN"] });
    assert.deepEqual(redacted(redactor, ["env", "SENTRY_DSN=x y", "PUBLIC_DSN=z", "cmd"]), [
      ...["env", "SENTRY_DSN=[redacted]", "PUBLIC_DSN=z", "cmd"],
    ]);
  });

  test("hides the last word behind a program and its subcommand", () => {
    const redactor = redactorOf({ name: "vault", program: ["vault login"], last: true });
    assert.deepEqual(redacted(redactor, ["vault", "-address=h", "login", "SECRET"]), [
      "vault",
      "-address=h",
      "login",
      "[redacted]",
    ]);
    assert.deepEqual(redacted(redactor, ["vault", "read", "x"]), ["vault", "read", "x"]);
  });

  test("leaves what is excepted", () => {
    const redactor = redactorOf({ name: "x", option: "--x", except: "^(?:public|@.*)$" });
    assert.deepEqual(redacted(redactor, ["a", "--x=public", "--x=@file", "--x=other"]), [
      "a",
      "--x=public",
      "--x=@file",
      "--x=[redacted]",
    ]);
  });

  test("is for its programs only, also with a pattern alone, whatever args[0] says", () => {
    const redactor = redactorOf({ name: "x", program: "acme", pattern: "[0-9]+" });
    assert.deepEqual(redacted(redactor, ["acme", "12"]), ["acme", "[redacted]"]);
    assert.deepEqual(redacted(redactor, ["other", "12"]), ["other", "12"]);
    assert.deepEqual(redactor.redact(["-", "12"], "- 12", "acme"), ["-", "[redacted]"]);
  });

  test("is tried only where the text of contains stands, in capitals or not", () => {
    const redactor = redactorOf({ name: "x", pattern: "[0-9]{6}", contains: "badge" });
    assert.deepEqual(redacted(redactor, ["a", "123456"]), ["a", "123456"]);
    assert.deepEqual(redacted(redactor, ["a", "Badge", "123456"]), ["a", "Badge", "[redacted]"]);
  });

  test("stands beside the defaults, and a default can be left out or taken alone", () => {
    const command = ["app", "--token", "a", "--password", "b"];
    assert.deepEqual(redacted(redactorOf("defaults", "!default-token"), command), [
      "app",
      "--token",
      "a",
      "--password",
      "[redacted]",
    ]);
    assert.deepEqual(redacted(redactorOf("default-token"), command), [
      "app",
      "--token",
      "[redacted]",
      "--password",
      "b",
    ]);
    assert.deepEqual(redacted(redactorOf(), command), command);
  });

  test("works on a text that is no list of arguments", () => {
    assert.equal(
      redactorOf("defaults").redactText("worker: postgres://ada:pw@db/x", "app"),
      "worker: postgres://ada:[redacted]@db/x",
    );
  });

  test("is found among more groups of telltales than there are bits", () => {
    const many = Array.from({ length: 80 }, (_, n) => ({ name: `r${n}`, option: `--option${n}x` }));
    const redactor = redactorOf("defaults", ...many);
    for (const { option } of many)
      assert.deepEqual(redacted(redactor, ["a", option, "S"]), ["a", option, "[redacted]"]);
  });
});

describe("a fault in a rule is told in one sentence with its place", () => {
  const faults: readonly (readonly [unknown, RegExp])[] = [
    ["default", /"default" is no default rule: write defaults, the name of one/],
    [7, /a word \(defaults\) or a mapping/],
    [{ pattern: "x" }, /needs a name/],
    [{ name: "A b", pattern: "x" }, /"A b" cannot name a rule/],
    [{ name: "default-x", pattern: "x" }, /begin with default- are mayfly's own/],
    [{ name: "x" }, /needs pattern, option, variable or last/],
    [{ name: "x", pattern: "x", patern: "y" }, /no key "patern"/],
    [{ name: "x", pattern: "" }, /pattern is a text/],
    [{ name: "x", pattern: 5 }, /pattern is a text/],
    [{ name: "x", option: [] }, /option is a text or a list/],
    [{ name: "x", pattern: "(?<=a)b" }, /no look-behind/],
    [{ name: "x", pattern: "a(?!b)" }, /no look-ahead/],
    [{ name: "x", pattern: "(a)\\1" }, /no references to earlier groups/],
    [{ name: "x", pattern: "(?>a)" }, /no atomic groups/],
    [{ name: "x", pattern: "a++" }, /no possessive quantifiers/],
    [{ name: "x", pattern: "(a" }, /not RE2 syntax: missing closing \)/],
    [{ name: "x", pattern: "a*" }, /matches the empty text/],
    [{ name: "x", option: "--x", except: "(a" }, /except .* cannot be used: not RE2 syntax/],
    [{ name: "x", option: "-k" }, /-k means something else in every program/],
    [{ name: "x", last: true }, /last needs program/],
    [{ name: "x", last: "yes", program: "a" }, /last is true or false/],
    [{ name: "x", option: "-*" }, /at most two stars/],
    [{ name: "x", option: "--a*b*c*" }, /at most two stars/],
    [{ name: "x", variable: "A B" }, /no space and no =/],
    [{ name: "x", pattern: "x", replace: 'a"b' }, /replace is 1 to 64 characters of ASCII/],
  ];
  for (const [item, sentence] of faults)
    test(JSON.stringify(item), () => {
      const message = faultOf(item);
      assert.match(message, sentence);
      assert.match(message, /^[^\n]+\.$/);
    });

  test("two of one name", () => {
    const [fault] = faultsOf({ name: "x", pattern: "x" }, { name: "x", pattern: "y" });
    assert.deepEqual(fault, { index: 1, message: "There is another rule with the name x: choose another." });
  });

  test("all of them at once", () => {
    assert.deepEqual(
      faultsOf("x", "defaults", { name: "y" }).map(({ index }) => index),
      [0, 2],
    );
  });
});
