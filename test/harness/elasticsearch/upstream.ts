import { once } from "node:events";
import { Agent, type IncomingHttpHeaders, type IncomingMessage, type OutgoingHttpHeaders, request } from "node:http";
import type { Readable } from "node:stream";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import type { Asked } from "./rules.ts";

/** A whole answer. */
export interface Reply {
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;
  readonly body: Buffer;
}

/** Headers that speak of one connection or one framing of the body: each side of the proxy has its own. */
const HOP = ["connection", "keep-alive", "transfer-encoding", "content-length", "expect", "host", "upgrade"];

const unzip = promisify(gunzip);

/** The connections to the server behind a proxy. */
export class Upstream {
  readonly #url: string;
  readonly #agent = new Agent({ keepAlive: true });

  /** @param url http: the server behind is spoken to in the clear */
  constructor(url: string) {
    this.#url = url;
  }

  /**
   * Resolves with the whole answer: the server has done its work then.
   * @param plain asks for an answer that is not compressed
   */
  async send({ method, path, headers }: Asked, body: Buffer, plain: boolean): Promise<Reply> {
    const own: OutgoingHttpHeaders = withoutHop(headers);
    if (plain) delete own["accept-encoding"];
    if (body.length > 0 || method === "POST" || method === "PUT") own["content-length"] = body.length;
    const asking = request(`${this.#url}${path}`, { agent: this.#agent, method, headers: own });
    asking.end(body);
    const [answer] = (await once(asking, "response")) as [IncomingMessage];
    return { status: answer.statusCode ?? 0, headers: withoutHop(answer.headers), body: await readAll(answer) };
  }

  close(): void {
    this.#agent.destroy();
  }
}

export async function readAll(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** The body without the compression that its headers tell of. */
export async function decoded(headers: IncomingHttpHeaders, body: Buffer): Promise<Buffer> {
  return headers["content-encoding"] === "gzip" ? unzip(body) : body;
}

function withoutHop(headers: IncomingHttpHeaders): OutgoingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !HOP.includes(name)));
}
