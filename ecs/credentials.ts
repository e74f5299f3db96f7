import type { Credentials } from "../src/process/facts.ts";
import { capabilityList } from "./capabilities.ts";
import { flat } from "./flat.ts";

/** Hot path: one field access per document. Kept from the first use on: nearly all processes share a few Credentials. */
export interface CredentialsText {
  /** The ids as members of any process, a comma before each. */
  readonly ids: string;
  /** Ids and capabilities as members of `process`, a comma before each. */
  readonly ofProcess: string;
  /** Members of the document: `"user":{...},"group":{...},` */
  readonly ofDocument: string;
}

/** Credentials as text; made once and kept in their slot. */
export function credentialsText(credentials: Credentials): CredentialsText {
  return (credentials.rendered as CredentialsText | undefined) ?? render(credentials);
}

function render(credentials: Credentials): CredentialsText {
  const { uid, gid, euid, egid, suid, sgid } = credentials;
  const named: readonly [string, number][] = [
    ["user", euid],
    ["group", egid],
    ["real_user", uid],
    ["real_group", gid],
    ["saved_user", suid],
    ["saved_group", sgid],
  ];
  const ids = flat(named.map(([name, id]) => `,"${name}":{"id":"${id}"}`).join(""));
  const text: CredentialsText = {
    ids,
    ofProcess: flat(ids + threadText(credentials)),
    ofDocument: flat(`"user":{"id":"${euid}"},"group":{"id":"${egid}"},`),
  };
  credentials.rendered = text;
  return text;
}

function threadText(credentials: Credentials): string {
  const sets = [
    ["effective", capabilityList(credentials.capEffectiveLow, credentials.capEffectiveHigh)],
    ["permitted", capabilityList(credentials.capPermittedLow, credentials.capPermittedHigh)],
  ].filter(([, list]) => list !== undefined);
  if (sets.length === 0) return "";
  return `,"thread":{"capabilities":{${sets.map(([name, list]) => `"${name}":${list}`).join(",")}}}`;
}
