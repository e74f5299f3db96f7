import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EventDetails } from "../../src/output/elasticsearch/events.ts";
import { ElasticsearchOutput } from "../../src/output/elasticsearch/output.ts";
import type { ConnectionSettings, ElasticsearchSettings } from "../../src/output/elasticsearch/settings.ts";
import { Spool } from "../../src/output/spool/spool.ts";
import { atEnd, type Owner } from "../harness/elasticsearch/at_end.ts";
import type { Namespace } from "../harness/elasticsearch/namespace.ts";
import { idOf } from "../unit/delivery.fixture.ts";

/** Settings that name only what differs from the defaults. */
export function connectionSettings(
  hosts: readonly string[],
  more: Partial<ConnectionSettings> = {},
): ConnectionSettings {
  return {
    hosts,
    cloudId: undefined,
    credentials: {
      apiKey: undefined,
      apiKeyFile: undefined,
      username: undefined,
      password: undefined,
      passwordFile: undefined,
    },
    tls: {
      certificateAuthorities: [],
      caTrustedFingerprint: undefined,
      certificate: undefined,
      key: undefined,
      keyPassphrase: undefined,
      verificationMode: "full",
    },
    gzip: "auto",
    timeoutMs: 10_000,
    userAgent: "mayfly/test",
    ...more,
  };
}

/** A line as the agent hands it over, in pieces; `n` is free for what a mapping may dislike. */
export function piecesOf(number: number, n: unknown = number): string[] {
  const time = `${new Date().toISOString().slice(0, -1)}000000Z`;
  return [`{"@timestamp":"${time}","event":{"id":"${idOf(number)}"}`, `,"n":${JSON.stringify(n)}}\n`];
}

export interface ShippingOptions extends Partial<ElasticsearchSettings> {
  /** Of an earlier one, which was closed: its spool is gone on with. */
  readonly folder?: string;
}

/** An output with a spool of its own, which ships into a namespace; ended with its owner. */
export class Shipping {
  readonly folder: string;
  readonly deadLetterPath: string;
  readonly told: { readonly code: string; readonly message: string; readonly details: EventDetails | undefined }[] = [];
  readonly #spool: Spool;
  readonly #output: ElasticsearchOutput;

  static async open(
    owner: Owner,
    hosts: readonly string[],
    namespace: Namespace,
    options: ShippingOptions = {},
  ): Promise<Shipping> {
    const folder = options.folder ?? mkdtempSync(join(tmpdir(), "mayfly-shipping-"));
    if (options.folder === undefined) atEnd(owner, () => rmSync(folder, { recursive: true }));
    const spool = await Spool.open({
      path: join(folder, "spool"),
      processIndex: namespace.processes,
      agentIndex: namespace.notes,
      metricsIndex: `metrics-mayfly.agent-${namespace.name}`,
      lock: () => true,
      maxBytes: 1024 * 1024 * 1024,
      whenFull: "drop_oldest",
    });
    const told: Shipping["told"] = [];
    const tell = (code: string, message: string, details?: EventDetails): void =>
      void told.push({ code, message, details });
    const settings = {
      ...connectionSettings(hosts),
      preset: "latency",
      ingested: "off",
      namespace: namespace.name,
      phase: 0,
      deadLetter: { path: join(folder, "dead-letter.ndjson"), maxBytes: 1024 * 1024 },
      ...options,
    } as const;
    const output = await ElasticsearchOutput.open(settings, spool, { onInfo: tell, onWarn: tell });
    const shipping = new Shipping(folder, spool, output, told);
    atEnd(owner, async () => void (await shipping.close()));
    return shipping;
  }

  private constructor(folder: string, spool: Spool, output: ElasticsearchOutput, told: Shipping["told"]) {
    this.folder = folder;
    this.deadLetterPath = join(folder, "dead-letter.ndjson");
    this.#spool = spool;
    this.#output = output;
    this.told = told;
  }

  ship(from: number, to: number, n?: (number: number) => unknown, repeatable = false): void {
    for (let number = from; number < to; number++) {
      const pieces = n === undefined ? piecesOf(number) : piecesOf(number, n(number));
      if (!this.#output.writePieces(pieces, repeatable)) throw new Error(`the spool refused document ${number}`);
    }
  }

  stats(): ReturnType<ElasticsearchOutput["deliveryStats"]> {
    return this.#output.deliveryStats();
  }

  spoolStats(): ReturnType<Spool["stats"]> {
    return this.#spool.stats();
  }

  flush(): Promise<void> {
    return this.#output.flush();
  }

  close(deadlineMs?: number): Promise<boolean> {
    return this.#output.close(deadlineMs);
  }

  codes(): string[] {
    return this.told.map(({ code }) => code);
  }
}
