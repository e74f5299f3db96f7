import { randomBytes } from "node:crypto";
import { atEnd, type Owner } from "./at_end.ts";
import type { Server } from "./server.ts";

/** A data_stream.namespace that nobody else uses. What was written into it is deleted when its owner is over. */
export class Namespace {
  readonly name: string;
  /** The data stream of processes. */
  readonly processes: string;
  /** That of mayfly's own notes: losses, gaps. */
  readonly notes: string;
  /** Each of logs-mayfly.* and metrics-mayfly.*, as a pattern. */
  readonly everything: string;
  readonly #server: Server;

  static fresh(owner: Owner, server: Server): Namespace {
    const namespace = new Namespace(server);
    atEnd(owner, () => namespace.remove());
    return namespace;
  }

  private constructor(server: Server) {
    // Lower case letters and digits: a namespace may hold no hyphen.
    this.name = `test${randomBytes(6).toString("hex")}`;
    this.processes = `logs-mayfly.process-${this.name}`;
    this.notes = `logs-mayfly.agent-${this.name}`;
    this.everything = `logs-mayfly.*-${this.name},metrics-mayfly.*-${this.name}`;
    this.#server = server;
  }

  async remove(): Promise<void> {
    await this.#server.deleteDataStream(this.everything);
  }
}
