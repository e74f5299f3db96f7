import { type FileHash, type Findings, type Image, Quality } from "../src/process/facts.ts";
import { quoted } from "./json.ts";

/* What was looked up about an image: hashes and package. Hot path. */

/** `,"hash":{...}` of `process`, or nothing. */
export function hashText(findings: Findings | undefined): string {
  const hashes = findings?.hash?.hashes;
  return hashes === undefined ? "" : `,"hash":${hashesText(hashes)}`;
}

/** The member `hash` of `related`; empty without one. */
export function relatedHashes({ findings }: Image): string {
  const hashes = [...values(findings?.hash), ...values(findings?.scriptHash)];
  return hashes.length === 0 ? "" : `"hash":["${hashes.join('","')}"]`;
}

/** `,"script":{...}` of `mayfly`, or nothing. */
export function scriptText({ scriptPath, findings }: Image): string {
  if (scriptPath === undefined || scriptPath === "") return "";
  const hashes = findings?.scriptHash?.hashes;
  return `,"script":{"path":${quoted(scriptPath)}${hashes === undefined ? "" : `,"hash":${hashesText(hashes)}`}}`;
}

/** `,"executable":{...}` of `mayfly`, or nothing. */
export function executableText({ deleted, memfd, findings }: Image): string {
  const owner = findings?.package;
  if (!deleted && !memfd && owner === undefined) return "";
  const members = [
    ...(deleted ? ['"deleted":true'] : []),
    ...(memfd ? ['"memfd":true'] : []),
    ...(owner === undefined
      ? []
      : [`"package":{"name":${quoted(owner.name)},"version":${quoted(owner.version)},"type":${quoted(owner.type)}}`]),
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

/** Lower-case hexadecimal, which needs no escape. */
function hashesText(hashes: Readonly<Record<string, string>>): string {
  let text = "";
  for (const type in hashes) text += `${text === "" ? "" : ","}"${type}":"${hashes[type]}"`;
  return `{${text}}`;
}

function values(hash: FileHash | undefined): string[] {
  return hash?.hashes === undefined ? [] : Object.values(hash.hashes);
}
