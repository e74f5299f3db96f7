import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { ExitCode, type MayflyError } from "../errors.ts";
import { type Address, addressText, isLocal } from "./address.ts";
import type { HealthSnapshot } from "./health.ts";
import { Metrics } from "./metrics.ts";
import { ReadinessWatch } from "./readiness.ts";
import { addressError, removeStaleSocket, SOCKET_MODE } from "./socket_file.ts";

/** A scraper sends a few hundred bytes. */
const HEADERS_MOST = 8 * 1024;
/** From the first byte to the last of a request, and between two requests of a connection. */
const REQUEST_MS = 10_000;
const IDLE_MS = 5000;
/** Node looks this often whether a request takes too long. */
const CHECK_MS = 2000;
/** One more is refused: a scraper or two, and somebody who looks. */
const CONNECTIONS_MOST = 32;
const LOOK_EVERY_MS = 10_000;

const PATHS = ["/metrics", "/healthz", "/readyz"] as const;
const JSON_TYPE = "application/json; charset=utf-8";

export interface HealthServerOptions {
  readonly address: Address;
  readonly take: () => HealthSnapshot;
  /** Must not throw. Codes: `telemetry_exposed` (anybody on the network can read), `telemetry_fault`. */
  readonly onWarn: (code: string, message: string) => void;
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/** Tells how mayfly is, to whoever asks: /metrics, /healthz, /readyz. Reads only; nothing that is sent to it changes anything. */
export class HealthServer {
  readonly #server: Server;
  readonly #options: HealthServerOptions;
  readonly #metrics: Metrics;
  readonly #watch = new ReadinessWatch();
  readonly #timer: NodeJS.Timeout;

  /**
   * Listens.
   * @throws MayflyError TELEMETRY_ADDRESS when the address is taken (78), is none of this host (78) or is not allowed (77)
   */
  static async open(options: HealthServerOptions): Promise<HealthServer> {
    const server = new HealthServer(options);
    try {
      await server.#listen();
    } catch (error) {
      await server.close(0);
      throw error;
    }
    if (!isLocal(options.address))
      options.onWarn(
        "telemetry_exposed",
        `telemetry.http ${addressText(options.address)}: whoever reaches this host can read mayfly's figures; ":PORT" is for this host only`,
      );
    return server;
  }

  private constructor(options: HealthServerOptions) {
    this.#options = options;
    this.#metrics = new Metrics(options.take);
    this.#server = createServer(
      {
        maxHeaderSize: HEADERS_MOST,
        headersTimeout: IDLE_MS,
        requestTimeout: REQUEST_MS,
        keepAliveTimeout: IDLE_MS,
        connectionsCheckingInterval: CHECK_MS,
      },
      (request, response) => void this.#respond(request, response),
    );
    this.#server.maxConnections = CONNECTIONS_MOST;
    this.#timer = setInterval(() => this.#look(), LOOK_EVERY_MS).unref();
  }

  /** Where it listens; the port that was chosen when port 0 was asked for. */
  get address(): Address {
    const { address } = this.#options;
    if (address.kind === "unix") return address;
    return { ...address, port: (this.#server.address() as AddressInfo).port };
  }

  /** Takes no more requests, lets those under way end within `deadlineMs`, and removes its socket. */
  async close(deadlineMs: number): Promise<void> {
    clearInterval(this.#timer);
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeIdleConnections();
    const timer = setTimeout(() => this.#server.closeAllConnections(), deadlineMs);
    await closed;
    clearTimeout(timer);
  }

  async #listen(): Promise<void> {
    const { address } = this.#options;
    try {
      await this.#tryToListen();
    } catch (error) {
      if (address.kind !== "unix" || (error as NodeJS.ErrnoException).code !== "EADDRINUSE")
        throw listenError(address, error as NodeJS.ErrnoException);
      await removeStaleSocket(address.path);
      await this.#tryToListen().catch((again: unknown) => {
        throw listenError(address, again as NodeJS.ErrnoException);
      });
    }
    // Such as no descriptor left for a connection: nothing to end mayfly for.
    this.#server.on("error", (error) => this.#warn("a connection could not be taken", error));
    this.#server.unref();
  }

  #look(): void {
    try {
      this.#watch.look(this.#options.take());
    } catch (error) {
      this.#warn("the figures could not be taken", error as Error);
    }
  }

  #warn(what: string, { message }: Error): void {
    this.#options.onWarn("telemetry_fault", `telemetry.http: ${what}: ${message}`);
  }

  #tryToListen(): Promise<void> {
    const { address } = this.#options;
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      const ready = (): void => {
        this.#server.off("error", reject);
        resolve();
      };
      if (address.kind === "tcp") {
        this.#server.listen({ host: address.host, port: address.port }, ready);
        return;
      }
      // bind(2) happens within listen(), so the socket never has another mode, and nothing else is made under this umask.
      const umask = process.umask(0o777 & ~SOCKET_MODE);
      try {
        this.#server.listen({ path: address.path }, ready);
      } finally {
        process.umask(umask);
      }
    });
  }

  async #respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // What is sent along is not read, and is not waited for.
    request.resume();
    const answer = await this.#answer(request);
    response.writeHead(answer.status, {
      "Content-Type": answer.type,
      "Content-Length": Buffer.byteLength(answer.body),
      "Cache-Control": "no-store",
      ...(answer.status === 405 && { Allow: "GET, HEAD" }),
    });
    response.end(answer.body);
  }

  async #answer({ method, url = "" }: IncomingMessage): Promise<Answer> {
    if (method !== "GET" && method !== "HEAD") return plain(405, "only GET and HEAD\n");
    try {
      switch (url.split("?")[0]) {
        case "/metrics":
          return { status: 200, type: this.#metrics.contentType, body: await this.#metrics.text() };
        case "/healthz":
          return this.#alive();
        case "/readyz":
          return this.#ready();
        default:
          return plain(404, `here are ${PATHS.join(", ")}\n`);
      }
    } catch (error) {
      this.#warn("a request could not be answered", error as Error);
      return plain(500, "mayfly could not say how it is; its log says why\n");
    }
  }

  /** That there is an answer shows that the event loop runs. */
  #alive(): Answer {
    const { attached, state } = this.#options.take();
    const alive = attached || state !== "watching";
    return { status: alive ? 200 : 503, type: JSON_TYPE, body: jsonText({ alive, attached, state }) };
  }

  #ready(): Answer {
    const readiness = this.#watch.of(this.#options.take());
    return { status: readiness.ready ? 200 : 503, type: JSON_TYPE, body: jsonText(readiness) };
  }
}

function plain(status: number, body: string): Answer {
  return { status, type: "text/plain; charset=utf-8", body };
}

function jsonText(value: object): string {
  return `${JSON.stringify(value)}\n`;
}

function listenError(address: Address, error: NodeJS.ErrnoException): MayflyError {
  const shown = addressText(address);
  switch (error.code) {
    case "EADDRINUSE":
      return addressError(`telemetry.http: ${shown} is in use, perhaps by another mayfly: choose another port.`);
    case "EACCES":
    case "EPERM":
      // libuv says EACCES for a socket's missing folder too (uv_pipe_bind).
      return addressError(
        `telemetry.http: mayfly cannot listen at ${shown}: ${address.kind === "unix" ? "its folder is missing, or mayfly may not write it" : "choose a port above 1023"}.`,
        ExitCode.permission,
      );
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return addressError(`telemetry.http: ${shown} is no address of this host: try "127.0.0.1:9464".`);
    default:
      return addressError(`telemetry.http: mayfly cannot listen at ${shown}: ${error.message}`);
  }
}
