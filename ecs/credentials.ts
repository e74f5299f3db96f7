import type { CredentialNames, Credentials } from "../src/process/facts.ts";
import { capabilityList } from "./capabilities.ts";
import { flat } from "./flat.ts";
import { quoted, quotedList } from "./json.ts";
import { nextEdition } from "./kept_text.ts";

/** Hot path: one field access per document. Kept from the first use on: nearly all processes share a few Credentials. */
export interface CredentialsText {
  /** The ids as members of any process, a comma before each. */
  readonly ids: string;
  /** Ids and capabilities as members of `process`, a comma before each. */
  readonly ofProcess: string;
  /** Members of the document: `"user":{...},"group":{...},` */
  readonly ofDocument: string;
  /** The member `user` of `related`; empty without names. */
  readonly related: string;
  /** What it was made of. */
  readonly names: CredentialNames | undefined;
}

/** Credentials as text; made once and kept in their slot. */
export function credentialsText(credentials: Credentials): CredentialsText {
  const text = credentials.rendered as CredentialsText | undefined;
  if (text === undefined) return render(credentials);
  if (text.names === credentials.names) return text;
  nextEdition();
  return render(credentials);
}

/** Ends kept texts when the names of these Credentials have changed since they were written. To be called before one is used. Hot path. */
export function noticeNames(credentials: Credentials | undefined): void {
  if (credentials === undefined) return;
  const text = credentials.rendered as CredentialsText | undefined;
  if (text !== undefined && text.names !== credentials.names) credentialsText(credentials);
}

function render(credentials: Credentials): CredentialsText {
  const { names } = credentials;
  const ids = flat(idsText(credentials, names));
  const text: CredentialsText = {
    ids,
    ofProcess: flat(ids + threadText(credentials)),
    ofDocument: flat(documentText(credentials, names)),
    related: flat(relatedText(names)),
    names,
  };
  credentials.rendered = text;
  return text;
}

function idsText(credentials: Credentials, names: CredentialNames | undefined): string {
  const { uid, gid, euid, egid, suid, sgid } = credentials;
  const named: readonly [string, number, string | undefined][] = [
    ["user", euid, names?.user],
    ["group", egid, names?.group],
    ["real_user", uid, names?.realUser],
    ["real_group", gid, names?.realGroup],
    ["saved_user", suid, names?.savedUser],
    ["saved_group", sgid, names?.savedGroup],
  ];
  return (
    named.map(([key, id, name]) => `,"${key}":{${idText(id, name)}}`).join("") + groupsText(credentials.groups, names)
  );
}

function idText(id: number, name: string | undefined): string {
  return `"id":"${id}"${name === undefined ? "" : `,"name":${quoted(name)}`}`;
}

function groupsText(groups: readonly number[] | undefined, names: CredentialNames | undefined): string {
  if (groups === undefined || groups.length === 0) return "";
  const texts = groups.map((id, index) => `{${idText(id, names?.groups[index])}}`);
  return `,"supplemental_groups":[${texts.join(",")}]`;
}

function documentText({ uid, gid, euid, egid }: Credentials, names: CredentialNames | undefined): string {
  const effective = idText(euid, names?.user);
  const real = idText(uid, names?.realUser);
  return (
    `"user":{${effective},"effective":{${effective}},"Ext":{"real":{${real}}}},` +
    `"group":{${idText(egid, names?.group)},"Ext":{"real":{${idText(gid, names?.realGroup)}}}},`
  );
}

function relatedText(names: CredentialNames | undefined): string {
  const all = [names?.user, names?.realUser, names?.savedUser].filter((name) => name !== undefined);
  return all.length === 0 ? "" : `"user":${quotedList([...new Set(all)])}`;
}

function threadText(credentials: Credentials): string {
  const sets = [
    ["effective", capabilityList(credentials.capEffectiveLow, credentials.capEffectiveHigh)],
    ["permitted", capabilityList(credentials.capPermittedLow, credentials.capPermittedHigh)],
  ].filter(([, list]) => list !== undefined);
  if (sets.length === 0) return "";
  return `,"thread":{"capabilities":{${sets.map(([name, list]) => `"${name}":${list}`).join(",")}}}`;
}
