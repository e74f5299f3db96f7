import { setTimeout as sleep } from "node:timers/promises";
import type { NoteKind, Output, OutputStats } from "../output.ts";
import { checkStream, tellCheck } from "./check.ts";
import { connect } from "./connection.ts";
import { DeadLetterFile } from "./dead_letter.ts";
import { Delivery } from "./delivery.ts";
import type { DocumentSpool } from "./document_store.ts";
import type { ElasticsearchEvents } from "./events.ts";
import type { Connection } from "./reply.ts";
import type { ElasticsearchSettings } from "./settings.ts";
import type { DeliveryStats } from "./stats.ts";

/** Of the time to close, what writing the open frame may take, and what the spool gets for its last words. */
const COMMIT_SHARE = 0.2;
const SPOOL_SHARE = 0.3;
const DEFAULT_CLOSE_MS = 5000;

/** Lines go into the spool, and from there to Elasticsearch. */
export class ElasticsearchOutput implements Output {
  readonly #spool: DocumentSpool;
  readonly #delivery: Delivery;
  #closed: Promise<boolean> | undefined = undefined;

  /**
   * Begins to deliver what the spool holds. Does not wait for the server: while it is down documents gather in the spool.
   * Throws BAD_CREDENTIALS, BAD_TLS or BAD_HOST.
   */
  static async open(
    settings: ElasticsearchSettings,
    spool: DocumentSpool,
    events: ElasticsearchEvents,
  ): Promise<ElasticsearchOutput> {
    return new ElasticsearchOutput(settings, spool, events, await connect(settings));
  }

  private constructor(
    settings: ElasticsearchSettings,
    spool: DocumentSpool,
    events: ElasticsearchEvents,
    connection: Connection,
  ) {
    const stream = `logs-mayfly.process-${settings.namespace}`;
    const check = async (started: boolean): Promise<void> => {
      const found = await checkStream(connection, stream);
      if (this.#closed === undefined) tellCheck(found, stream, started, events);
    };
    this.#spool = spool;
    this.#delivery = new Delivery({
      connection,
      store: spool,
      deadLetters: new DeadLetterFile(settings.deadLetter.path, settings.deadLetter.maxBytes),
      settings,
      events,
      onFirstAccepted: () => void check(true),
    });
    this.#delivery.start();
    void check(false);
  }

  write(line: string, kind?: NoteKind): boolean {
    return this.#spool.write(line, kind);
  }

  /** HOT PATH. */
  writePieces(pieces: readonly string[], repeatable: boolean): boolean {
    return this.#spool.writePieces(pieces, repeatable);
  }

  /** Resolves when everything handed over before is in the spool: from there it arrives, whatever happens. */
  flush(): Promise<void> {
    return this.#spool.commit();
  }

  /** Lines are those in the spool or further, waiting bytes those not yet there; bytes are what was sent, as on the wire. */
  stats(): OutputStats {
    const { openBytes, committed, droppedFull, droppedUnwritable } = this.#spool.stats();
    const { sentBytes } = this.#delivery.stats();
    return {
      lines: committed,
      bytes: sentBytes,
      droppedLines: droppedFull + droppedUnwritable,
      waitingBytes: openBytes,
    };
  }

  get waitingBytes(): number {
    return this.#spool.openBytes;
  }

  deliveryStats(): DeliveryStats {
    return this.#delivery.stats();
  }

  /**
   * Delivers what was handed over as far as the time goes, if the server takes it; the rest stays in the spool for the next start.
   * True when everything is at least there.
   */
  close(deadlineMs: number = DEFAULT_CLOSE_MS): Promise<boolean> {
    this.#closed ??= this.#close(deadlineMs);
    return this.#closed;
  }

  async #close(deadlineMs: number): Promise<boolean> {
    const end = performance.now() + deadlineMs;
    await Promise.race([this.#spool.commit(), sleep(deadlineMs * COMMIT_SHARE, undefined, { ref: false })]);
    await this.#delivery.close(Math.max(0, end - performance.now() - deadlineMs * SPOOL_SHARE));
    return this.#spool.close(Math.max(0, end - performance.now()));
  }
}
