import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server as HttpServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { createServer as createNetServer, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { atEnd, type Owner } from "./at_end.ts";
import { type BulkAnswer, type BulkItem, type ItemOutcome, mergeAnswers, readBulk } from "./bulk_body.ts";
import { dice, type Fault, type Rejection, type Rule, RuleBook, rejectionOf } from "./rules.ts";
import { type Exchange, Traffic } from "./traffic.ts";
import { decoded, type Reply, readAll, Upstream } from "./upstream.ts";

export interface ProxyOptions {
  /** Of its dice, for shares of documents. Default 1. */
  readonly seed?: number;
  /** Makes it speak TLS to its clients; see certificates.ts. */
  readonly tls?: {
    readonly key: string;
    /** The certificate and those above it, PEM. */
    readonly cert: string;
    /** Demands a client certificate of this authority, PEM. */
    readonly clientsOf?: string;
  };
}

const zip = promisify(gzip);

/**
 * An HTTP proxy on 127.0.0.1 that does to requests what its rules say, and counts. Without rules it changes nothing.
 * Each body is read whole before it goes on: bulk requests are 5 MiB at most.
 */
export class FaultProxy {
  readonly traffic = new Traffic();
  readonly #book = new RuleBook();
  readonly #roll: () => number;
  readonly #upstream: Upstream;
  readonly #listener: HttpServer;
  readonly #scheme: "http" | "https";
  /** By the client's port. With TLS this is the socket below, which alone can be reset. */
  readonly #connections = new Map<number | undefined, Socket>();
  #port = 0;
  /** Ends delays when it goes down. */
  #life = new AbortController();
  /** Bulk bodies that are none, and rules that throw. */
  readonly #faults: unknown[] = [];

  /** @param target of the server, http, without user and password: those are the client's to send */
  static async start(owner: Owner, target: string, options: ProxyOptions = {}): Promise<FaultProxy> {
    const proxy = new FaultProxy(target, options);
    atEnd(owner, () => proxy.#close());
    proxy.#port = await freePort();
    await proxy.up();
    return proxy;
  }

  private constructor(target: string, { seed = 1, tls }: ProxyOptions) {
    this.#roll = dice(seed);
    this.#upstream = new Upstream(target);
    this.#scheme = tls === undefined ? "http" : "https";
    const serve = (request: IncomingMessage, response: ServerResponse): void => void this.#serve(request, response);
    // As Elasticsearch does, it closes no connection that is idle.
    const never = { keepAliveTimeout: 0, requestTimeout: 0 };
    const clients = tls?.clientsOf === undefined ? {} : { ca: tls.clientsOf, requestCert: true };
    this.#listener =
      tls === undefined
        ? createServer(never, serve)
        : createTlsServer({ ...never, ...clients, key: tls.key, cert: tls.cert }, serve);
    this.#listener.on("connection", (socket: Socket) => this.#welcome(socket));
  }

  /** The same over its whole life. */
  get url(): string {
    return `${this.#scheme}://127.0.0.1:${this.#port}`;
  }

  get rules(): readonly Rule[] {
    return this.#book.rules;
  }

  /** In force from the next request on; `[]` for none. Two rules may act on one request. */
  set rules(rules: readonly Rule[]) {
    this.#book.rules = rules;
  }

  /** Refuses connections and resets those that are open; requests that wait for a delay do not reach the server. */
  async down(): Promise<void> {
    if (!this.#listener.listening) return;
    const closed = once(this.#listener, "close");
    this.#listener.close();
    this.#life.abort();
    for (const socket of this.#connections.values()) socket.resetAndDestroy();
    await closed;
  }

  /** On the port it had before. */
  async up(): Promise<void> {
    if (this.#listener.listening) return;
    this.#life = new AbortController();
    this.#listener.listen(this.#port, "127.0.0.1");
    await once(this.#listener, "listening");
  }

  /** Throws what went wrong other than connections, so that no test takes it for an outage. */
  async #close(): Promise<void> {
    await this.down();
    this.#upstream.close();
    if (this.#faults.length > 0) throw this.#faults[0];
  }

  #welcome(socket: Socket): void {
    this.traffic.connections++;
    const { remotePort } = socket;
    this.#connections.set(remotePort, socket);
    socket.on("close", () => this.#connections.delete(remotePort));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "", url: path = "", headers } = request;
    const bulk = (method === "POST" || method === "PUT") && /\/_bulk(\?|$)/.test(path);
    const exchange = this.traffic.begin({ method, path, headers, bulk });
    response.on("close", () => this.traffic.end(exchange, "lost", "the client went away"));
    try {
      await this.#pass(request, response, exchange);
    } catch (fault) {
      this.traffic.end(exchange, "lost", String(fault));
      // What has a code came from the system: a connection that went away, a delay that was ended.
      if (!(fault instanceof Error && "code" in fault)) this.#faults.push(fault);
      this.#reset(request);
    }
  }

  async #pass(request: IncomingMessage, response: ServerResponse, exchange: Exchange): Promise<void> {
    const fault = this.#book.faultFor(exchange);
    if (fault.resetAfter !== undefined) {
      exchange.bytes = await readUpTo(request, fault.resetAfter);
      this.traffic.end(exchange, "reset");
      this.#reset(request);
      return;
    }
    const body = await readAll(request);
    exchange.bytes = body.length;
    const items = exchange.bulk ? readBulk(await decoded(request.headers, body)) : [];
    this.traffic.noteSent(exchange, items);
    await this.#wait(fault.delay);
    const reply = refusalOf(fault, body) ?? (await this.#ask(exchange, body, items, fault));
    exchange.status = reply.status;
    await this.#wait(fault.delayAnswer);
    if (fault.cutAnswer === undefined) this.#answer(response, reply, exchange);
    else await this.#cut(request, response, reply, fault.cutAnswer, exchange);
  }

  async #ask(exchange: Exchange, body: Buffer, items: readonly BulkItem[], fault: Fault): Promise<Reply> {
    if (items.length === 0 || (fault.reject === undefined && fault.change === undefined)) {
      this.traffic.noteForwarded(exchange, items);
      return this.#upstream.send(exchange, body, false);
    }
    const rejected = this.#rejected(items, fault.reject);
    const passing = items.filter((item) => !rejected.has(item));
    const reply = await this.#sendSome(exchange, passing);
    if (reply.status !== 200) return reply;
    const answer = mergeAnswers(items, rejected, JSON.parse(reply.body.toString()) as BulkAnswer);
    const changed = fault.change?.(answer, items) ?? answer;
    return { ...reply, body: Buffer.from(JSON.stringify(changed)) };
  }

  #rejected(items: readonly BulkItem[], rejection: Rejection | undefined): ReadonlyMap<BulkItem, ItemOutcome> {
    if (rejection === undefined) return new Map();
    const { items: which } = rejection;
    const hit = typeof which === "number" ? () => this.#roll() < which : which;
    return new Map(items.filter(hit).map((item) => [item, rejectionOf(rejection, item)]));
  }

  async #sendSome(exchange: Exchange, items: readonly BulkItem[]): Promise<Reply> {
    // The server takes no empty bulk request.
    if (items.length === 0) return jsonReply(200, { took: 0, errors: false, items: [] });
    this.traffic.noteForwarded(exchange, items);
    const lines = Buffer.concat(items.map((item) => item.lines));
    const body = exchange.headers["content-encoding"] === "gzip" ? await zip(lines, { level: 1 }) : lines;
    return this.#upstream.send(exchange, body, true);
  }

  #answer(response: ServerResponse, { status, headers, body }: Reply, exchange: Exchange): void {
    // An answer to HEAD has no body, and to say that its length is 0 would be untrue.
    const length = exchange.method === "HEAD" ? {} : { "content-length": body.length };
    response.writeHead(status, { ...headers, ...length });
    // Before the client can have read it, so that a test that has its answer finds it counted.
    this.traffic.end(exchange, "answered");
    response.end(body);
  }

  async #cut(
    request: IncomingMessage,
    response: ServerResponse,
    reply: Reply,
    after: number,
    exchange: Exchange,
  ): Promise<void> {
    this.traffic.end(exchange, "cut");
    if (after === 0) {
      this.#reset(request);
      return;
    }
    response.writeHead(reply.status, { ...reply.headers, "content-length": reply.body.length });
    const part = reply.body.subarray(0, Math.min(after, reply.body.length - 1));
    await new Promise((written) => response.write(part, written));
    // Not reset: that could overtake the part on its way.
    request.socket.destroy();
  }

  #reset(request: IncomingMessage): void {
    this.#connections.get(request.socket.remotePort)?.resetAndDestroy();
  }

  async #wait(ms: number | undefined): Promise<void> {
    if (ms !== undefined) await sleep(ms, undefined, { signal: this.#life.signal });
  }
}

/**
 * Below the ports that the kernel gives to outgoing connections: one of those could be taken while the proxy is down,
 * or a client that tries again and again could be connected to itself.
 */
async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(20_000, 30_000);
    const probe = createNetServer();
    const free = await new Promise<boolean>((tell) => {
      probe.once("error", () => tell(false));
      probe.listen(port, "127.0.0.1", () => probe.close(() => tell(true)));
    });
    if (free) return port;
  }
}

/** Reads until so many bytes are in, or the end; the connection stays as it is. */
function readUpTo(request: IncomingMessage, enough: number): Promise<number> {
  return new Promise((resolve, reject) => {
    let bytes = 0;
    if (enough === 0) resolve(bytes);
    request.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes >= enough) resolve(bytes);
    });
    request.on("end", () => resolve(bytes));
    request.on("error", reject);
  });
}

function refusalOf({ answer, largest }: Fault, body: Buffer): Reply | undefined {
  if (answer !== undefined) {
    const error = { type: "test", reason: "answered by the test's proxy" };
    const reply = jsonReply(answer.status, answer.body ?? { error, status: answer.status });
    return answer.retryAfter === undefined
      ? reply
      : { ...reply, headers: { ...reply.headers, "retry-after": answer.retryAfter } };
  }
  if (largest === undefined || body.length <= largest) return undefined;
  return { status: 413, headers: { "content-type": "text/html" }, body: Buffer.from("<h1>Content Too Large</h1>\n") };
}

function jsonReply(status: number, body: object): Reply {
  const headers = { "content-type": "application/json", "x-elastic-product": "Elasticsearch" };
  return { status, headers, body: Buffer.from(JSON.stringify(body)) };
}
