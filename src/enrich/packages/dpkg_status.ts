import type { PackageCounters } from "./counters.ts";
import { isWord } from "./lines.ts";

/** What one stanza of dpkg's status file says of one installed package. */
export interface Stanza {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  /** Its list of files is called name:architecture.list. */
  readonly multiArchSame: boolean;
  readonly installed: boolean;
}

/** The states of a package whose files are those of its version (dpkg(1)); in half-installed some are of another one. */
const INSTALLED = new Set(["installed", "unpacked", "half-configured", "triggers-awaited", "triggers-pending"]);
/** Twenty times what a desktop has. */
const MAX_STANZAS = 100_000;
/** As dpkg allows them (upper case only in very old ones): no slash, so they may stand in a file name. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9+.-]{0,255}$/;
const ARCHITECTURE = /^[a-z0-9-]{0,64}$/;

/**
 * Reads a file of stanzas: /var/lib/dpkg/status, a file of updates/, or one of a distroless image's status.d, where no
 * Status line stands.
 * What makes no sense is left out and counted, and so is what follows too many stanzas.
 */
export function readStanzas(text: string, counters: PackageCounters): Stanza[] {
  const stanzas: Stanza[] = [];
  const all = text.split(/\n(?:[ \t]*\n)+/, MAX_STANZAS + 1);
  if (all.length > MAX_STANZAS) counters.oversized++;
  for (const lines of all) {
    if (lines.trim() === "") continue;
    const stanza = readStanza(lines);
    if (stanza === undefined) counters.damaged++;
    else stanzas.push(stanza);
  }
  return stanzas;
}

function readStanza(lines: string): Stanza | undefined {
  const name = field(lines, "Package");
  const version = field(lines, "Version");
  const architecture = field(lines, "Architecture") ?? "";
  const state = field(lines, "Status")?.split(" ")[2];
  if (name === undefined || !NAME.test(name) || !ARCHITECTURE.test(architecture)) return undefined;
  const installed = state === undefined || INSTALLED.has(state);
  // A package that is gone may have no version.
  if (installed && !isWord(version)) return undefined;
  const multiArchSame = field(lines, "Multi-Arch") === "same";
  return { name, version: version ?? "", architecture, multiArchSame, installed };
}

/** The value of `Name: value` at the start of a line. */
function field(lines: string, name: string): string | undefined {
  const label = `${name}: `;
  let at = lines.startsWith(label) ? 0 : lines.indexOf(`\n${label}`) + 1;
  if (at === 0 && !lines.startsWith(label)) return undefined;
  at += label.length;
  const end = lines.indexOf("\n", at);
  return lines.slice(at, end === -1 ? undefined : end).trim();
}
