import { type FileHash, type Findings, type Image, type Package, Quality } from "../src/process/facts.ts";
import { flat } from "./flat.ts";
import { quoted } from "./json.ts";

/* What was looked up about an image: hashes and package. Hot path. */

/** What is told of Findings in three places of a document. Kept: all images of one executable share it. */
interface FindingsText {
  /** `,"hash":{...}` of `process`, or nothing. */
  readonly hash: string;
  /** The member `hash` of `related`; empty without one. */
  readonly related: string;
  /** The member `package` of `mayfly.executable`; empty without one. */
  readonly package: string;
  /** How often it was asked for. */
  uses: number;
}

/** Asked for so often it stands in several documents, and is made flat. */
const SHARED_USES = 6;

/** `,"hash":{...}` of `process`, or nothing. */
export function hashText(findings: Findings | undefined): string {
  return findings === undefined ? "" : findingsText(findings).hash;
}

/** The member `hash` of `related`; empty without one. */
export function relatedHashes(findings: Findings | undefined): string {
  return findings === undefined ? "" : findingsText(findings).related;
}

/** `,"script":{...}` of `mayfly`, or nothing. */
export function scriptText({ scriptPath, findings }: Image): string {
  if (scriptPath === undefined || scriptPath === "") return "";
  const hashes = findings?.scriptHash?.hashes;
  return `,"script":{"path":${quoted(scriptPath)}${hashes === undefined ? "" : `,"hash":${hashesText(hashes)}`}}`;
}

/** `,"executable":{...}` of `mayfly`, or nothing. */
export function executableText({ deleted, memfd, findings }: Image): string {
  const owner = findings === undefined ? "" : findingsText(findings).package;
  if (!deleted && !memfd) return owner === "" ? "" : `,"executable":{${owner}}`;
  const members = [
    ...(deleted ? ['"deleted":true'] : []),
    ...(memfd ? ['"memfd":true'] : []),
    ...(owner === "" ? [] : [owner]),
  ];
  return `,"executable":{${members.join(",")}}`;
}

/** Why there is no hash, as bits of Quality. 0 where nothing was asked for. */
export function findingsQuality(findings: Findings | undefined): number {
  if (findings === undefined) return 0;
  return reasonBit(findings.hash) | reasonBit(findings.scriptHash) | (findings.hashPending ? Quality.hashPending : 0);
}

/** `gone` too is pending: it was not found out, and a later process with the same file may tell. */
const reasonBits: Readonly<Record<string, number>> = {
  changed: Quality.hashChanged,
  too_large: Quality.hashTooLarge,
  unreadable: Quality.hashUnreadable,
  not_regular: Quality.hashUnreadable,
};

function reasonBit(hash: FileHash | undefined): number {
  return hash?.reason === undefined ? 0 : (reasonBits[hash.reason] ?? Quality.hashPending);
}

function findingsText(findings: Findings): FindingsText {
  const kept = findings.rendered as FindingsText | undefined;
  const text = kept ?? render(findings);
  text.uses++;
  if (text.uses === SHARED_USES) return (findings.rendered = flattened(text));
  if (kept === undefined) findings.rendered = text;
  return text;
}

function render({ hash, scriptHash, package: owner }: Findings): FindingsText {
  const hashes = hash?.hashes;
  const related = [...values(hash), ...values(scriptHash)];
  return {
    hash: hashes === undefined ? "" : `,"hash":${hashesText(hashes)}`,
    related: related.length === 0 ? "" : `"hash":["${related.join('","')}"]`,
    package: owner === undefined ? "" : packageText(owner),
    uses: 0,
  };
}

function flattened({ hash, related, package: owner, uses }: FindingsText): FindingsText {
  return { hash: flat(hash), related: flat(related), package: flat(owner), uses };
}

function packageText({ name, version, type }: Package): string {
  return `"package":{"name":${quoted(name)},"version":${quoted(version)},"type":${quoted(type)}}`;
}

/** Lower-case hexadecimal, which needs no escape. */
function hashesText(hashes: Readonly<Record<string, string>>): string {
  let text = "";
  for (const type in hashes) text += `${text === "" ? "" : ","}"${type}":"${hashes[type]}"`;
  return `{${text}}`;
}

function values(hash: FileHash | undefined): string[] {
  return hash?.hashes === undefined ? [] : Object.values(hash.hashes);
}
