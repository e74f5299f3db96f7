import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server as NetServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { connect } from "../../src/output/elasticsearch/connection.ts";
import type { Connection, Reply } from "../../src/output/elasticsearch/reply.ts";
import type { ConnectionSettings, TlsSettings } from "../../src/output/elasticsearch/settings.ts";
import { Authority } from "../harness/elasticsearch/certificates.ts";
import { plain, plainServer, secure, secureServer } from "../harness/elasticsearch/needs.ts";
import { FaultProxy } from "../harness/elasticsearch/proxy.ts";
import { anyRequest } from "../harness/elasticsearch/rules.ts";
import { connectionSettings } from "./delivery.fixture.ts";

const root = { method: "GET", path: "/?filter_path=cluster_name" } as const;

async function open(t: TestContext, hosts: readonly string[], more?: Partial<ConnectionSettings>): Promise<Connection> {
  const connection = await connect(connectionSettings(hosts, more));
  t.after(() => connection.close());
  return connection;
}

function assertAnswered(reply: Reply, status = 200): void {
  if (reply.kind === "unanswered") assert.fail(reply.reason);
  assert.equal(reply.status, status, reply.text);
  // A 401 comes before Elasticsearch says who it is.
  assert.equal(reply.isElasticsearch, status !== 401);
}

function assertNotSent(reply: Reply, expected: RegExp): void {
  if (reply.kind === "answered") assert.fail(`answered ${reply.status}`);
  assert.match(reply.reason, expected);
  assert.equal(reply.mayHaveArrived, false, reply.reason);
}

/** Takes connections and never says anything. */
async function silence(t: TestContext): Promise<string> {
  const server: NetServer = createServer(() => undefined);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  return `http://127.0.0.1:${(server.address() as { port: number }).port}`;
}

test("requests keep one connection, and say who asks", plain, async (t) => {
  const proxy = await FaultProxy.start(t, plainServer().url);
  const connection = await open(t, [proxy.url]);
  for (let times = 0; times < 5; times++) assertAnswered(await connection.request(root));
  assert.equal(proxy.traffic.connections, 1);
  assert.equal(proxy.traffic.exchanges[0]?.headers["user-agent"], "mayfly/test");
});

test("a compressed body arrives as it was, and the answer too", plain, async (t) => {
  const proxy = await FaultProxy.start(t, plainServer().url);
  const connection = await open(t, [proxy.url], { gzip: "on" });
  const body = [
    Buffer.from('{"create":{"_index":"no-such-stream-mayfly"}}\n'),
    Buffer.from(`{"a":"${"x".repeat(50_000)}"}\n`),
  ];
  const reply = await connection.request({ method: "POST", path: "/_bulk?require_data_stream=true", body });
  assertAnswered(reply);
  assert.match(reply.kind === "answered" ? reply.text : "", /index_not_found_exception/);
  assert.ok(reply.sentBytes > 0 && reply.sentBytes < 1000, `${reply.sentBytes} bytes`);
  assert.equal(proxy.traffic.bulks[0]?.headers["content-encoding"], "gzip");
});

test("a body for this machine is not compressed unless it is asked for", plain, async (t) => {
  const proxy = await FaultProxy.start(t, plainServer().url);
  const connection = await open(t, [proxy.url]);
  const body = [Buffer.from('{"create":{"_index":"no-such-stream-mayfly"}}\n{}\n')];
  const reply = await connection.request({ method: "POST", path: "/_bulk?require_data_stream=true", body });
  assert.equal(reply.sentBytes, body[0]?.length);
  assert.equal(proxy.traffic.bulks[0]?.headers["content-encoding"], undefined);
});

test("a host that is down is passed over, and gets its turn again later", plain, async (t) => {
  const first = await FaultProxy.start(t, plainServer().url);
  const second = await FaultProxy.start(t, plainServer().url);
  const connection = await open(t, [first.url, second.url]);
  for (let times = 0; times < 4; times++) assertAnswered(await connection.request(root));
  assert.deepEqual([first.traffic.exchanges.length, second.traffic.exchanges.length], [2, 2]);
  await first.down();
  const replies: Reply[] = [];
  for (let times = 0; times < 6; times++) replies.push(await connection.request(root));
  assert.equal(replies.filter(({ kind }) => kind === "unanswered").length, 1);
  await first.up();
  const before = first.traffic.exchanges.length;
  for (const end = Date.now() + 5000; first.traffic.exchanges.length === before; ) {
    assert.ok(Date.now() < end, "the first host is not asked again");
    assertAnswered(await connection.request(root));
  }
});

