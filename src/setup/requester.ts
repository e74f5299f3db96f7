import { ExitCode, MayflyError } from "../errors.ts";

export type Method = "GET" | "POST" | "PUT";

/** An answer of Elasticsearch, whatever its status. */
export interface Answer {
  readonly status: number;
  /** Parsed; undefined when it was empty or no JSON. */
  readonly body: unknown;
}

/** Where setup sends its requests. */
export interface Requester {
  /** @throws MayflyError NO_SERVER when nobody answers */
  request(method: Method, path: string, body?: object): Promise<Answer>;
}

/** What a request is for: it stands in the sentence that says why it failed. */
export interface Purpose {
  /** After "may not": `install the index template logs-mayfly`. */
  readonly what: string;
  /** What the key needs for the whole of it: the server's answer to a look would name one that is good for looking only. */
  readonly privilege: string;
}

/** The body of a 2xx answer. @throws MayflyError NOT_LOGGED_IN, NOT_ALLOWED, REFUSED */
export async function bodyOf(
  requester: Requester,
  method: Method,
  path: string,
  purpose: Purpose,
  body?: object,
): Promise<unknown> {
  const answer = await requester.request(method, path, body);
  if (answer.status >= 200 && answer.status < 300) return answer.body;
  throw faultOf(answer, purpose);
}

/** The same, undefined where there is nothing of that name. */
export async function bodyIfThere(requester: Requester, path: string, purpose: Purpose): Promise<unknown> {
  const answer = await requester.request("GET", path);
  if (answer.status === 404) return undefined;
  if (answer.status >= 200 && answer.status < 300) return answer.body;
  throw faultOf(answer, purpose);
}

export function faultOf({ status, body }: Answer, { what, privilege }: Purpose): MayflyError {
  if (status === 401)
    return new MayflyError(
      "NOT_LOGGED_IN",
      ExitCode.permission,
      "Elasticsearch does not accept the login (401): put an administrator's key into MAYFLY_ELASTICSEARCH_API_KEY or --api-key-file, " +
        "or set MAYFLY_ELASTICSEARCH_USERNAME and MAYFLY_ELASTICSEARCH_PASSWORD.",
    );
  if (status === 403)
    return new MayflyError(
      "NOT_ALLOWED",
      ExitCode.permission,
      `This key may not ${what} (403): it needs the privilege ${privilege}.`,
    );
  return new MayflyError(
    "REFUSED",
    ExitCode.cannotWrite,
    `Elasticsearch does not ${what} (${status}): ${reasonOf(body)}.`,
  );
}

/** What the server says is wrong, as one line. */
export function reasonOf(body: unknown): string {
  const error = (body as { error?: unknown } | undefined)?.error;
  if (typeof error === "string") return error;
  const {
    reason,
    root_cause: roots,
    caused_by: cause,
  } = (error ?? {}) as {
    reason?: string;
    root_cause?: readonly { reason?: string }[];
    caused_by?: { reason?: string };
  };
  const words = [reason ?? roots?.[0]?.reason, cause?.reason].filter((text) => text !== undefined);
  return words.length === 0 ? "no reason given" : words.join(": ").replaceAll(/\s+/g, " ");
}
