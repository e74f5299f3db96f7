import { Arrivals } from "./arrivals.ts";
import type { Owner } from "./at_end.ts";
import { eventually } from "./eventually.ts";
import { indexLittle } from "./index_little.ts";
import type { Metrics } from "./metrics.ts";
import { Namespace } from "./namespace.ts";
import { FaultProxy, type ProxyOptions } from "./proxy.ts";
import type { Rule } from "./rules.ts";
import type { Server } from "./server.ts";
import { type Settings, Shipper } from "./shipper.ts";
import type { Truth } from "./truth.ts";
import { Workload } from "./workload.ts";

export interface SceneOptions {
  /** Mappings beside those of what compareTruth reads, by field. */
  readonly properties?: object;
  readonly proxy?: ProxyOptions;
  /** In force before the collector starts. */
  readonly rules?: readonly Rule[];
  /** Whether the proxy is up when the collector starts. Default true. */
  readonly up?: boolean;
  /** Further keys of output.elasticsearch. */
  readonly elasticsearch?: Settings;
}

/** The real collector with /metrics, behind a proxy before a server, and a namespace with a template of its own. */
export class Scene {
  readonly server: Server;
  readonly namespace: Namespace;
  readonly proxy: FaultProxy;
  readonly shipper: Shipper;
  readonly #owner: Owner;

  static async set(owner: Owner, server: Server, options: SceneOptions = {}): Promise<Scene> {
    const namespace = Namespace.fresh(owner, server);
    await indexLittle(owner, server, namespace, options.properties);
    const proxy = await FaultProxy.start(owner, server.url, options.proxy);
    proxy.rules = options.rules ?? [];
    if (options.up === false) await proxy.down();
    const shipper = await Shipper.start(owner, {
      hosts: [proxy.url],
      namespace: namespace.name,
      telemetry: true,
      ...(options.elasticsearch !== undefined && { elasticsearch: options.elasticsearch }),
    });
    return new Scene(owner, server, namespace, proxy, shipper);
  }

  private constructor(owner: Owner, server: Server, namespace: Namespace, proxy: FaultProxy, shipper: Shipper) {
    this.#owner = owner;
    this.server = server;
    this.namespace = namespace;
    this.proxy = proxy;
    this.shipper = shipper;
  }

  /** So many lives, one after another; resolves when all have lived. */
  async live(count: number, rate = 200): Promise<Lives> {
    const workload = Workload.start(this.#owner, { count, rate });
    const truth = await workload.end((count / rate) * 1000 + 30_000);
    return { truth, query: workload.query };
  }

  /** Waits until as many documents stand in the index as lives were, and reads all of them. */
  async arrivals({ truth, query }: Lives, withinMs = 30_000): Promise<Arrivals> {
    const { processes } = this.namespace;
    try {
      await this.server.waitForCount(processes, truth.pids.size, withinMs, query);
    } catch (fault) {
      throw new Error(`${String(fault)}; stderr:\n${this.shipper.stderr.slice(-3000)}`, { cause: fault });
    }
    return Arrivals.read(this.server, this.namespace, truth);
  }

  /** Waits until everything that is in the spool now has left it. Others on the machine may keep it from being empty. */
  settled(withinMs = 30_000): Promise<Metrics> {
    const asked = Date.now();
    let metrics: Metrics = new Map();
    const ask = async (): Promise<Metrics | undefined> => {
      metrics = await this.shipper.metrics();
      const oldestMs = (metrics.get("mayfly_spool_oldest_age_seconds") ?? 0) * 1000;
      return oldestMs < Date.now() - asked ? metrics : undefined;
    };
    const waiting = (): string =>
      `${metrics.get("mayfly_spool_documents")} wait; stderr:\n${this.shipper.stderr.slice(-3000)}`;
    return eventually(ask, withinMs, () => `the spool is worked off; ${waiting()}`);
  }

  /** Waits until the delivery is in this state. */
  async state(wanted: "delivering" | "retrying" | "stopped", withinMs = 20_000): Promise<Metrics> {
    const name = `mayfly_delivery_state{state="${wanted}"}`;
    const ask = async (): Promise<Metrics | undefined> => {
      const metrics = await this.shipper.metrics();
      return metrics.get(name) === 1 ? metrics : undefined;
    };
    return eventually(ask, withinMs, () => `${name} is 1; stderr:\n${this.shipper.stderr.slice(-3000)}`);
  }
}

/** What lived, and the query for its documents. */
export interface Lives {
  readonly truth: Truth;
  readonly query: object;
}
