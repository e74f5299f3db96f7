import type { IncomingHttpHeaders } from "node:http";
import type { BulkAnswer, BulkItem } from "./bulk_body.ts";

/** A request, before its body is read. */
export interface Asked {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** Whether it is a bulk request. */
  readonly bulk: boolean;
}

/** What goes wrong with a request. Parts may stand together; they act in the order in which they stand here. */
export interface Fault {
  /** Resets the connection once so many bytes of the body came in, or all of it: the server has got nothing. */
  readonly resetAfter?: number;
  /** ms before the request goes on to the server, which then gets it even if the client gave up meanwhile. */
  readonly delay?: number;
  /** Answered in the server's place: the server has got nothing. */
  readonly answer?: { readonly status: number; readonly retryAfter?: string; readonly body?: object };
  /** 413 for a body of more bytes, counted on the wire as reverse proxies do: the server has got nothing. */
  readonly largest?: number;
  /** Some of a bulk request's documents are kept from the server and answered in its place. */
  readonly reject?: Rejection;
  /** Changes what the server answered to a bulk request, 429s of `reject` included. */
  readonly change?: (answer: BulkAnswer, items: readonly BulkItem[]) => BulkAnswer;
  /** ms before the answer goes back. */
  readonly delayAnswer?: number;
  /**
   * Cuts the connection after so many bytes of the answer's body, before its last one at the latest; 0: resets it
   * before the status line. The server has done its work.
   */
  readonly cutAnswer?: number;
}

export interface Rejection {
  /** A share from 0 to 1, drawn by the proxy's seeded dice; or which. */
  readonly items: number | ((item: BulkItem) => boolean);
  /** Default 429. */
  readonly status?: number;
  /** Default that of a full write queue. */
  readonly error?: { readonly type: string; readonly reason: string };
}

/** A fault and the requests that it is for. */
export interface Rule extends Fault {
  /** Default: bulk requests only, so that a client's questions at its start do not use up `times`. */
  readonly when?: (asked: Asked) => boolean;
  /** For so many requests; default: all. */
  readonly times?: number;
}

/** For `when`. */
export function anyRequest(): boolean {
  return true;
}

const queueFull = { type: "es_rejected_execution_exception", reason: "rejected execution of primary operation" };

/** How the server says it. */
export function rejectionOf({ status = 429, error = queueFull }: Rejection, { index, id }: BulkItem) {
  return { _index: index, _id: id, status, error };
}

/** Rules in force, and how often each was used. */
export class RuleBook {
  #rules: readonly Rule[] = [];
  #used = new Map<Rule, number>();

  get rules(): readonly Rule[] {
    return this.#rules;
  }

  /** From the next request on. Each starts counting its `times` anew. */
  set rules(rules: readonly Rule[]) {
    this.#rules = rules;
    this.#used = new Map();
  }

  /** What all rules for this request say together; of two that state the same part, the first. */
  faultFor(asked: Asked): Fault {
    const matching = this.#rules.filter((rule) => {
      const used = this.#used.get(rule) ?? 0;
      return used < (rule.times ?? Number.POSITIVE_INFINITY) && (rule.when?.(asked) ?? asked.bulk);
    });
    for (const rule of matching) this.#used.set(rule, (this.#used.get(rule) ?? 0) + 1);
    return Object.assign({}, ...matching.toReversed()) as Fault;
  }
}

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
export function dice(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
