import { type Identity, type Leader, type Leaders, Quality } from "../src/process/facts.ts";
import type { Lifecycle } from "../src/process/lifecycle.ts";
import { credentialsText, noticeNames } from "./credentials.ts";
import { flat } from "./flat.ts";
import { identityText, leaderNameText } from "./identity.ts";
import { argsAreCutInChild, imageAsParentText, workingDirectoryText, writtenOnce } from "./image.ts";
import { quoted } from "./json.ts";
import { keptText, slotFor } from "./kept_text.ts";
import { terminalText } from "./terminal.ts";

/**
 * Members of `process`, a comma before each: the leaders of entry, group and session. Hot path.
 * Kept from the second use on, as in ecs/image.ts, in one piece: processes of one shell share their leaders. A process that
 * leads itself shares that with nobody: the text is put together of what is kept of the others and what its head was made of.
 */
export function leadersText({ leaders, identity }: Lifecycle): string {
  noticeNames(leaders.entry?.credentials);
  noticeNames(leaders.group?.credentials);
  noticeNames(leaders.session?.credentials);
  if (leads(leaders, identity)) return allText(leaders, identity);
  const kept = keptText(leaders.rendered);
  if (kept !== undefined) return kept;
  const text = allText(leaders, identity);
  leaders.rendered = slotFor(leaders.rendered, text);
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

function leads({ entry, group, session }: Leaders, identity: Identity): boolean {
  return isSame(group, identity) || isSame(session, identity) || isSame(entry, identity);
}

function isSame(leader: Leader | undefined, identity: Identity): boolean {
  const known = leader?.identity;
  return known !== undefined && known.pid === identity.pid && known.startTicks === identity.startTicks;
}

/** Whoever leads twice, as most leaders of a session lead its first group, is written once. */
function allText(leaders: Leaders, identity: Identity): string {
  const { entry, group, session } = leaders;
  const ofGroup = memberText(group, identity);
  const ofSession = session === group ? ofGroup : memberText(session, identity);
  const ofEntry = entry === session ? ofSession : memberText(entry, identity);
  return (
    (entry === undefined ? "" : `,"entry_leader":{${ofEntry}${entryText(entry, leaders)}`) +
    (group === undefined ? "" : `,"group_leader":{${ofGroup}}`) +
    (session === undefined ? "" : `,"session_leader":{${ofSession}}`)
  );
}

function memberText(leader: Leader | undefined, identity: Identity): string {
  if (leader === undefined) return "";
  return isSame(leader, identity) ? `${ownText(leader)},"same_as_process":true` : leaderText(leader);
}

/** What an entry leader has besides. */
function entryText(entry: Leader, { entryType, sourceIp }: Leaders): string {
  const source = sourceIp === undefined ? "" : `,"source":{"ip":${quoted(sourceIp)}}`;
  return `${entryParentText(entry)},"entry_meta":{"type":"${entryType}"${source}}}`;
}

function entryParentText(entry: Leader): string {
  if (entry.parent === undefined) return "";
  if (typeof entry.renderedParent === "string") return entry.renderedParent;
  const { identity, sessionLeader } = entry.parent;
  const session = sessionLeader === undefined ? "" : `,"session_leader":{${leaderNameText(sessionLeader)}}`;
  const text = `,"parent":{${identityText(identity)}${session}}`;
  entry.renderedParent = entry.renderedParent === undefined ? writtenOnce : flat(text);
  return text;
}

/** Of another process than the one that is told of. */
function leaderText(leader: Leader): string {
  const kept = keptText(leader.rendered);
  if (kept !== undefined) return kept;
  const text = `${ownText(leader)},"same_as_process":false`;
  leader.rendered = slotFor(leader.rendered, text);
  return text;
}

function ownText(leader: Leader): string {
  const { image, ownImage, credentials, session } = leader;
  return (
    leaderNameText(leader) +
    (image === undefined ? "" : imageAsParentText(image)) +
    (ownImage ? workingDirectoryText(image?.workingDirectory) : "") +
    (session === undefined ? "" : terminalText(session)) +
    (credentials === undefined ? "" : credentialsText(credentials).ids)
  );
}

function cutText(name: string, leader: Leader | undefined): string {
  const image = leader?.image;
  return image !== undefined && argsAreCutInChild(image) ? `,"${name}":{"args_truncated":true}` : "";
}

function redactedBit(leader: Leader | undefined): number {
  return leader?.image?.quality ?? 0;
}
