import { ExitCode, MayflyError } from "../errors.ts";
import { bodyOf, type Requester, reasonOf } from "./requester.ts";
import type { IndexMode } from "./settings.ts";

/** What setup asks of a cluster before it sends anything. */
export interface Cluster {
  readonly version: string;
  readonly license: License;
}

/** `unknown` when the key may not ask, or when nothing is asked (a dry run). */
export type License = "unknown" | "basic" | "enterprise" | "trial" | (string & {});

/** logsdb for everybody, index.mapping.source.mode, and sorting beside nested fields came until 8.17. */
const OLDEST = [8, 17] as const;
/** What a dry run is made for. */
export const newestCluster: Cluster = { version: "9.4.0", license: "unknown" };

/** @throws MayflyError also where it is no Elasticsearch, or too old */
export async function askCluster(requester: Requester): Promise<Cluster> {
  const root = await bodyOf(requester, "GET", "/", { what: "ask for the version", privilege: "monitor (cluster)" });
  const version = (root as { version?: { number?: unknown } } | undefined)?.version?.number;
  if (typeof version !== "string")
    throw new MayflyError(
      "NO_ELASTICSEARCH",
      ExitCode.usage,
      "What answers at this URL is no Elasticsearch; check host and port (9200, Elastic Cloud 443; Kibana's 5601 is another thing).",
    );
  if (!isAtLeast(version, OLDEST))
    throw new MayflyError(
      "TOO_OLD",
      ExitCode.permission,
      `This is Elasticsearch ${version}; mayfly needs ${OLDEST.join(".")} or newer for its index design: upgrade the cluster.`,
    );
  return { version, license: await askLicense(requester) };
}

async function askLicense(requester: Requester): Promise<License> {
  const { status, body } = await requester.request("GET", "/_license");
  const type = (body as { license?: { type?: unknown } } | undefined)?.license?.type;
  return status === 200 && typeof type === "string" ? type : "unknown";
}

/** data_stream_options came with 8.19 and 9.1; 9.0 lies between them without it. */
export function hasFailureStore({ version }: Cluster): boolean {
  return version.startsWith("8.") ? isAtLeast(version, [8, 19]) : isAtLeast(version, [9, 1]);
}

function isAtLeast(version: string, [major, minor]: readonly [number, number]): boolean {
  const [ownMajor = 0, ownMinor = 0] = version.split(".").map((part) => Number.parseInt(part, 10));
  return ownMajor > major || (ownMajor === major && ownMinor >= minor);
}

/** A cluster without the licence would store _source and say nothing. @throws MayflyError NO_LICENSE */
export function checkLicense({ license }: Cluster, mode: IndexMode): void {
  if (mode !== "logsdb-synthetic" || license === "unknown" || isEnterprise(license)) return;
  throw new MayflyError(
    "NO_LICENSE",
    ExitCode.config,
    `--index-mode logsdb-synthetic needs an Enterprise licence and this cluster has ${license}: it would silently store _source. ` +
      "Leave the option out: logsdb works with every licence.",
  );
}

/** What another licence would change, or nothing to say. */
export function licenseNote({ license }: Cluster, mode: IndexMode): string {
  if (license === "unknown") return "licence not known: setup needs the same for every licence";
  if (!isEnterprise(license))
    return `licence ${license}: everything here works; only logsdb-synthetic needs Enterprise`;
  if (mode === "logsdb-synthetic") return `licence ${license}: _source is put together from columns (synthetic)`;
  return `licence ${license}: --index-mode logsdb-synthetic would save disk, at a price (docs/elasticsearch.md)`;
}

function isEnterprise(license: License): boolean {
  return license === "enterprise" || license === "trial";
}

/** @throws MayflyError NO_POLICY */
export async function checkPolicy(requester: Requester, policy: string): Promise<void> {
  const { status, body } = await requester.request("GET", `/_ilm/policy/${encodeURIComponent(policy)}`);
  // 400 or 405 without ILM in the server; 403 where the key may not look: the policy's name is taken at its word then.
  if (status !== 404) return;
  throw new MayflyError(
    "NO_POLICY",
    ExitCode.config,
    `There is no lifecycle policy ${JSON.stringify(policy)} in the cluster (${reasonOf(body)}): create it first, or leave out --ilm.`,
  );
}
