import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { lossesIn } from "../harness/elasticsearch/arrivals.ts";
import { atEnd } from "../harness/elasticsearch/at_end.ts";
import { Authority } from "../harness/elasticsearch/certificates.ts";
import { eventually } from "../harness/elasticsearch/eventually.ts";
import { needs, plain, plainServer } from "../harness/elasticsearch/needs.ts";
import { Scene } from "../harness/elasticsearch/scene.ts";
import { live } from "../harness/live.ts";

/** The server of these tests knows no keys: this one is there to be kept secret. */
const apiKey = "tls-key-id:tls-key-secret";
const passphrase = "tls-passphrase";
const secrets = [apiKey, "tls-key-secret", Buffer.from(apiKey).toString("base64"), passphrase, "PRIVATE KEY"];

test("with a CA file the collector ships over TLS", needs(live, plain), async (t) => {
  const authority = new Authority();
  const scene = await ship(t, { server: authority.server() }, { certificate_authorities: [file(t, authority.cert)] });
  await assertShips(scene);
});

test("with the CA's fingerprint the collector ships over TLS", needs(live, plain), async (t) => {
  const authority = new Authority();
  const scene = await ship(t, { server: authority.server() }, { ca_trusted_fingerprint: authority.fingerprint });
  await assertShips(scene);
});

test("with a client certificate, its key encrypted, the collector is let in", needs(live, plain), async (t) => {
  const [authority, clients] = [new Authority(), new Authority()];
  const { cert, key } = clients.client(passphrase);
  const scene = await ship(
    t,
    { server: authority.server(), clientsOf: clients.cert },
    {
      certificate_authorities: [file(t, authority.cert)],
      certificate: file(t, cert),
      key: file(t, key),
      key_passphrase: passphrase,
    },
  );
  await assertShips(scene);
});

test("a CA that did not sign the server's certificate is told, and nothing is sent", needs(live, plain), async (t) => {
  const [authority, other] = [new Authority(), new Authority()];
  const tls = { server: authority.server() };
  await assertRefuses(
    await ship(t, tls, { certificate_authorities: [file(t, other.cert)] }),
    /certificate is not trusted; set ssl\.certificate_authorities/,
  );
});

test("a fingerprint that nothing in the chain has is told, and nothing is sent", needs(live, plain), async (t) => {
  const [authority, other] = [new Authority(), new Authority()];
  const tls = { server: authority.server() };
  await assertRefuses(
    await ship(t, tls, { ca_trusted_fingerprint: other.fingerprint }),
    /no authority .* has the fingerprint ssl\.ca_trusted_fingerprint/,
  );
});

test("a client certificate that is demanded and not there is told", needs(live, plain), async (t) => {
  const [authority, clients] = [new Authority(), new Authority()];
  const tls = { server: authority.server(), clientsOf: clients.cert };
  await assertRefuses(
    await ship(t, tls, { certificate_authorities: [file(t, authority.cert)] }),
    /does it ask for a client certificate \(ssl\.certificate, ssl\.key\)/,
  );
});

interface ServerTls {
  readonly server: { readonly key: string; readonly cert: string };
  readonly clientsOf?: string;
}

function ship(t: TestContext, { server, clientsOf }: ServerTls, ssl: object): Promise<Scene> {
  const tls = { ...server, ...(clientsOf !== undefined && { clientsOf }) };
  return Scene.set(t, plainServer(), { proxy: { tls }, elasticsearch: { api_key: apiKey, ssl } });
}

async function assertShips(scene: Scene): Promise<void> {
  const arrivals = await scene.arrivals(await scene.live(100));
  assert.equal(arrivals.difference.summary, "");
  assert.deepEqual(arrivals.doubled, []);
  assert.match(scene.proxy.url, /^https:/);
  const { authorization } = scene.proxy.traffic.bulks[0]?.headers ?? {};
  assert.equal(authorization, `ApiKey ${Buffer.from(apiKey).toString("base64")}`);
  assert.deepEqual(lossesIn(await scene.settled()), {});
  assertSecret(scene);
}

async function assertRefuses(scene: Scene, told: RegExp): Promise<void> {
  const { shipper, proxy, server, namespace } = scene;
  await scene.live(20);
  // Not necessarily the first: a connection may break before the server's alert is read, and a code repeats every 10 s.
  await shipper.waitForLog(({ message }) => told.test(message), 40_000);
  await shipper.waitForLog("nothing is lost, documents stay in the spool");
  assert.ok(proxy.traffic.connections > 0);
  assert.deepEqual(proxy.traffic.exchanges, [], "not even a question");
  assert.equal(await server.count(namespace.everything), 0);
  const metrics = await eventually(
    async () => {
      const now = await shipper.metrics();
      return (now.get("mayfly_spool_documents") ?? 0) >= 20 ? now : undefined;
    },
    10_000,
    "all wait in the spool",
  );
  assert.deepEqual(lossesIn(metrics), {});
  assertSecret(scene);
}

function assertSecret({ shipper }: Scene): void {
  const seen = shipper.stderr + readFileSync(`/proc/${shipper.pid}/cmdline`, "latin1");
  for (const secret of secrets) assert.ok(!seen.includes(secret), `${secret} can be seen`);
}

function file(t: TestContext, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), "mayfly-pem-"));
  atEnd(t, () => rmSync(folder, { recursive: true }));
  const path = join(folder, "file.pem");
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}