test("nobody listening, and no such name, are told as what they are: nothing was sent", plain, async (t) => {
  const proxy = await FaultProxy.start(t, plainServer().url);
  await proxy.down();
  assertNotSent(await (await open(t, [proxy.url])).request(root), /nobody listens there/);
  const localhost = proxy.url.replace("127.0.0.1", "localhost");
  assertNotSent(await (await open(t, [localhost])).request(root), /nobody listens there/);
  const name = await open(t, ["http://no-such-host.invalid:9200"]);
  assertNotSent(await name.request(root), /cannot be resolved/);
});

test("no answer in time, a cut answer and a cut request may have been carried out", plain, async (t) => {
  const proxy = await FaultProxy.start(t, plainServer().url);
  const connection = await open(t, [proxy.url], { timeoutMs: 300 });
  for (const [rule, expected] of [
    [{ delay: 1000 }, /no answer within/],
    [{ cutAnswer: 0 }, /broke before the answer was complete/],
    [{ cutAnswer: 5 }, /broke before the answer was complete/],
  ] as const) {
    proxy.rules = [{ ...rule, when: anyRequest, times: 1 }];
    const reply = await connection.request(root);
    if (reply.kind === "answered") assert.fail(`answered ${reply.status}`);
    assert.match(reply.reason, expected);
    assert.equal(reply.mayHaveArrived, true);
  }
  assertAnswered(await connection.request(root));
});

test("an answer that stops in its middle does not hold a request for ever", async (t) => {
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.once("data", () => socket.write("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  const connection = await open(t, [`http://127.0.0.1:${(server.address() as { port: number }).port}`], {
    timeoutMs: 300,
  });
  const reply = await connection.request(root);
  assert.equal(reply.kind, "unanswered");
  assert.ok(reply.kind === "unanswered" && reply.timedOut && reply.mayHaveArrived);
});

test("close ends a request that is under way", async (t) => {
  const connection = await open(t, [await silence(t)]);
  const reply = connection.request(root);
  setTimeout(() => connection.close(), 50);
  assert.equal((await reply).kind, "unanswered");
});

test(
  "TLS: an authority's file, its fingerprint, or no check let a request through; nothing else does",
  plain,
  async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "mayfly-tls-"));
    t.after(() => rmSync(folder, { recursive: true }));
    const authority = new Authority();
    const proxy = await FaultProxy.start(t, plainServer().url, { tls: authority.server() });
    const caFile = join(folder, "ca.pem");
    writeFileSync(caFile, authority.cert);
    const { tls } = connectionSettings([]);
    const ask = async (more: Partial<TlsSettings>): Promise<Reply> =>
      (await open(t, [proxy.url], { tls: { ...tls, ...more } })).request(root);
    assertAnswered(await ask({ certificateAuthorities: [caFile] }));
    assertAnswered(await ask({ certificateAuthorities: [authority.cert] }));
    assertAnswered(await ask({ caTrustedFingerprint: authority.fingerprint }));
    assertAnswered(await ask({ caTrustedFingerprint: authority.fingerprint.replaceAll(":", "").toLowerCase() }));
    assertAnswered(await ask({ verificationMode: "none" }));
    const asked = proxy.traffic.exchanges.length;
    assertNotSent(await ask({}), /certificate is not trusted/);
    assertNotSent(await ask({ certificateAuthorities: [new Authority().cert] }), /certificate/);
    assertNotSent(await ask({ caTrustedFingerprint: new Authority().fingerprint }), /has the fingerprint/);
    assert.equal(proxy.traffic.exchanges.length, asked);
  },
);

test("a fingerprint that somebody else's chain only carries along is not enough", plain, async (t) => {
  const authority = new Authority("one authority");
  const impostor = new Authority("one authority");
  const { key, cert } = impostor.server();
  const [leaf = ""] = cert.split(/(?<=-----END CERTIFICATE-----\n)/);
  const proxy = await FaultProxy.start(t, plainServer().url, { tls: { key, cert: leaf + authority.cert } });
  const { tls } = connectionSettings([]);
  const connection = await open(t, [proxy.url], { tls: { ...tls, caTrustedFingerprint: authority.fingerprint } });
  const reply = await connection.request(root);
  assert.equal(reply.kind, "unanswered", "the impostor was believed");
  assert.equal(proxy.traffic.exchanges.length, 0, "the impostor has the request");
});

