import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { readCredentials } from "../../src/output/elasticsearch/credentials.ts";
import { hostAddresses, isLocal } from "../../src/output/elasticsearch/hosts.ts";
import type { CredentialSettings } from "../../src/output/elasticsearch/settings.ts";
import { fingerprintOf, readTls } from "../../src/output/elasticsearch/tls.ts";

let folder = "";
before(() => {
  folder = mkdtempSync(join(tmpdir(), "mayfly-delivery-"));
});
after(() => rmSync(folder, { recursive: true }));

const none: CredentialSettings = {
  apiKey: undefined,
  apiKeyFile: undefined,
  username: undefined,
  password: undefined,
  passwordFile: undefined,
};

test("a URL's user and password are taken out of what may be shown", () => {
  const [address] = hostAddresses(["https://elastic:p%40ss@es.example.org:9200/path?x=1#y"], undefined);
  assert.equal(address?.url.href, "https://es.example.org:9200/path");
  assert.deepEqual([address.username, address.password], ["elastic", "p@ss"]);
});

test("a host that is no URL is refused without its password", () => {
  for (const host of ["es:9200", "ftp://me:secret@es", "//me:secret@es", ""])
    assert.throws(
      () => hostAddresses([host], undefined),
      (error: Error) => {
        assert.match(error.message, /looks like https:/);
        assert.doesNotMatch(error.message, /secret/);
        return true;
      },
    );
  assert.throws(() => hostAddresses([], undefined), /hosts is empty/);
});

test("a cloud id names the deployment's address", () => {
  const id = (text: string): string => `my:deployment:${Buffer.from(text).toString("base64")}`;
  const url = (text: string): string | undefined => hostAddresses([], id(text))[0]?.url.href;
  assert.equal(url("us-east-1.aws.found.io$abc$def"), "https://abc.us-east-1.aws.found.io/");
  assert.equal(url("us-east-1.aws.found.io:9243$abc"), "https://abc.us-east-1.aws.found.io:9243/");
  assert.throws(() => url("nonsense"), /copy it whole/);
  assert.throws(() => hostAddresses(["http://es"], id("a$b")), /both set/);
});

test("this machine is known by its names", () => {
  for (const url of ["http://localhost:9200", "http://127.0.0.1", "http://127.3.2.1:1", "http://[::1]:9200"])
    assert.ok(isLocal(new URL(url)), url);
  for (const url of ["http://es:9200", "http://128.0.0.1", "http://localhost.example.org", "http://[2001:db8::1]"])
    assert.ok(!isLocal(new URL(url)), url);
});

test("an API key is taken as id:key and as Kibana shows it, from a file without its newline", () => {
  const encoded = Buffer.from("id:key").toString("base64");
  const path = join(folder, "key");
  writeFileSync(path, "id:key\n");
  assert.deepEqual(readCredentials({ ...none, apiKey: "id:key" }), { kind: "api key", encoded });
  assert.deepEqual(readCredentials({ ...none, apiKey: encoded }), { kind: "api key", encoded });
  assert.deepEqual(readCredentials({ ...none, apiKeyFile: path }), { kind: "api key", encoded });
  assert.equal(readCredentials(none), undefined);
});

test("a password keeps its spaces", () => {
  const path = join(folder, "password");
  writeFileSync(path, " a b \r\n");
  assert.deepEqual(readCredentials({ ...none, username: "me", passwordFile: path }), {
    kind: "basic",
    username: "me",
    password: " a b ",
  });
});

test("credentials that cannot be right are refused without showing them", () => {
  const empty = join(folder, "empty");
  writeFileSync(empty, "\n");
  const cases: readonly [Partial<CredentialSettings>, RegExp][] = [
    [{ apiKey: "topsecret" }, /neither "id:key" nor/],
    [{ apiKey: "id:topsecret", apiKeyFile: empty }, /both set/],
    [{ apiKey: "id:topsecret", username: "me" }, /both set/],
    [{ username: "me" }, /password is missing/],
    [{ password: "topsecret" }, /username is missing/],
    [{ apiKeyFile: empty }, /is empty/],
    [{ apiKeyFile: join(folder, "missing") }, /cannot read .*missing: it does not exist/],
  ];
  for (const [settings, expected] of cases)
    assert.throws(
      () => readCredentials({ ...none, ...settings }),
      (error: Error) => {
        assert.match(error.message, expected);
        assert.doesNotMatch(error.message, /topsecret/);
        return true;
      },
    );
});

test("a fingerprint is taken with and without colons, and TLS files are checked", () => {
  const plain = "ab".repeat(32);
  assert.equal(fingerprintOf(plain.toUpperCase()), plain);
  assert.equal(fingerprintOf(Array.from({ length: 32 }, () => "AB").join(":")), plain);
  assert.throws(() => fingerprintOf("abc"), /64 hexadecimal/);
  const tls = {
    certificateAuthorities: [],
    caTrustedFingerprint: undefined,
    certificate: undefined,
    key: undefined,
    keyPassphrase: undefined,
    verificationMode: "full",
  } as const;
  assert.throws(() => readTls({ ...tls, key: "x" }), /belong together/);
  assert.throws(() => readTls({ ...tls, certificateAuthorities: [join(folder, "nothing.pem")] }), /cannot read/);
  const noPem = join(folder, "no.pem");
  writeFileSync(noPem, "nonsense");
  assert.throws(() => readTls({ ...tls, certificateAuthorities: [noPem] }), /holds no PEM/);
  assert.equal(readTls({ ...tls, verificationMode: "none" }).rejectUnauthorized, false);
  const anyName = readTls({ ...tls, verificationMode: "certificate" }).checkServerIdentity;
  assert.ok(anyName !== undefined);
  assert.doesNotThrow(anyName);
});
