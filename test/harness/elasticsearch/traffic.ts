import type { BulkItem } from "./bulk_body.ts";
import type { Asked } from "./rules.ts";

/**
 * What became of a request: `answered` whole, by the server or in its place; `reset` before the server got it; `cut`
 * after the server did it; `lost`: the client or the server went away, or the proxy went down.
 */
export type Fate = "under way" | "answered" | "reset" | "cut" | "lost";

/** One request as it went through the proxy. */
export interface Exchange extends Asked {
  /** ms since the epoch. */
  readonly at: number;
  /** Requests under way when it came, itself included. */
  readonly inFlight: number;
  /** Of its body, on the wire. */
  bytes: number;
  /** Documents in it, and those of them that the server got. */
  documents: number;
  forwarded: number;
  /** Of the answer that the client got or would have got. */
  status: number | undefined;
  fate: Fate;
  /** Why it was lost. */
  reason: string | undefined;
  /** ms from its first byte to its end. */
  took: number | undefined;
}

/** Counts everything that a proxy saw. */
export class Traffic {
  /** In the order in which they came. */
  readonly exchanges: Exchange[] = [];
  /** Of each id: how many times the client sent it, and how many times the server got it. */
  readonly sent = new Map<string, number>();
  readonly forwarded = new Map<string, number>();
  connections = 0;
  #inFlight = 0;

  begin(asked: Asked): Exchange {
    const exchange: Exchange = {
      ...asked,
      at: Date.now(),
      inFlight: ++this.#inFlight,
      bytes: 0,
      documents: 0,
      forwarded: 0,
      status: undefined,
      fate: "under way",
      reason: undefined,
      took: undefined,
    };
    this.exchanges.push(exchange);
    return exchange;
  }

  /** The first word on a request's end counts. */
  end(exchange: Exchange, fate: Fate, reason?: string): void {
    if (exchange.fate !== "under way") return;
    exchange.fate = fate;
    exchange.reason = reason;
    exchange.took = Date.now() - exchange.at;
    this.#inFlight--;
  }

  noteSent(exchange: Exchange, items: readonly BulkItem[]): void {
    exchange.documents = items.length;
    count(this.sent, items);
  }

  noteForwarded(exchange: Exchange, items: readonly BulkItem[]): void {
    exchange.forwarded = items.length;
    count(this.forwarded, items);
  }

  /** Bulk requests only. */
  get bulks(): readonly Exchange[] {
    return this.exchanges.filter(({ bulk }) => bulk);
  }

  /** Ids that the client sent more than once. */
  get sentAgain(): readonly string[] {
    return repeated(this.sent);
  }

  /** Ids that the server got more than once. */
  get forwardedAgain(): readonly string[] {
    return repeated(this.forwarded);
  }

  /** Bytes of the bulk requests' bodies, on the wire. */
  get bulkBytes(): number {
    return this.bulks.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** The most requests that were under way at once. */
  get mostInFlight(): number {
    return this.exchanges.reduce((most, { inFlight }) => Math.max(most, inFlight), 0);
  }
}

function count(times: Map<string, number>, items: readonly BulkItem[]): void {
  for (const { id } of items) times.set(id, (times.get(id) ?? 0) + 1);
}

function repeated(times: ReadonlyMap<string, number>): string[] {
  return [...times].filter(([, count]) => count > 1).map(([id]) => id);
}
