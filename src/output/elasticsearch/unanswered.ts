/** Why a request has no answer. */
export interface Explanation {
  readonly mayHaveArrived: boolean;
  readonly timedOut: boolean;
  readonly reason: string;
}

interface Known {
  readonly pattern: RegExp;
  readonly mayHaveArrived: boolean;
  readonly sentence: string;
}

/**
 * In this order. What a failed connection attempt says begins with `connect` or `getaddrinfo`, and TLS fails before anything is
 * sent; everything else may have happened after the server had the request whole.
 */
const KNOWN: readonly Known[] = [
  {
    // Node's AggregateError of several addresses has no message of its own.
    pattern: /^$|connect ECONNREFUSED/,
    mayHaveArrived: false,
    sentence: "nobody listens there; is Elasticsearch running, and is output.elasticsearch.hosts right?",
  },
  {
    pattern: /getaddrinfo (ENOTFOUND|EAI_AGAIN)/,
    mayHaveArrived: false,
    sentence: "the name cannot be resolved; check output.elasticsearch.hosts and DNS",
  },
  {
    pattern: /connect (ETIMEDOUT|EHOSTUNREACH|ENETUNREACH)/,
    mayHaveArrived: false,
    sentence: "no connection comes about; check the network and firewalls",
  },
  {
    pattern: /Hostname\/IP does not match/,
    mayHaveArrived: false,
    sentence:
      "its certificate is for another name; correct output.elasticsearch.hosts, or set ssl.verification_mode: certificate",
  },
  {
    pattern: /ca_trusted_fingerprint/,
    mayHaveArrived: false,
    sentence:
      "no authority in the certificates it sends has the fingerprint ssl.ca_trusted_fingerprint; copy the right one, or use ssl.certificate_authorities",
  },
  {
    pattern: /certificate required|bad certificate|handshake failure|alert certificate|alert unknown ca/i,
    mayHaveArrived: false,
    sentence: "the server refuses the TLS handshake; does it ask for a client certificate (ssl.certificate, ssl.key)?",
  },
  {
    pattern: /certificate|self-signed|self signed/i,
    mayHaveArrived: false,
    sentence:
      "its certificate is not trusted; set ssl.certificate_authorities or ssl.ca_trusted_fingerprint, and check that it has not expired",
  },
  {
    pattern: /wrong version number|packet length too long|secure TLS connection|EPROTO/,
    mayHaveArrived: false,
    sentence: "it does not speak TLS; is it http:// instead of https://?",
  },
  { pattern: /^connect /, mayHaveArrived: false, sentence: "no connection comes about" },
  {
    pattern: /timed out/i,
    mayHaveArrived: true,
    sentence: "no answer within output.elasticsearch.timeout; is the cluster overloaded?",
  },
  {
    pattern: /ECONNRESET|socket hang up|EPIPE|aborted|closed|premature|Parse Error/i,
    mayHaveArrived: true,
    sentence: "the connection broke before the answer was complete",
  },
];

/** @param host URL without credentials. @param closing the connection was closed on purpose */
export function explain(error: unknown, host: string, closing: boolean): Explanation {
  if (closing) return { mayHaveArrived: true, timedOut: false, reason: `${host}: mayfly stops` };
  const message = error instanceof Error ? error.message : String(error);
  const known = KNOWN.find(({ pattern }) => pattern.test(message));
  return {
    mayHaveArrived: known?.mayHaveArrived ?? true,
    timedOut: /timed out/i.test(message),
    // A message that nobody foresaw may quote anything, but none of the client's holds a header.
    reason: `${host}: ${known?.sentence ?? `the request failed: ${message}`}`,
  };
}
