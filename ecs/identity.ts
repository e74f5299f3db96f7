import type { Identity, LeaderName } from "../src/process/facts.ts";

/** The first members of every process that is named, without a comma before them. Entity ids need no escape. Hot path. */
export function identityText({ pid, entityId, start, vpid }: Identity): string {
  const text = `"pid":${pid},"entity_id":"${entityId}","start":"${start.iso()}"`;
  return vpid === undefined ? text : `${text},"vpid":${vpid}`;
}

/** The same of a leader, of whom maybe only the pid is known. */
export function leaderNameText({ pid, identity }: LeaderName): string {
  return identity === undefined ? `"pid":${pid}` : identityText(identity);
}
