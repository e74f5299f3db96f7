import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { atEnd, type Owner } from "./at_end.ts";
import { eventually } from "./eventually.ts";
import { getBySocket, type Metrics, parseMetrics } from "./metrics.ts";
import { type Ending, type LogLine, ShipperRun } from "./shipper_run.ts";

/** Sections or keys of the configuration, as the file has them. */
export type Settings = Readonly<Record<string, unknown>>;

export interface ShipperOptions {
  readonly hosts: readonly string[];
  /** data_stream.namespace; see namespace.ts. */
  readonly namespace: string;
  /** Default "latency", so that a test does not wait 10 s for a request. */
  readonly preset?: "latency" | "balanced" | "scale";
  /** Further keys of output.elasticsearch. */
  readonly elasticsearch?: Settings;
  /** Further sections: `{spool: {max_size: "1MiB"}}`. */
  readonly config?: Settings;
  /** Whether it serves /metrics, /healthz and /readyz, on a socket in its folder. Default false. */
  readonly telemetry?: boolean;
  /** Arguments after `run`. */
  readonly args?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

/** It gives itself 5 s to write what it holds. */
const STOP_MS = 15_000;

/** The real collector as a child process that ships to a server: one run after another on the same state. */
export class Shipper {
  /** Removed when the owner is over. */
  readonly folder: string;
  /** state.path; the spool lies in `spool` below it. */
  readonly state: string;
  readonly #socket: string;
  readonly #file: string;
  #options: ShipperOptions;
  #run: ShipperRun | undefined;

  /** Resolves when it is watching. */
  static async start(owner: Owner, options: ShipperOptions): Promise<Shipper> {
    const shipper = new Shipper(options);
    atEnd(owner, () => shipper.#remove());
    await shipper.restart();
    return shipper;
  }

  private constructor(options: ShipperOptions) {
    this.#options = options;
    this.folder = mkdtempSync(join(tmpdir(), "mayfly-ship-"));
    this.state = join(this.folder, "state");
    this.#socket = join(this.folder, "telemetry.sock");
    this.#file = join(this.folder, "mayfly.yml");
  }

  /**
   * Starts it, after it has ended, on the state that the run before left; resolves when it is watching.
   * @param changed options that differ from now on
   */
  async restart(changed: Partial<ShipperOptions> = {}): Promise<void> {
    if (this.#run !== undefined && this.#run.status === undefined) throw new Error("it still runs");
    this.#options = { ...this.#options, ...changed };
    const { args = [], environment = {} } = this.#options;
    // JSON is YAML too.
    writeFileSync(this.#file, JSON.stringify(this.#settings(), undefined, 2), { mode: 0o600 });
    const run = new ShipperRun(["run", "--config", this.#file, ...args], environment);
    this.#run = run;
    try {
      await run.watching();
    } catch (fault) {
      await run.kill();
      throw fault;
    }
  }

  get pid(): number {
    return this.#current.pid;
  }

  /** Of this run. */
  get stderr(): string {
    return this.#current.stderr;
  }

  /** The lines of this run's standard error that are JSON. */
  get log(): readonly LogLine[] {
    return this.#current.log;
  }

  /** The first line of this run, written or to come, that matches: a part of its message, or a test. */
  async waitForLog(wanted: string | ((line: LogLine) => boolean), withinMs = 20_000): Promise<LogLine> {
    const matches = typeof wanted === "string" ? (line: LogLine) => line.message.includes(wanted) : wanted;
    const { log } = this.#current;
    const what = (): string => `the log says ${String(wanted)}; stderr:\n${this.stderr.slice(-3000)}`;
    return eventually(() => log.find(matches), withinMs, what);
  }

  /** Needs `telemetry: true`, as `get` does. */
  async metrics(): Promise<Metrics> {
    const { status, text } = await this.get("/metrics");
    if (status !== 200) throw new Error(`/metrics was answered ${status}: ${text}`);
    return parseMetrics(text);
  }

  /** Asks its telemetry server: /healthz, /readyz. */
  get(path: string): Promise<{ readonly status: number; readonly text: string }> {
    return getBySocket(this.#socket, path);
  }

  /** Ends it as a service manager does. Throws when it has not ended in time; the status is the test's to judge. */
  stop(signal: "SIGTERM" | "SIGINT" = "SIGTERM", withinMs = STOP_MS): Promise<Ending> {
    return this.#current.end(signal, withinMs);
  }

  /** kill -9. Harmless when it has ended. */
  async kill(): Promise<void> {
    await this.#run?.kill();
  }

  #settings(): Settings {
    const { hosts, namespace, preset = "latency", elasticsearch, telemetry = false, config } = this.#options;
    return {
      state: { path: this.state },
      log: { format: "json" },
      output: { console: { enabled: false }, elasticsearch: { hosts, namespace, preset, ...elasticsearch } },
      ...(telemetry && { telemetry: { http: `unix:${this.#socket}` } }),
      ...config,
    };
  }

  get #current(): ShipperRun {
    if (this.#run === undefined) throw new Error("it was never started");
    return this.#run;
  }

  async #remove(): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
