import assert from "node:assert/strict";
import { test } from "node:test";
import { type Address, addressText, isLocal, parseAddress } from "../../src/telemetry/address.ts";

const tcp = (host: string, port: number): Address => ({ kind: "tcp", host, port });

test("a host and a port, a port of this host alone, and the path of a socket are addresses", () => {
  const cases: readonly [string, Address][] = [
    ["127.0.0.1:9464", tcp("127.0.0.1", 9464)],
    ["localhost:1", tcp("localhost", 1)],
    [":9464", tcp("127.0.0.1", 9464)],
    ["[::1]:65535", tcp("::1", 65_535)],
    ["0.0.0.0:9464", tcp("0.0.0.0", 9464)],
    ["unix:/run/mayfly/health.sock", { kind: "unix", path: "/run/mayfly/health.sock" }],
  ];
  for (const [text, value] of cases) {
    assert.deepEqual(parseAddress(text), { value });
    assert.deepEqual(parseAddress(addressText(value)), { value });
  }
});

test("what is no address is told with what to write", () => {
  const cases: readonly [string, RegExp][] = [
    ["9464", /no address: write host and port, such as "127.0.0.1:9464"/],
    ["", /no address/],
    ["127.0.0.1", /no address/],
    ["127.0.0.1:0", /between 1 and 65535/],
    ["127.0.0.1:65536", /between 1 and 65535/],
    ["::1:9464", /no address/],
    ["[127.0.0.1]:9464", /IPv6/],
    ["*:9464", /"0\.0\.0\.0:9464"/],
    ["user@host:1", /no name of a host/],
    ["http://127.0.0.1:9464", /leave "http:\/\/" away/],
    ["unix:run/mayfly.sock", /a path from the root/],
    [`unix:/${"x".repeat(107)}`, /at most 107 bytes/],
    ["unix:/a\0b", /NUL/],
  ];
  for (const [text, fault] of cases) {
    const reading = parseAddress(text);
    assert.ok("fault" in reading, `${text} was taken`);
    assert.match(reading.fault, fault);
  }
});

test("a long text is cut in the message, and controls are escaped", () => {
  const reading = parseAddress(`\u001b[2J${"x".repeat(1000)}`);
  assert.ok("fault" in reading);
  assert.ok(reading.fault.length < 200 && !reading.fault.includes("\u001b"));
});

test("a socket and loopback are for this host only, everything else is not", () => {
  for (const text of ["unix:/run/m.sock", "127.0.0.1:1", "127.8.8.8:1", "localhost:1", "[::1]:1", ":1"])
    assert.ok(isLocal((parseAddress(text) as { value: Address }).value), text);
  for (const text of ["0.0.0.0:1", "[::]:1", "10.0.0.1:1", "example.org:1", "127.evil.org:1"])
    assert.ok(!isLocal((parseAddress(text) as { value: Address }).value), text);
});
