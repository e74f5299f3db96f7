import { eventually } from "./eventually.ts";

export interface Answer {
  readonly status: number;
  /** Parsed when it is JSON, else text; undefined when empty. */
  readonly body: unknown;
}

/** A document found, with the backing index it stands in. */
export interface Hit<T = unknown> {
  readonly _index: string;
  readonly _id: string;
  readonly _source: T;
}

export interface Search {
  /** Query DSL; default: everything. */
  readonly query?: object;
  /** Names of the fields of _source that are wanted; none for `[]`, all by default. */
  readonly fields?: readonly string[];
}

interface Page {
  readonly pit_id: string;
  readonly hits: { readonly hits: readonly (Hit & { readonly sort: readonly unknown[] })[] };
}

/** The most that index.max_result_window allows at its default. */
const PAGE = 10_000;
/** A data stream that nobody has written into yet has no documents, and that is no fault. */
const LENIENT = "ignore_unavailable=true&allow_no_indices=true";

/** How long the shards of a new index may take to start. */
const SHARD_MS = 30_000;

/** A real Elasticsearch, asked by plain requests: not by the client that is under test. */
export class Server {
  /** Without user and password, no slash at its end. */
  readonly url: string;
  readonly user: string | undefined;
  readonly password: string | undefined;

  /** @param url may hold user and password */
  constructor(url: string) {
    const parsed = new URL(url);
    this.user = parsed.username === "" ? undefined : decodeURIComponent(parsed.username);
    this.password = parsed.password === "" ? undefined : decodeURIComponent(parsed.password);
    this.url = `${parsed.origin}${parsed.pathname.replace(/\/$/, "")}`;
  }

  /**
   * Any request, whatever its answer.
   * @param path with its query, from the slash on
   * @param body text goes as it is (NDJSON), anything else as JSON
   * @param authorization in place of the server's own user
   */
  async request(method: string, path: string, body?: unknown, authorization = this.#basic()): Promise<Answer> {
    const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
    const init: RequestInit = { method, headers };
    if (body !== undefined) {
      headers["content-type"] = typeof body === "string" ? "application/x-ndjson" : "application/json";
      init.body = typeof body === "string" ? body : JSON.stringify(body);
    }
    const response = await fetch(`${this.url}${path}`, init);
    const text = await response.text();
    const isJson = response.headers.get("content-type")?.includes("json") === true;
    return { status: response.status, body: text === "" ? undefined : isJson ? (JSON.parse(text) as unknown) : text };
  }

  /** The body of the answer. Throws with the server's words unless the status is 2xx. */
  async call(method: string, path: string, body?: unknown): Promise<unknown> {
    return bodyOf(await this.request(method, path, body), `${method} ${path}`);
  }

  /** Makes what was written before visible to searches. */
  async refresh(target: string): Promise<void> {
    await this.call("POST", `/${target}/_refresh?${LENIENT}`);
  }

  /** Documents that a search would find now; 0 where there is no such data stream. Refreshes first. */
  async count(target: string, query: object = { match_all: {} }): Promise<number> {
    await this.refresh(target);
    const answer = await this.#read("POST", `/${target}/_count?${LENIENT}`, { query });
    return (answer as { count: number }).count;
  }

  /** Waits until there are at least so many. Returns how many there are then. */
  async waitForCount(target: string, least: number, withinMs = 30_000, query?: object): Promise<number> {
    let count = 0;
    const ask = async (): Promise<number | undefined> => {
      count = await this.count(target, query);
      return count >= least ? count : undefined;
    };
    return eventually(ask, withinMs, () => `${target} holds ${least} documents; it holds ${count}`);
  }

  /**
   * Every document of one moment, over all backing indices: one that stands in two of them comes twice. Refreshes
   * first. That they are of type T is the caller's promise.
   */
  async search<T>(target: string, { query = { match_all: {} }, fields }: Search = {}): Promise<Hit<T>[]> {
    await this.refresh(target);
    const opened = await this.#read("POST", `/${target}/_pit?keep_alive=1m&ignore_unavailable=true`);
    let pit = (opened as { id: string }).id;
    const found: Hit<T>[] = [];
    try {
      for (let after: readonly unknown[] | undefined; ; ) {
        const page = (await this.#read("POST", "/_search?allow_partial_search_results=false", {
          size: PAGE,
          query,
          pit: { id: pit, keep_alive: "1m" },
          sort: [{ _shard_doc: "asc" }],
          track_total_hits: false,
          ...(fields !== undefined && { _source: fields.length > 0 ? fields : false }),
          ...(after !== undefined && { search_after: after }),
        })) as Page;
        pit = page.pit_id;
        for (const hit of page.hits.hits) found.push(hit as Hit<T>);
        if (page.hits.hits.length < PAGE) return found;
        after = page.hits.hits.at(-1)?.sort;
      }
    } finally {
      await this.call("DELETE", "/_pit", { id: pit });
    }
  }

  /** The _id of every document; one that stands in two backing indices comes twice. */
  async ids(target: string, query?: object): Promise<string[]> {
    const hits = await this.search(target, { fields: [], ...(query !== undefined && { query }) });
    return hits.map(({ _id }) => _id);
  }

  /** Gives the data stream a new write index; throws when there is no such data stream. */
  async rollover(dataStream: string): Promise<{ readonly from: string; readonly to: string }> {
    const answer = await this.call("POST", `/${dataStream}/_rollover`);
    const { old_index: from, new_index: to } = answer as { old_index: string; new_index: string };
    return { from, to };
  }

  /** Settings of indices, as `{"index.blocks.read_only_allow_delete": true}`; null takes one back. */
  async putSettings(target: string, settings: object): Promise<void> {
    await this.call("PUT", `/${target}/_settings`, settings);
  }

  /** With everything in it, its failure store included. Wildcards may match nothing; a plain name may be absent. */
  async deleteDataStream(name: string): Promise<void> {
    const path = `/_data_stream/${name}?expand_wildcards=all`;
    const { status, body } = await this.request("DELETE", path);
    if (status !== 200 && status !== 404) throw new Error(`DELETE ${path}: ${status} ${JSON.stringify(body)}`);
  }

  /** As `call`, but waits for the shards of an index that was just made: a search is refused until they are there. */
  #read(method: string, path: string, body?: unknown): Promise<unknown> {
    const ask = async (): Promise<unknown> => {
      const answer = await this.request(method, path, body);
      const refused = answer.status === 503 && JSON.stringify(answer.body).includes("no_shard_available");
      return refused || isPartial(answer.body) ? undefined : bodyOf(answer, `${method} ${path}`);
    };
    return eventually(ask, SHARD_MS, `${method} ${path} is answered by every shard`);
  }

  #basic(): string | undefined {
    if (this.user === undefined) return undefined;
    return `Basic ${Buffer.from(`${this.user}:${this.password ?? ""}`).toString("base64")}`;
  }
}

function bodyOf({ status, body }: Answer, what: string): unknown {
  if (status >= 200 && status < 300) return body;
  throw new Error(`${what} was answered ${status}: ${JSON.stringify(body).slice(0, 1000)}`);
}

/** Whether shards are left out of a count. */
function isPartial(body: unknown): boolean {
  const { _shards } = body as { _shards?: { failed: number } };
  return _shards !== undefined && _shards.failed > 0;
}
