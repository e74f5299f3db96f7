/** What the delivery asks of a connection. */
export interface Request {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** With the query. */
  readonly path: string;
  /** Lines of a bulk request, sent as they are; or JSON. */
  readonly body?: readonly Buffer[] | string;
}

/** The server, or something before it, answered. */
export interface Answered {
  readonly kind: "answered";
  readonly status: number;
  readonly text: string;
  /** Elasticsearch says so itself since 7.14, in every answer to an accepted login, whatever the key may do; a 401 lacks it. */
  readonly isElasticsearch: boolean;
  /** Retry-After, ms; 0 without. */
  readonly retryAfterMs: number;
  /** A redirect's target, without its query. */
  readonly location: string | undefined;
  /** URL of the node, without credentials. */
  readonly host: string;
  /** Bytes of the body as they were on the wire. */
  readonly sentBytes: number;
}

/** No answer, or not all of it. */
export interface Unanswered {
  readonly kind: "unanswered";
  /** Whether the request may have been carried out: false only when no connection came about. */
  readonly mayHaveArrived: boolean;
  /** A sentence that names the host, the reason and what to do. */
  readonly reason: string;
  /** The server took too long. */
  readonly timedOut: boolean;
  readonly host: string;
  readonly sentBytes: number;
}

export type Reply = Answered | Unanswered;

/** Where requests go. Never throws. */
export interface Connection {
  request(request: Request): Promise<Reply>;
  /** Ends requests that are under way; they are unanswered then. */
  close(): void;
}
