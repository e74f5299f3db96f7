import type { Identity, Origin, Parent, Session } from "../src/process/facts.ts";
import { flat } from "./flat.ts";
import { imageAsParentText, slotsOf, writtenOnce } from "./image.ts";

/**
 * Members of `process` that say who made it, a comma before each: `parent` and `Ext.ancestry`. Hot path.
 * Both texts are kept from the second use on, for the reason that ecs/image.ts gives: the parent's in its image, because
 * one parent has many children; all of it in the Origin, because a long life has several documents.
 */
export function originText(origin: Origin): string {
  if (typeof origin.rendered === "string") return origin.rendered;
  const text = (origin.parent === undefined ? "" : parentText(origin.parent)) + ancestryText(origin.ancestry);
  origin.rendered = origin.rendered === undefined ? writtenOnce : flat(text);
  return text;
}

function parentText({ identity, image, session }: Parent): string {
  if (image === undefined) return render(identity, "", session);
  const slots = slotsOf(image);
  const again = slots.parentIdentity === identity && slots.parentSession === session;
  if (again && slots.asParent !== undefined) return slots.asParent;
  const text = render(identity, imageAsParentText(image), session);
  slots.asParent = again ? flat(text) : undefined;
  slots.parentIdentity = identity;
  slots.parentSession = session;
  return text;
}

function render({ pid, entityId, start }: Identity, image: string, session: Session | undefined): string {
  const interactive =
    session === undefined ? "" : `,"interactive":${session.ttyMajor !== 0 || session.ttyMinor !== 0}`;
  return `,"parent":{"pid":${pid},"entity_id":"${entityId}","start":"${start.iso()}"${image}${interactive}}`;
}

/** Entity ids are base64url: nothing in them needs an escape. */
function ancestryText(ancestry: readonly string[]): string {
  return ancestry.length === 0 ? "" : `,"Ext":{"ancestry":["${ancestry.join('","')}"]}`;
}