test("a certificate for another name is taken with verification_mode certificate only", plain, async (t) => {
  const authority = new Authority();
  const proxy = await FaultProxy.start(t, plainServer().url, { tls: authority.serverElsewhere() });
  const tls = { ...connectionSettings([]).tls, certificateAuthorities: [authority.cert] };
  assertNotSent(await (await open(t, [proxy.url], { tls })).request(root), /for another name/);
  const lenient = await open(t, [proxy.url], { tls: { ...tls, verificationMode: "certificate" } });
  assertAnswered(await lenient.request(root));
});

test("a client certificate is shown, with an encrypted key too", plain, async (t) => {
  const authority = new Authority();
  const clients = new Authority();
  const proxy = await FaultProxy.start(t, plainServer().url, {
    tls: { ...authority.server(), clientsOf: clients.cert },
  });
  const tls = { ...connectionSettings([]).tls, certificateAuthorities: [authority.cert] };
  const { key, cert } = clients.client("secret");
  const withKey = { ...tls, certificate: cert, key, keyPassphrase: "secret" };
  assertAnswered(await (await open(t, [proxy.url], { tls: withKey })).request(root));
  assertNotSent(await (await open(t, [proxy.url], { tls })).request(root), /client certificate/);
});

test("user and password, in settings or in the URL, and an API key open a server with security", secure, async (t) => {
  const { url, user = "", password = "" } = secureServer();
  const { credentials } = connectionSettings([]);
  const basic = await open(t, [url], { credentials: { ...credentials, username: user, password } });
  assertAnswered(await basic.request(root));
  const inUrl = new URL(url);
  inUrl.username = encodeURIComponent(user);
  inUrl.password = encodeURIComponent(password);
  assertAnswered(await (await open(t, [inUrl.href])).request(root));
  const name = `mayfly-delivery-${process.pid}`;
  const made = await basic.request({ method: "POST", path: "/_security/api_key", body: JSON.stringify({ name }) });
  t.after(() => basic.request({ method: "DELETE", path: "/_security/api_key", body: JSON.stringify({ name }) }));
  const { id, api_key: key, encoded } = JSON.parse(made.kind === "answered" ? made.text : "") as Record<string, string>;
  for (const apiKey of [`${id}:${key}`, encoded as string])
    assertAnswered(await (await open(t, [url], { credentials: { ...credentials, apiKey } })).request(root));
  assertAnswered(await (await open(t, [url])).request(root), 401);
});

test("a password that is changed in its file is taken when the old one is refused", secure, async (t) => {
  const { url, user, password = "" } = secureServer();
  const folder = mkdtempSync(join(tmpdir(), "mayfly-password-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const passwordFile = join(folder, "password");
  writeFileSync(passwordFile, "wrong");
  const { credentials } = connectionSettings([]);
  const connection = await open(t, [url], { credentials: { ...credentials, username: user, passwordFile } });
  assertAnswered(await connection.request(root), 401);
  // As while an editor writes it.
  writeFileSync(passwordFile, "");
  assertAnswered(await connection.request(root), 401);
  writeFileSync(passwordFile, `${password}\n`);
  assertAnswered(await connection.request(root));
});

test("no failure shows a credential", secure, async (t) => {
  const proxy = await FaultProxy.start(t, secureServer().url);
  const { credentials } = connectionSettings([]);
  const url = proxy.url.replace("//", "//me:topsecret1@");
  const settings = { credentials: { ...credentials, apiKey: "id:topsecret2" }, timeoutMs: 200 };
  const connection = await open(t, [url], settings);
  const replies = [await connection.request(root)];
  proxy.rules = [
    { cutAnswer: 0, when: anyRequest, times: 1 },
    { delay: 1000, when: anyRequest },
  ];
  replies.push(await connection.request(root), await connection.request(root));
  await proxy.down();
  replies.push(await connection.request(root));
  const encoded = Buffer.from("id:topsecret2").toString("base64");
  for (const reply of replies) {
    const text = JSON.stringify(reply);
    assert.ok(!text.includes("topsecret") && !text.includes(encoded), text);
  }
});
