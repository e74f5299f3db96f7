import { ExitCode, MayflyError } from "../../errors.ts";

/** A host that failed is left alone for so long, ms; twice as long after each further failure, up to the cap. */
const DEAD_MS = 1000;
const DEAD_CAP_MS = 60_000;

interface Entry<Host> {
  readonly host: Host;
  failures: number;
  /** ms since the epoch until which the host is passed over. */
  deadUntil: number;
}

/**
 * Round robin over the hosts that are not known to be dead. A dead one whose time is over gets the next request as its test;
 * when all are dead the one whose time is over soonest is asked, so a single host is never passed over.
 *
 * @elastic/transport's pool is not used: importing it loads undici (11.5 MiB, 65 ms), its dead hosts rest for 60 s to
 * 32 minutes, and it does not count a timeout as a failure.
 */
export class HostPool<Host> {
  readonly #entries: readonly Entry<Host>[];
  #next = 0;

  /** @param hosts at least one */
  constructor(hosts: readonly Host[]) {
    this.#entries = hosts.map((host) => ({ host, failures: 0, deadUntil: 0 }));
  }

  get hosts(): readonly Host[] {
    return this.#entries.map(({ host }) => host);
  }

  pick(now: number): Host {
    const entries = this.#entries;
    let chosen = this.#next % entries.length;
    for (let turn = 0; turn < entries.length; turn++) {
      const at = (this.#next + turn) % entries.length;
      const entry = entries[at] as Entry<Host>;
      if (entry.deadUntil <= now) {
        chosen = at;
        break;
      }
      if (entry.deadUntil < (entries[chosen] as Entry<Host>).deadUntil) chosen = at;
    }
    this.#next = (chosen + 1) % entries.length;
    return (entries[chosen] as Entry<Host>).host;
  }

  alive(host: Host): void {
    const entry = this.#entry(host);
    entry.failures = 0;
    entry.deadUntil = 0;
  }

  dead(host: Host, now: number): void {
    const entry = this.#entry(host);
    entry.deadUntil = now + Math.min(DEAD_CAP_MS, DEAD_MS * 2 ** Math.min(entry.failures, 16));
    entry.failures++;
  }

  #entry(host: Host): Entry<Host> {
    return this.#entries.find((entry) => entry.host === host) as Entry<Host>;
  }
}

/** A URL of a node, and the user and password that stood in it. */
export interface HostAddress {
  /** Without user, password, query and fragment: may be shown. */
  readonly url: URL;
  readonly username: string;
  readonly password: string;
}

/** Throws BAD_HOST. */
export function hostAddresses(hosts: readonly string[], cloudId: string | undefined): readonly HostAddress[] {
  if (cloudId !== undefined && hosts.length > 0) throw bad("hosts and cloud_id are both set; keep one");
  if (cloudId !== undefined) return [address(cloudUrl(cloudId))];
  if (hosts.length === 0) throw bad("hosts is empty; name at least one URL such as https://es.example.org:9200");
  return hosts.map(address);
}

function address(text: string): HostAddress {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== "http:" && url.protocol !== "https:"))
    throw bad(`${withoutUser(text)} is not a URL of a node; it looks like https://es.example.org:9200`);
  const { username, password } = url;
  url.username = "";
  url.password = "";
  url.search = "";
  url.hash = "";
  return { url, username: decodeURIComponent(username), password: decodeURIComponent(password) };
}

/**
 * `name:base64 of host[:port]$elasticsearch-id[$kibana-id]`; the id may have a port of its own
 * (https://www.elastic.co/docs/deploy-manage/deploy/elastic-cloud/find-cloud-id).
 */
function cloudUrl(cloudId: string): string {
  const encoded = cloudId.slice(cloudId.lastIndexOf(":") + 1);
  const [host = "", id = ""] = Buffer.from(encoded, "base64").toString("utf8").split("$");
  const [name = "", idPort] = id.split(":");
  const [domain = "", hostPort] = host.split(":");
  if (!/^[\w.-]+$/.test(domain) || !/^[\w.-]+$/.test(name))
    throw bad("cloud_id cannot be read; copy it whole from the deployment's page: name:base64");
  return `https://${name}.${domain}:${idPort ?? hostPort ?? "443"}`;
}

/** Whether the host is this machine, by its name: nothing is looked up. */
export function isLocal(url: URL): boolean {
  const name = url.hostname;
  return name === "localhost" || name.endsWith(".localhost") || /^127(\.\d+){3}$/.test(name) || name === "[::1]";
}

function withoutUser(text: string): string {
  return text.replace(/[^/]*@/, "");
}

function bad(message: string): MayflyError {
  return new MayflyError("BAD_HOST", ExitCode.config, `output.elasticsearch: ${message}`);
}
