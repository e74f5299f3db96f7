import type { Origin, Parent } from "../src/process/facts.ts";
import { credentialsText, noticeNames } from "./credentials.ts";
import { identityText, leaderNameText } from "./identity.ts";
import { argsAreCutInChild, imageAsParentText, workingDirectoryText } from "./image.ts";
import { keptText, slotFor } from "./kept_text.ts";
import { terminalText } from "./terminal.ts";

/**
 * Members of `process` that say who made it, a comma before each: `parent` and `Ext.ancestry`. Hot path.
 * Kept from the second use on, as in ecs/image.ts: the children that a process makes while its own facts stay the same share
 * one Origin, and a long life has several documents.
 */
export function originText(origin: Origin): string {
  noticeNames(origin.parent?.credentials);
  const kept = keptText(origin.rendered);
  if (kept !== undefined) return kept;
  const text = (origin.parent === undefined ? "" : parentText(origin.parent)) + ancestryText(origin.ancestry);
  origin.rendered = slotFor(origin.rendered, text);
  return text;
}

function parentText({ identity, image, ownImage, credentials, session, groupLeader }: Parent): string {
  return (
    `,"parent":{${identityText(identity)}` +
    (image === undefined ? "" : imageAsParentText(image)) +
    (ownImage ? workingDirectoryText(image?.workingDirectory) : "") +
    (session === undefined ? "" : terminalText(session)) +
    (credentials === undefined ? "" : credentialsText(credentials).ids) +
    (groupLeader === undefined ? "" : `,"group_leader":{${leaderNameText(groupLeader)}}`) +
    (image !== undefined && argsAreCutInChild(image) ? ',"Ext":{"command_line_truncated":true}}' : "}")
  );
}

/** As originText(), of a process whose own command line is not all that it was given: rare. */
export function originTextOfCut(origin: Origin): string {
  const text = originText(origin);
  const member = '"command_line_truncated":true}';
  return origin.ancestry.length === 0 ? `${text},"Ext":{${member}` : `${text.slice(0, -1)},${member}`;
}

/** Entity ids are base64url: nothing in them needs an escape. */
function ancestryText(ancestry: readonly string[]): string {
  return ancestry.length === 0 ? "" : `,"Ext":{"ancestry":["${ancestry.join('","')}"]}`;
}
