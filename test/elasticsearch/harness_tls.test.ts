import assert from "node:assert/strict";
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { type RequestOptions, request } from "node:https";
import { test } from "node:test";
import type { TLSSocket } from "node:tls";
import { Authority } from "../harness/elasticsearch/certificates.ts";
import { plain, plainServer } from "../harness/elasticsearch/needs.ts";
import { FaultProxy } from "../harness/elasticsearch/proxy.ts";
import { anyRequest } from "../harness/elasticsearch/rules.ts";
import { readAll } from "../harness/elasticsearch/upstream.ts";

/** The name of the cluster, asked over TLS. */
async function ask(url: string, options: RequestOptions): Promise<{ name: string; fingerprint: string | undefined }> {
  const asking = request(url, { ...options, agent: false });
  asking.end();
  const [answer] = (await once(asking, "response")) as [IncomingMessage];
  const chain = (answer.socket as TLSSocket).getPeerCertificate(true);
  const { cluster_name: name } = JSON.parse((await readAll(answer)).toString()) as { cluster_name: string };
  return { name, fingerprint: chain.issuerCertificate?.fingerprint256 };
}

test("the proxy speaks TLS with a certificate of its authority and nobody else's", plain, async (t) => {
  const authority = new Authority();
  const { key, cert } = authority.server();
  const proxy = await FaultProxy.start(t, plainServer().url, { tls: { key, cert } });
  const { name, fingerprint } = await ask(proxy.url, { ca: authority.cert });
  assert.notEqual(name, "");
  assert.equal(fingerprint, authority.fingerprint, "the authority's certificate comes along");
  await assert.rejects(ask(proxy.url, { ca: new Authority().cert }), { code: /SIGNATURE|ISSUER|SELF_SIGNED/ });
  await assert.rejects(ask(proxy.url, {}), { code: "SELF_SIGNED_CERT_IN_CHAIN" });
});

test("a certificate for another host is refused by name, and only by name", plain, async (t) => {
  const authority = new Authority();
  const { key, cert } = authority.serverElsewhere();
  const proxy = await FaultProxy.start(t, plainServer().url, { tls: { key, cert } });
  await assert.rejects(ask(proxy.url, { ca: authority.cert }), { code: "ERR_TLS_CERT_ALTNAME_INVALID" });
  await ask(proxy.url, { ca: authority.cert, checkServerIdentity: () => undefined });
});

test("a client certificate is demanded, and one of another authority refused", plain, async (t) => {
  const authority = new Authority();
  const clients = new Authority();
  const tls = { ...authority.server(), clientsOf: clients.cert };
  const proxy = await FaultProxy.start(t, plainServer().url, { tls });
  const ca = authority.cert;
  await ask(proxy.url, { ca, ...clients.client() });
  await ask(proxy.url, { ca, ...clients.client("secret"), passphrase: "secret" });
  await assert.rejects(ask(proxy.url, { ca }), /certificate required/);
  await assert.rejects(ask(proxy.url, { ca, ...new Authority().client() }), { code: /ALERT|ECONNRESET/ });
  assert.match(clients.client("secret").key, /^-----BEGIN ENCRYPTED PRIVATE KEY-----/);
});

test("connections are reset below TLS too", plain, async (t) => {
  const authority = new Authority();
  const proxy = await FaultProxy.start(t, plainServer().url, { tls: authority.server() });
  proxy.rules = [{ cutAnswer: 0, when: anyRequest }];
  await assert.rejects(ask(proxy.url, { ca: authority.cert }), { code: "ECONNRESET" });
  assert.equal(proxy.traffic.exchanges[0]?.fate, "cut");
});
