import { type NoHashReason, noHashReasons } from "../../enrich/hash/hashes.ts";
import type { NamesCounters } from "../../enrich/names/counters.ts";
import type { HealthSnapshot } from "../health.ts";
import type { Figure, Sample } from "./figure.ts";

/** What a reader of `mayfly status` should know; the other reasons lie with the file or its process, and stand in its document. */
const noHashConcerns: Readonly<Partial<Record<NoHashReason, string>>> = {
  timeout: "hashes not told: their file system is slow or hangs",
  overload: "hashes not told: too many new executables waited at once",
  failed: "hashes not told: there was no helper process to read the files",
};

/** What is looked up besides what the kernel says: names, hashes, packages. Nothing here loses a document. */
export const enrichmentFigures: readonly Figure[] = [
  {
    name: "mayfly_enrichment_waiting_lives",
    type: "gauge",
    help: "Lives that wait for a name, hash or package, after the hold.",
    samples: [{ field: "mayfly.agent.enrichment.waiting", read: (h) => h.enrichment?.lives.waiting }],
  },
  {
    name: "mayfly_enrichment_late_lives_total",
    type: "counter",
    help: "Lives that left without a name, hash or package because enrichment.deadline was over.",
    samples: [{ field: "mayfly.agent.enrichment.late", read: (h) => h.enrichment?.lives.late }],
  },
  {
    name: "mayfly_enrichment_crowded_out_lives_total",
    type: "counter",
    help: "Lives that left without waiting for names, hashes or packages because 16,384 waited.",
    samples: [
      {
        field: "mayfly.agent.enrichment.crowded_out",
        concern: anxious("lives left without names, hashes or packages: too many waited for theirs"),
        read: (h) => h.enrichment?.lives.crowdedOut,
      },
    ],
  },
  {
    name: "mayfly_hash_files_total",
    type: "counter",
    help: "Files that were read and hashed.",
    samples: [{ field: "mayfly.agent.enrichment.hash.files", read: (h) => h.enrichment?.hashes?.hashed }],
  },
  {
    name: "mayfly_hash_cache_hits_total",
    type: "counter",
    help: "Hashes that were known, or on their way, when they were asked for.",
    samples: [{ field: "mayfly.agent.enrichment.hash.cache_hits", read: (h) => h.enrichment?.hashes?.cacheHits }],
  },
  {
    name: "mayfly_hash_read_bytes_total",
    type: "counter",
    help: "Bytes that were read for hashes.",
    samples: [{ field: "mayfly.agent.enrichment.hash.bytes", read: (h) => h.enrichment?.hashes?.bytes }],
  },
  {
    name: "mayfly_hash_none_total",
    type: "counter",
    help: "Executables and scripts of which no hash was told, by reason; those who asked together count once.",
    samples: noHashReasons.map((reason) => {
      const words = noHashConcerns[reason];
      return {
        labels: { reason },
        field: `mayfly.agent.enrichment.hash.none.${reason}`,
        ...(words !== undefined && { concern: anxious(words) }),
        read: (h: HealthSnapshot) => h.enrichment?.hashes?.none[reason],
      };
    }),
  },
  {
    name: "mayfly_package_lookups_total",
    type: "counter",
    help: "Executables whose package was looked up: found, unknown to every database, gone with its process, or not looked up.",
    samples: [
      {
        labels: { result: "found" },
        field: "mayfly.agent.enrichment.package.found",
        read: (h) => h.enrichment?.packages.found,
      },
      {
        labels: { result: "unknown" },
        field: "mayfly.agent.enrichment.package.unknown",
        read: (h) => h.enrichment?.packages.unknown,
      },
      {
        labels: { result: "gone" },
        field: "mayfly.agent.enrichment.package.gone",
        read: (h) => h.enrichment?.packages.gone,
      },
      {
        labels: { result: "failed" },
        field: "mayfly.agent.enrichment.package.failed",
        concern: anxious("packages not told: the helper process was overloaded, hung, or is missing"),
        read: (h) => h.enrichment?.packages.failed,
      },
    ],
  },
  {
    name: "mayfly_helper_restarts_total",
    type: "counter",
    help: "Helper processes for hashes and packages that were started after the first.",
    samples: [{ field: "mayfly.agent.enrichment.helper.restarts", read: (h) => h.enrichment?.helper.restarts }],
  },
  {
    name: "mayfly_helper_kills_total",
    type: "counter",
    help: "Helper processes that were killed because a file system hung.",
    samples: [{ field: "mayfly.agent.enrichment.helper.kills", read: (h) => h.enrichment?.helper.kills }],
  },
  {
    name: "mayfly_helper_lingering",
    type: "gauge",
    help: "Killed helper processes that have not ended: the file system that they wait for still hangs. 4 at most.",
    samples: [{ field: "mayfly.agent.enrichment.helper.lingering", read: (h) => h.enrichment?.helper.lingering }],
  },
  {
    name: "mayfly_helper_jobs",
    type: "gauge",
    help: "Files and lookups that the helper process works on, and those that wait for it.",
    samples: [
      {
        labels: { state: "running" },
        field: "mayfly.agent.enrichment.helper.running",
        read: (h) => h.enrichment?.helper.running,
      },
      {
        labels: { state: "waiting" },
        field: "mayfly.agent.enrichment.helper.waiting",
        read: (h) => h.enrichment?.helper.waiting,
      },
    ],
  },
  {
    name: "mayfly_names_unknown_total",
    type: "counter",
    help: "Ids of users and groups that were found to have no name.",
    samples: [ofNames("unknown", "unknown")],
  },
  {
    name: "mayfly_names_evicted_total",
    type: "counter",
    help: "Names and namespaces that were forgotten for others' sake. They are looked up anew.",
    samples: [ofNames("evicted", "evicted")],
  },
  {
    name: "mayfly_names_files_read_total",
    type: "counter",
    help: "Times that the host's passwd or group was read: at the start and after each change.",
    samples: [ofNames("filesRead", "files.read")],
  },
  {
    name: "mayfly_names_junk_lines_total",
    type: "counter",
    help: "Lines of passwd and group that are no account, of all readings.",
    samples: [ofNames("junkLines", "junk_lines")],
  },
  {
    name: "mayfly_names_files_refused_total",
    type: "counter",
    help: "Readings of passwd or group that were refused or failed: no regular file, too large, no permission.",
    samples: [
      ofNames("filesRefused", "files.refused", { root: "host" }),
      ofNames("rootFilesRefused", "root.files_refused", { root: "other" }),
    ],
  },
  {
    name: "mayfly_names_getent_absent",
    type: "gauge",
    help: "1 when there is no getent: who is not in passwd and group has no name.",
    samples: [ofNames("getentAbsent", "getent.absent")],
  },
  {
    name: "mayfly_names_requests_total",
    type: "counter",
    help: "Runs of getent, which asks NSS, and requests to the helper that reads the files of other roots.",
    samples: [
      ofNames("getentRuns", "getent.runs", { by: "getent" }),
      ofNames("rootRequests", "root.requests", { by: "root" }),
    ],
  },
  {
    name: "mayfly_names_failed_requests_total",
    type: "counter",
    help: "Those of them that named nobody. gone: the processes that lead to the root had ended; the next one is tried.",
    samples: [
      {
        ...ofNames("getentTimeouts", "getent.timeouts", { by: "getent", reason: "timeout" }),
        concern: anxious(
          "runs of getent took too long: users and groups of LDAP or SSSD go without a name for a while",
        ),
      },
      {
        ...ofNames("getentFailures", "getent.failures", { by: "getent", reason: "failed" }),
        concern: anxious("runs of getent failed: users and groups of LDAP or SSSD go without a name for a while"),
      },
      {
        ...ofNames("rootTimeouts", "root.timeouts", { by: "root", reason: "timeout" }),
        concern: anxious("roots of containers could not be read in time: their users go without a name for a while"),
      },
      ofNames("rootFailures", "root.failures", { by: "root", reason: "failed" }),
      ofNames("rootGone", "root.gone", { by: "root", reason: "gone" }),
    ],
  },
  {
    name: "mayfly_names_refused_ids_total",
    type: "counter",
    help: "Ids that were not asked for: too many waited, or whoever would know had just failed.",
    samples: [
      ofNames("getentRefused", "getent.refused", { by: "getent" }),
      ofNames("rootRefused", "root.refused", { by: "root" }),
    ],
  },
];

type NamesField = Extract<Sample["field"], `mayfly.agent.enrichment.names.${string}`>;
type NamesFieldEnd = NamesField extends `mayfly.agent.enrichment.names.${infer End}` ? End : never;

function ofNames(counter: keyof NamesCounters, end: NamesFieldEnd, labels: Sample["labels"] = {}): Sample {
  return { labels, field: `mayfly.agent.enrichment.names.${end}`, read: (h) => h.enrichment?.names[counter] };
}

/** Documents lack something; none is gone. */
function anxious(words: string): { readonly words: string; readonly documentsGone: false } {
  return { words, documentsGone: false };
}
