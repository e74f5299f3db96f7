import { type Identity, type Leader, type Leaders, Quality } from "../src/process/facts.ts";
import type { Lifecycle } from "../src/process/lifecycle.ts";
import { credentialsText, noticeNames } from "./credentials.ts";
import { identityText, leaderNameText } from "./identity.ts";
import { argsAreCutInChild, imageAsParentText, workingDirectoryText } from "./image.ts";
import { quoted } from "./json.ts";
import { keptText, slotFor } from "./kept_text.ts";
import { terminalText } from "./terminal.ts";

/**
 * Members of `process`, a comma before each: the leaders of entry, group and session. Hot path.
 * Kept from the second use on, as in ecs/image.ts, in one piece: processes of one shell share their leaders. A process that
 * leads itself shares them with nobody, and the text of its own leaders is put together.
 */
export function leadersText({ leaders, identity }: Lifecycle): string {
  noticeNames(leaders.entry?.credentials);
  noticeNames(leaders.group?.credentials);
  noticeNames(leaders.session?.credentials);
  const kept = keptText(leaders.rendered);
  if (kept !== undefined && !leads(leaders, identity)) return kept;
  const text =
    entryText(leaders, identity) +
    memberText(',"group_leader":{', leaders.group, identity) +
    memberText(',"session_leader":{', leaders.session, identity);
  if (!leads(leaders, identity)) leaders.rendered = slotFor(leaders.rendered, text);
  return text;
}

/** Members of `mayfly`, a comma before each: whose arguments are not all that it was given. */
export function leaderNotes({ entry, group, session }: Leaders): string {
  return cutText("entry_leader", entry) + cutText("group_leader", group) + cutText("session_leader", session);
}

/** Bits of Quality that their texts bring into a document. */
export function leaderQuality({ entry, group, session }: Leaders): number {
  return (redactedBit(entry) | redactedBit(group) | redactedBit(session)) & Quality.redacted;
}

function leads(leaders: Leaders, identity: Identity): boolean {
  return isSame(leaders.group, identity) || isSame(leaders.session, identity) || isSame(leaders.entry, identity);
}

function isSame(leader: Leader | undefined, identity: Identity): boolean {
  const known = leader?.identity;
  return known !== undefined && known.pid === identity.pid && known.startTicks === identity.startTicks;
}

function memberText(key: string, leader: Leader | undefined, identity: Identity): string {
  return leader === undefined ? "" : `${key}${leaderText(leader)},"same_as_process":${isSame(leader, identity)}}`;
}

function entryText({ entry, entryType, sourceIp }: Leaders, identity: Identity): string {
  if (entry === undefined) return "";
  const source = sourceIp === undefined ? "" : `,"source":{"ip":${quoted(sourceIp)}}`;
  return (
    `,"entry_leader":{${leaderText(entry)},"same_as_process":${isSame(entry, identity)}${parentText(entry.parent)}` +
    `,"entry_meta":{"type":"${entryType}"${source}}}`
  );
}

function parentText(parent: Leader["parent"]): string {
  if (parent === undefined) return "";
  const { identity, sessionLeader } = parent;
  const session = sessionLeader === undefined ? "" : `,"session_leader":{${leaderNameText(sessionLeader)}}`;
  return `,"parent":{${identityText(identity)}${session}}`;
}

function leaderText(leader: Leader): string {
  const kept = keptText(leader.rendered);
  if (kept !== undefined) return kept;
  const { image, ownImage, credentials, session } = leader;
  const text =
    leaderNameText(leader) +
    (image === undefined ? "" : imageAsParentText(image)) +
    (ownImage ? workingDirectoryText(image?.workingDirectory) : "") +
    (session === undefined ? "" : terminalText(session)) +
    (credentials === undefined ? "" : credentialsText(credentials).ids);
  leader.rendered = slotFor(leader.rendered, text);
  return text;
}

function cutText(name: string, leader: Leader | undefined): string {
  const image = leader?.image;
  return image !== undefined && argsAreCutInChild(image) ? `,"${name}":{"args_truncated":true}` : "";
}

function redactedBit(leader: Leader | undefined): number {
  return leader?.image?.quality ?? 0;
}
