import http from "node:http";
import https from "node:https";
import type { Duplex } from "node:stream";
import { pipeline, Readable } from "node:stream";
import { text as readText } from "node:stream/consumers";
import { isDeepStrictEqual } from "node:util";
import { constants, createGunzip, createGzip } from "node:zlib";
import type HttpConnection from "@elastic/transport/connection/HttpConnection";
import { retryAfterMs } from "./backoff.ts";
import { type Credentials, readCredentials, readCredentialsIfGood } from "./credentials.ts";
import { type HostAddress, HostPool, hostAddresses, isLocal } from "./hosts.ts";
import type { Answered, Connection, Reply, Request, Unanswered } from "./reply.ts";
import type { ConnectionSettings } from "./settings.ts";
import { fingerprintOf, readTls, type TlsOptions, trustedCa, withCa } from "./tls.ts";
import { explain } from "./unanswered.ts";

type HttpConnectionClass = typeof HttpConnection.default;

/** A host that does not take a connection within this is passed over, ms. Not the time of a request: that may be long. */
const CONNECT_MS = 10_000;
/** zlib's 16 KiB would mean 20 callbacks for a compressed body of 5 MiB. */
const GZIP_CHUNK = 128 * 1024;

interface Host {
  readonly address: HostAddress;
  /** Undefined until the certificate that the fingerprint names is known. */
  node: Node | undefined;
}

interface Node {
  readonly connection: InstanceType<HttpConnectionClass>;
  readonly agent: http.Agent;
}

/** Opens nothing yet. Throws BAD_CREDENTIALS, BAD_TLS or BAD_HOST. */
export async function connect(settings: ConnectionSettings): Promise<Connection> {
  const credentials = readCredentials(settings.credentials);
  const addresses = hostAddresses(settings.hosts, settings.cloudId);
  const tls = readTls(settings.tls);
  // Only this class of the client: 1.2 MiB and 10 ms of CPU, where the whole client is 24 MiB and 220 ms, its transport alone
  // 15 MiB and 115 ms, and its pool 12.7 MiB and 75 ms because it loads undici.
  const { default: module } = await import("@elastic/transport/connection/HttpConnection");
  return new NodeConnection(settings, addresses, credentials, tls, module.default);
}

/** Authentication, TLS, keep-alive and sockets by @elastic/transport; several hosts by HostPool. Retries nothing. */
class NodeConnection implements Connection {
  readonly #settings: ConnectionSettings;
  #credentials: Credentials | undefined;
  readonly #tls: TlsOptions;
  readonly #fingerprint: string | undefined;
  readonly #class: HttpConnectionClass;
  readonly #pool: HostPool<Host>;
  readonly #gzip: boolean;
  readonly #closing = new AbortController();
  #requests = 0;

  constructor(
    settings: ConnectionSettings,
    addresses: readonly HostAddress[],
    credentials: Credentials | undefined,
    tls: TlsOptions,
    connectionClass: HttpConnectionClass,
  ) {
    this.#settings = settings;
    this.#credentials = credentials;
    this.#tls = tls;
    const { caTrustedFingerprint, verificationMode } = settings.tls;
    this.#fingerprint =
      caTrustedFingerprint === undefined || verificationMode === "none"
        ? undefined
        : fingerprintOf(caTrustedFingerprint);
    this.#class = connectionClass;
    this.#pool = new HostPool(addresses.map((address) => ({ address, node: undefined })));
    this.#gzip = settings.gzip === "on" || (settings.gzip === "auto" && !addresses.every(({ url }) => isLocal(url)));
  }

