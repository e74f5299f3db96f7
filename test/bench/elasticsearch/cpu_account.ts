import { readFileSync } from "node:fs";
import { cpus } from "node:os";
import type { Server } from "../../harness/elasticsearch/server.ts";
import { busySeconds, type Cpu, cpuOf } from "../usage.ts";

/** Seconds of CPU since some moment. */
interface Seconds {
  readonly at: number;
  /** Of all that runs on the machine. */
  readonly busy: number;
  /** Of the benchmark itself and of its children that have ended: spawners, what they spawned, loaders. */
  readonly own: number;
  readonly server: number;
  readonly collector: Cpu | undefined;
}

/** Who used the CPUs in a stretch of time. */
export interface CpuUse {
  readonly seconds: number;
  readonly collector: Cpu;
  readonly server: number;
  /** Part of all cores that neither the benchmark nor the collector nor the server used. */
  readonly others: number;
}

/** Keeps account from its making on. The server is taken to be on this machine. */
export class CpuAccount {
  readonly #server: Server;
  readonly #collector: number | undefined;
  readonly #from: Seconds;

  /** @param collector its pid, if there is one */
  static async open(server: Server, collector?: number): Promise<CpuAccount> {
    return new CpuAccount(server, collector, await now(server, collector));
  }

  private constructor(server: Server, collector: number | undefined, from: Seconds) {
    this.#server = server;
    this.#collector = collector;
    this.#from = from;
  }

  /** Children that still run are counted among others: the spawner must have ended. */
  async close(): Promise<CpuUse> {
    const from = this.#from;
    const to = await now(this.#server, this.#collector);
    const seconds = (to.at - from.at) / 1000;
    const collector = {
      user: (to.collector?.user ?? 0) - (from.collector?.user ?? 0),
      system: (to.collector?.system ?? 0) - (from.collector?.system ?? 0),
    };
    const server = to.server - from.server;
    const known = to.own - from.own + server + collector.user + collector.system;
    return { seconds, collector, server, others: Math.max(0, (to.busy - from.busy - known) / seconds / cpus().length) };
  }
}

async function now(server: Server, collector: number | undefined): Promise<Seconds> {
  const serverCpu = await serverSeconds(server);
  return {
    at: performance.now(),
    busy: busySeconds(),
    own: ownSeconds(),
    server: serverCpu,
    collector: collector === undefined ? undefined : cpuOf(collector),
  };
}

interface NodeStats {
  readonly nodes: Readonly<
    Record<string, { readonly process: { readonly cpu: { readonly total_in_millis: number } } }>
  >;
}

async function serverSeconds(server: Server): Promise<number> {
  const { nodes } = (await server.call("GET", "/_nodes/stats/process")) as NodeStats;
  return Object.values(nodes).reduce((sum, { process: { cpu } }) => sum + cpu.total_in_millis, 0) / 1000;
}

/** utime, stime and those of the children that were waited for; in ticks of 10 ms. */
function ownSeconds(): number {
  const stat = readFileSync("/proc/self/stat", "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return [11, 12, 13, 14].reduce((sum, place) => sum + Number(fields[place]), 0) / 100;
}
