import type { SetupOptions } from "../../src/cli/commands/setup.ts";
import { Style } from "../../src/cli/pretty/style.ts";
import type { Answer, Method, Requester } from "../../src/setup/requester.ts";
import type { SetupChoices } from "../../src/setup/settings.ts";

export const plainChoices: SetupChoices = {
  expect: undefined,
  retention: undefined,
  ilm: undefined,
  indexMode: undefined,
  rules: false,
  profile: "lifecycle",
};

/** A cluster that keeps what is put into it, and what was asked. `answers` come first. */
export class FakeCluster implements Requester {
  readonly requests: string[] = [];
  closed = false;
  readonly #parts = new Map<string, object>();
  readonly #answers: Readonly<Record<string, Answer>>;

  constructor(answers: Readonly<Record<string, Answer>> = {}) {
    this.#answers = { "GET /": ok({ version: { number: "9.4.3" } }), ...answers };
  }

  async request(method: Method, path: string, body?: object): Promise<Answer> {
    const request = `${method} ${path}`;
    this.requests.push(request);
    const given = this.#answers[request];
    if (given !== undefined) return given;
    if (path.startsWith("/_data_stream/")) return ok({ data_streams: [] });
    if (method === "GET" && path === "/_license") return ok({ license: { type: "basic" } });
    if (method === "PUT" && body !== undefined) {
      this.#parts.set(path, body);
      return ok({ acknowledged: true });
    }
    const part = this.#parts.get(path);
    if (part === undefined) return { status: 404, body: {} };
    const [, kind, name = ""] = /^\/(_\w+(?:\/pipeline)?)\/(.+)$/.exec(path) ?? [];
    if (kind === "_component_template") return ok({ component_templates: [{ component_template: part }] });
    if (kind === "_index_template") return ok({ index_templates: [{ index_template: part }] });
    return ok({ [name]: part });
  }

  close(): void {
    this.closed = true;
  }
}

export function ok(body: unknown): Answer {
  return { status: 200, body };
}

/** What the command takes, and everything that it prints. */
export function commandOptions(cluster: FakeCluster, given: Partial<SetupOptions> = {}) {
  const printed: string[] = [];
  const tls = { certificateAuthorities: [], caTrustedFingerprint: undefined, certificate: undefined, key: undefined };
  const options: SetupOptions = {
    ...plainChoices,
    connection: {
      hosts: ["http://127.0.0.1:1"],
      cloudId: undefined,
      credentials: {
        apiKey: "id:secret",
        apiKeyFile: undefined,
        username: undefined,
        password: undefined,
        passwordFile: undefined,
      },
      tls: { ...tls, keyPassphrase: undefined, verificationMode: "full" },
      gzip: "off",
      timeoutMs: 1000,
      userAgent: "mayfly",
    },
    namespace: undefined,
    rollover: false,
    dryRun: false,
    print: false,
    stdout: { write: (text: string) => printed.push(text) },
    style: new Style({ env: {}, isTTY: false, columns: () => undefined }),
    open: async () => cluster,
    ...given,
  };
  return { options, text: () => printed.join("") };
}