  async request(request: Request): Promise<Reply> {
    const host = this.#pool.pick(Date.now());
    const reply = await this.#ask(host, request);
    // What a gateway answers for a dead node behind it counts as its death.
    const isDead = reply.kind === "unanswered" || (reply.status >= 502 && reply.status <= 504);
    if (isDead) this.#pool.dead(host, Date.now());
    else this.#pool.alive(host);
    // Carried out by nobody, so it may be sent again at once.
    if (reply.kind === "answered" && reply.status === 401 && this.#hasOtherCredentials()) return this.request(request);
    return reply;
  }

  /** Keys are changed in their files while mayfly runs: reads them anew, and says whether they are others now. */
  #hasOtherCredentials(): boolean {
    const { apiKeyFile, passwordFile } = this.#settings.credentials;
    if (apiKeyFile === undefined && passwordFile === undefined) return false;
    const credentials = readCredentialsIfGood(this.#settings.credentials);
    if (credentials === undefined || isDeepStrictEqual(credentials, this.#credentials)) return false;
    this.#credentials = credentials;
    for (const host of this.#pool.hosts) {
      host.node?.agent.destroy();
      host.node = undefined;
    }
    return true;
  }

  close(): void {
    this.#closing.abort();
    for (const { node } of this.#pool.hosts) node?.agent.destroy();
  }

  async #ask(host: Host, request: Request): Promise<Reply> {
    const name = host.address.url.origin;
    let sentBytes = 0;
    try {
      if (this.#closing.signal.aborted) throw new Error("closed");
      host.node ??= await this.#open(host.address);
      const { body, headers } = await this.#body(request);
      sentBytes = Number(headers["content-length"] ?? 0);
      const response = await host.node.connection.request(
        {
          method: request.method,
          path: pathOf(host.address.url, request.path),
          headers,
          ...(body !== undefined && { body }),
        },
        {
          requestId: ++this.#requests,
          name: "mayfly",
          context: null,
          timeout: this.#settings.timeoutMs,
          signal: this.#closing.signal,
          asStream: true,
        },
      );
      return await answered(response, name, sentBytes, this.#settings.timeoutMs);
    } catch (error) {
      return { kind: "unanswered", ...explain(error, name, this.#closing.signal.aborted), host: name, sentBytes };
    }
  }

  async #open(address: HostAddress): Promise<Node> {
    const isHttps = address.url.protocol === "https:";
    let tls = this.#tls;
    if (isHttps && this.#fingerprint !== undefined)
      tls = withCa(tls, await trustedCa(address.url, this.#fingerprint, tls));
    const agentOptions = { keepAlive: true, keepAliveMsecs: 1000, scheduling: "lifo" } as const;
    const agent = isHttps ? new https.Agent({ ...agentOptions, ...tls }) : new http.Agent(agentOptions);
    limitConnecting(agent, isHttps ? "secureConnect" : "connect");
    const auth = authOf(this.#credentials, address);
    const connection = new this.#class({ url: address.url, agent: () => agent, ...(auth !== undefined && { auth }) });
    return { connection, agent };
  }

  async #body(request: Request): Promise<{ body: Readable | string | undefined; headers: http.IncomingHttpHeaders }> {
    const headers: http.IncomingHttpHeaders = { accept: "application/json", "user-agent": this.#settings.userAgent };
    if (this.#gzip) headers["accept-encoding"] = "gzip";
    const { body } = request;
    if (body === undefined) return { body, headers };
    if (typeof body === "string") {
      headers["content-type"] = "application/json";
      headers["content-length"] = String(Buffer.byteLength(body));
      return { body, headers };
    }
    const parts = this.#gzip ? await compressed(body) : body;
    headers["content-type"] = "application/x-ndjson";
    headers["content-length"] = String(parts.reduce((bytes, part) => bytes + part.length, 0));
    if (this.#gzip) headers["content-encoding"] = "gzip";
    return { body: Readable.from(parts, { objectMode: false }), headers };
  }
}

function authOf(credentials: Credentials | undefined, { username, password }: HostAddress) {
  if (credentials?.kind === "api key") return { apiKey: credentials.encoded };
  if (credentials?.kind === "basic") return { username: credentials.username, password: credentials.password };
  return username === "" ? undefined : { username, password };
}

/** A node may stand under a path of a proxy: https://example.org/elasticsearch. HttpConnection joins them. */
function pathOf(url: URL, path: string): string {
  return url.pathname === "/" ? path : path.replace(/^\//, "");
}

/** A host that drops packets would otherwise cost the whole time of a request. */
function limitConnecting(agent: http.Agent, ready: "connect" | "secureConnect"): void {
  const create = agent.createConnection.bind(agent);
  agent.createConnection = (options, callback) => {
    const socket = create(options, callback) as Duplex;
    const timer = setTimeout(() => socket.destroy(new Error("connect ETIMEDOUT")), CONNECT_MS);
    const stop = (): void => clearTimeout(timer);
    socket.once(ready, stop);
    socket.once("close", stop);
    return socket;
  };
}

async function compressed(body: readonly Buffer[]): Promise<Buffer[]> {
  const parts: Buffer[] = [];
  const gzip = createGzip({ level: constants.Z_BEST_SPEED, chunkSize: GZIP_CHUNK });
  for await (const part of Readable.from(body, { objectMode: false }).pipe(gzip)) parts.push(part as Buffer);
  return parts;
}

/** HttpConnection's own time ends with the head of the answer: a body that stands still must not hold a request for ever. */
async function answered(
  response: { statusCode: number; headers: http.IncomingHttpHeaders; body: Readable },
  host: string,
  sentBytes: number,
  timeoutMs: number,
): Promise<Answered | Unanswered> {
  const { body, headers, statusCode } = response;
  const timer = setTimeout(() => body.destroy(new Error("Request timed out")), timeoutMs);
  try {
    const isCompressed = headers["content-encoding"] === "gzip";
    // A fault of the pipeline destroys the stream that is read, so its callback has nothing to do.
    const text = await readText(isCompressed ? pipeline(body, createGunzip(), () => undefined) : body);
    return {
      kind: "answered",
      status: statusCode,
      text,
      isElasticsearch: headers["x-elastic-product"] === "Elasticsearch",
      retryAfterMs: retryAfterMs(headers["retry-after"], Date.now()),
      location: headers.location?.replace(/\?.*/, "").replace(/\/\/[^/]*@/, "//"),
      host,
      sentBytes,
    };
  } finally {
    clearTimeout(timer);
  }
}
