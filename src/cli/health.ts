import type { Config } from "../../config/schema.ts";
import type { MetricNotes } from "../../ecs/metrics_note.ts";
import type { Agent } from "../agent.ts";
import { parseAddress } from "../telemetry/address.ts";
import { MetricDocuments } from "../telemetry/documents.ts";
import { EventLoopDelay } from "../telemetry/event_loop.ts";
import { type HealthSnapshot, ownProcess, type RunState } from "../telemetry/health.ts";
import type { HealthServer } from "../telemetry/http.ts";
import type { Log } from "../telemetry/log.ts";
import { version } from "../version.ts";
import type { Destinations } from "./destinations.ts";
import type { LookUp } from "./look_up.ts";

const CLOSE_DEADLINE_MS = 500;

export interface HealthSources {
  /** How often each rule hid something; none where nothing is redacted. */
  readonly redactions: () => Readonly<Record<string, number>>;
  readonly lookUp: LookUp | undefined;
}

/** Everything that this run can tell of itself, and the server and the documents that tell it. */
export class Health {
  state: RunState = "starting";
  readonly #agent: Agent;
  readonly #destinations: Destinations;
  readonly #log: Log;
  readonly #sources: HealthSources;
  readonly #startedAt = Date.now();
  readonly #delay = new EventLoopDelay();
  #server: HealthServer | undefined = undefined;
  #documents: MetricDocuments | undefined = undefined;
  #timer: NodeJS.Timeout | undefined = undefined;

  constructor(agent: Agent, destinations: Destinations, log: Log, sources: HealthSources) {
    this.#sources = sources;
    this.#agent = agent;
    this.#destinations = destinations;
    this.#log = log;
  }

  /**
   * Listens where telemetry.http says and writes documents as often as telemetry.documents does, if they say so.
   * @throws MayflyError TELEMETRY_ADDRESS
   */
  async open({ telemetry }: Config, notes: () => MetricNotes): Promise<void> {
    if (telemetry.http === undefined && telemetry.documents === undefined) return;
    this.#delay.start();
    if (telemetry.documents !== undefined) {
      this.#documents = new MetricDocuments(notes());
      this.#timer = setInterval(() => this.#writeDocument(), telemetry.documents);
    }
    const reading = telemetry.http === undefined ? undefined : parseAddress(telemetry.http);
    if (reading === undefined || "fault" in reading) return;
    // Loaded only where it is asked for: it costs memory.
    const { HealthServer } = await import("../telemetry/http.ts");
    this.#server = await HealthServer.open({
      address: reading.value,
      take: () => this.snapshot(),
      onWarn: (code, message) => this.#log.warn(message, { code }),
    });
  }

  /** The run ends: the last document, while there are outputs for it. */
  stopping(): void {
    this.state = "stopping";
    clearInterval(this.#timer);
    this.#writeDocument();
  }

  #writeDocument(): void {
    if (this.#documents === undefined) return;
    const line = this.#documents.line(this.snapshot());
    for (const output of this.#destinations.forDocuments) output.write(line, "metrics");
  }

  async close(): Promise<void> {
    this.#delay.stop();
    await this.#server?.close(CLOSE_DEADLINE_MS);
  }

  snapshot(): HealthSnapshot {
    const { tracker } = this.#agent;
    const { console, file, shipment } = this.#destinations;
    return {
      at: Date.now(),
      startedAt: this.#startedAt,
      version,
      state: this.state,
      attached: this.#agent.attached,
      tracker: tracker.counters,
      losses: this.#agent.losses(),
      processes: tracker.table.size,
      pendingLives: tracker.aggregation.pending,
      hurriedLives: tracker.aggregation.hurried,
      redactions: this.#sources.redactions(),
      enrichment: this.#sources.lookUp?.counters,
      outputs: {
        ...(console !== undefined && { console: console.stats() }),
        ...(file !== undefined && { file: file.stats() }),
      },
      spool: shipment?.spoolStats(),
      delivery: shipment?.output.deliveryStats(),
      heartbeatErrors: shipment?.heartbeatErrors ?? 0,
      logLinesLost: this.#log.lost,
      process: ownProcess(),
      eventLoopSeconds: this.#delay.seconds,
    };
  }
}
