import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { DocumentWriter } from "../../ecs/document.ts";
import { imageOf } from "../../src/process/image.ts";
import type { Document } from "../harness/document.ts";
import * as lives from "./ecs_lives.ts";
import { redacted, redactorOf } from "./redact.fixture.ts";
import { exec, ref } from "./world.fixture.ts";

/* Whatever the secret and whatever stands around it. */

const redactor = redactorOf("defaults");

/** No text that mayfly writes itself begins with it, and it says nothing to a shell, a URL or JSON. */
const MARK = "zq7Zq";
const plain = fc.stringMatching(/^[A-Za-z0-9+!.~^-]{3,40}$/).map((text) => MARK + text);
/** May hold everything but a NUL: only for places where the secret ends with its argument. */
const anything = fc
  .tuple(fc.string({ unit: "binary", maxLength: 40 }), fc.string({ unit: "grapheme-ascii", maxLength: 20 }))
  .map(([a, b]) => `${MARK}${a.replaceAll("\0", "")}${MARK}${b}`);

const whole: readonly ((secret: string) => string[])[] = [
  (s) => ["app", `--password=${s}`],
  (s) => ["app", "--token", s],
  (s) => ["mysql", `-p${s}`, "db"],
  (s) => ["mysql", "-p", s],
  (s) => ["sshpass", "-p", s, "ssh", "host"],
  (s) => ["env", `FOO_PASSWORD=${s}`, "cmd"],
  (s) => ["docker", "run", "-e", `API_TOKEN=${s}`, "image"],
  (s) => ["redis-cli", "-a", s],
  (s) => ["htpasswd", "-b", "file", "ada", s],
  (s) => ["openssl", "rsa", "-passin", `pass:${s}`],
  (s) => ["curl", "-u", `ada:${s}`],
];
const embedded: readonly ((secret: string) => string[])[] = [
  (s) => ["sh", "-c", `mysql -uroot -p${s} -e 'select 1' > /tmp/x`],
  (s) => ["sh", "-c", `cd /x && FOO_TOKEN="${s}" cmd; ls`],
  (s) => ["ssh", "host", `bash -c "mysql -p'${s}' db"`],
  (s) => ["curl", `https://ada:${s}@example.org/x`],
  (s) => ["curl", `https://example.org/x?a=1&access_token=${s}&b=2`],
  (s) => ["curl", "-H", `Authorization: Bearer ${s}`],
  (s) => ["curl", "-d", `{"user":"ada","password":"${s}"}`],
  (s) => ["app", `Server=db;Password=${s};Timeout=3`],
];
const place = fc.oneof(
  fc.tuple(fc.constantFrom(...whole), anything),
  fc.tuple(fc.constantFrom(...whole, ...embedded), plain),
);
const word = fc.oneof(
  fc.constantFrom(
    "-x",
    "--flag",
    "a=b",
    "/etc/passwd",
    "src/token.c",
    "-p",
    "'",
    '"',
    "$(",
    ";",
    "https://h/x",
    "ü",
    "",
  ),
  fc.string({ maxLength: 12 }).map((text) => text.replaceAll("\0", "")),
);

describe("redaction, whatever the arguments", () => {
  test("leaves no secret anywhere in a document, its own or its child's", () => {
    fc.assert(
      fc.property(place, fc.array(word, { maxLength: 4 }), ([command, secret], rest) => {
        // Behind the last word there may be no more of it where the last word is the secret.
        const args = command(secret);
        if (args[0] !== "htpasswd") args.push(...rest);
        const image = imageOf(exec(ref(1, 0), `/usr/bin/${args[0]}`, 0, { args, argsCount: args.length }), redactor);
        const parent = { ...lives.parent(), image };
        const writer = new DocumentWriter(lives.options());
        const lines = [
          writer.write(lives.life(lives.rows["fork+exec+end"] ?? 0, { image, quality: image.quality })),
          writer.write(lives.life(lives.rows["fork"] ?? 0, { origin: lives.origin({ parent }) })),
        ];
        for (const line of lines) {
          assert.ok(!line.includes(MARK), line);
          const { process, mayfly } = JSON.parse(line) as Document;
          assert.deepEqual(mayfly?.quality, ["redacted"]);
          if (line === lines[0]) assert.equal(process?.args?.length, args.length);
        }
      }),
      { numRuns: 1000 },
    );
  });

  const tokens = fc.constantFrom(
    ...[
      "mysql",
      "curl",
      "docker",
      "login",
      "sh",
      "-c",
      "-p",
      "-u",
      "-pX",
      "--password",
      "--token=x",
      "a:b",
      "PASSWORD=x",
    ],
    ...[
      "'",
      '"',
      "\\",
      ";",
      "&&",
      "$X",
      "(",
      "https://a:b@c/",
      "?sig=x",
      '{"token":"x"}',
      "Cookie: x",
      "-H",
      "ghp_",
      "eyJ",
    ],
    ...[
      "mysql -pX",
      "sudo mysql -p X",
      "x y",
      "ü",
      "[redacted]",
      "-----BEGIN PRIVATE KEY-----",
      "aKIA",
      "-K",
      "/7z",
      "7z",
    ],
  );
  const glued = fc
    .array(fc.oneof({ weight: 5, arbitrary: tokens }, word), { maxLength: 4 })
    .map((parts) => parts.join(""));
  const spaced = fc.array(tokens, { maxLength: 6 }).map((parts) => parts.join(" "));
  const commands = fc.array(fc.oneof({ weight: 3, arbitrary: tokens }, glued, spaced), { minLength: 1, maxLength: 8 });

  test("is the same with the prefilter as without", () => {
    fc.assert(
      fc.property(commands, fc.constantFrom("mysql", "7z", "docker", "x", undefined), (args, name) => {
        assert.deepEqual(redactor.redact(args, args.join(" "), name), redactor.redactWithoutPrefilter(args, name));
      }),
      { numRuns: 5000 },
    );
  });

  test("changes nothing the second time, and is the same every time", () => {
    fc.assert(
      fc.property(commands, (args) => {
        const once = redacted(redactor, args);
        assert.deepEqual(redacted(redactor, args), once);
        // An argument that is quoted as a whole, `'--token=x y'`, loses its last quote the second time: read once as a command line
        // of a shell, once as an option. Either way the secret is gone.
        assert.deepEqual(redacted(redactor, once).map(unquoted), once.map(unquoted));
        assert.equal(once.length, args.length);
      }),
      { numRuns: 5000 },
    );
  });
});

function unquoted(arg: string): string {
  return arg.replaceAll(/['"]/g, "");
}
