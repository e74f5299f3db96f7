import { ExitCode, MayflyError } from "../errors.ts";
import { connect } from "../output/elasticsearch/connection.ts";
import type { Connection } from "../output/elasticsearch/reply.ts";
import type { ConnectionSettings } from "../output/elasticsearch/settings.ts";
import type { Answer, Method, Requester } from "./requester.ts";

/** The same way to the cluster as for documents: credentials, TLS, cloud id. Opens nothing yet. Close it at the end. */
export async function openRequester(settings: ConnectionSettings): Promise<Requester & { close(): void }> {
  return new ConnectionRequester(await connect(settings));
}

class ConnectionRequester implements Requester {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  async request(method: Method, path: string, body?: object): Promise<Answer> {
    const request = { method, path, ...(body !== undefined && { body: JSON.stringify(body) }) };
    const reply = await this.#connection.request(request);
    if (reply.kind === "unanswered") throw new MayflyError("NO_SERVER", ExitCode.cannotWrite, reply.reason);
    return { status: reply.status, body: parsed(reply.text) };
  }

  close(): void {
    this.#connection.close();
  }
}

/** A proxy in between answers with HTML. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
