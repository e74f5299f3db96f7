import type { PackageCounters } from "./counters.ts";
import { readStanzas, type Stanza } from "./dpkg_status.ts";
import { eachLine } from "./lines.ts";
import type { Owners } from "./owners.ts";
import type { PathHash } from "./path_hash.ts";
import { PathIndex } from "./path_index.ts";
import type { RootVisit } from "./root_visit.ts";

const HOME = "/var/lib/dpkg";
/** What changes with the database. A list in info/ is replaced by rename, which changes the directory. */
export const DPKG_STAMPS = ["status", "updates", "info", "diversions", "status.d"].map((name) => `${HOME}/${name}`);

/** 40 times the status file of a Debian with 700 packages. */
const MAX_TEXT = 32 << 20;
const MAX_UPDATES = 4096;
const MAX_DISTROLESS = 4096;
/** Lists that are read at once: as many as libuv has threads. */
const READERS = 4;
const SLASH = 0x2f;

/**
 * Adds the files of dpkg's installed packages: the lists in info/ of the packages in status, with what a running dpkg
 * has noted in updates/ and not yet merged, and distroless images' status.d.
 */
export async function readDpkg(
  visit: RootVisit,
  owners: Owners,
  hash: PathHash,
  counters: PackageCounters,
): Promise<void> {
  const packages = await readStatus(visit, counters);
  if (packages.length > 0) {
    const diversions = await readDiversions(visit, hash, counters);
    const next = packages.values();
    const reader = async (): Promise<void> => {
      for (const stanza of next) await addList(visit, stanza, owners, diversions);
    };
    await Promise.all(Array.from({ length: READERS }, reader));
  }
  await readDistroless(visit, owners, counters);
}

async function readStatus(visit: RootVisit, counters: PackageCounters): Promise<Stanza[]> {
  const packages = new Map<string, Stanza>();
  const note = (text: Buffer | undefined): void => {
    for (const stanza of readStanzas(text?.toString("latin1") ?? "", counters)) {
      packages.set(`${stanza.name}:${stanza.architecture}`, stanza);
    }
  };
  note(await visit.read(`${HOME}/status`, MAX_TEXT));
  // dpkg's journal: files 0000, 0001, ... in the order of writing, each with the stanzas that replace earlier ones.
  const updates = (await visit.entries(`${HOME}/updates`, MAX_UPDATES)).map(({ name }) => name);
  for (const name of updates.filter((each) => /^\d+$/.test(each)).sort()) {
    note(await visit.read(`${HOME}/updates/${name}`, MAX_TEXT));
  }
  return [...packages.values()].filter(({ installed }) => installed);
}

async function addList(visit: RootVisit, stanza: Stanza, owners: Owners, diversions: Diversions): Promise<void> {
  const name = stanza.multiArchSame ? `${stanza.name}:${stanza.architecture}` : stanza.name;
  const list = await visit.read(`${HOME}/info/${name}.list`, MAX_TEXT);
  if (list === undefined) return;
  const number = owners.number(stanza.name, stanza.version, "deb");
  if (number === undefined) return;
  const add = (from: number, to: number): void => {
    const moved = diversions.moved(list, from, to, stanza.name);
    if (moved === undefined) owners.add(list, from, to, number);
    else owners.add(moved, 0, moved.length, number);
  };
  let heldFrom = 0;
  let heldTo = 0;
  // A directory stands before what is in it and needs no place in the index, so each line waits for the next one.
  eachLine(list, (from, to) => {
    if (heldTo > heldFrom && !isDirectoryOf(list, heldFrom, heldTo, from, to)) add(heldFrom, heldTo);
    heldFrom = list[from] === SLASH ? from : to;
    heldTo = to;
  });
  if (heldTo > heldFrom) add(heldFrom, heldTo);
}

function isDirectoryOf(list: Buffer, from: number, to: number, nextFrom: number, nextTo: number): boolean {
  const length = to - from;
  if (nextTo - nextFrom <= length || list[nextFrom + length] !== SLASH) return false;
  return list.compare(list, nextFrom, nextFrom + length, from, to) === 0;
}

/** Where files of other packages than the one that diverts are put in place of a path (dpkg-divert(1)). */
class Diversions {
  readonly #index: PathIndex;
  readonly #moves: { readonly to: Buffer; readonly by: string }[] = [];

  constructor(hash: PathHash) {
    this.#index = new PathIndex(hash, 65_536);
  }

  note(from: Buffer, to: Buffer, by: string): void {
    if (this.#index.add(from, 0, from.length, this.#moves.length)) this.#moves.push({ to, by });
  }

  /** Where the file of this package went that its list names list[from, to); undefined when it is in its place. */
  moved(list: Buffer, from: number, to: number, name: string): Buffer | undefined {
    if (this.#moves.length === 0) return undefined;
    const number = this.#index.find(list, from, to);
    const move = number === undefined ? undefined : this.#moves[number];
    return move === undefined || move.by === name ? undefined : move.to;
  }
}

/** The file holds three lines each: the path, where it is diverted to, and the package that diverts, or `:` for the administrator. */
async function readDiversions(visit: RootVisit, hash: PathHash, counters: PackageCounters): Promise<Diversions> {
  const diversions = new Diversions(hash);
  const bytes = await visit.read(`${HOME}/diversions`, MAX_TEXT);
  if (bytes === undefined) return diversions;
  const lines: Buffer[] = [];
  eachLine(bytes, (from, to) => lines.push(bytes.subarray(from, to)));
  if (lines.length % 3 !== 0) counters.damaged++;
  for (let at = 0; at + 2 < lines.length; at += 3) {
    diversions.note(lines[at] as Buffer, lines[at + 1] as Buffer, (lines[at + 2] as Buffer).toString());
  }
  return diversions;
}

/** Distroless images: status.d/NAME is a stanza, NAME.md5sums its files, `sum  path` without the leading slash. */
async function readDistroless(visit: RootVisit, owners: Owners, counters: PackageCounters): Promise<void> {
  const folder = `${HOME}/status.d`;
  for (const { name } of await visit.entries(folder, MAX_DISTROLESS)) {
    if (name.endsWith(".md5sums")) continue;
    const text = await visit.read(`${folder}/${name}`, MAX_TEXT);
    const [stanza] = readStanzas(text?.toString("latin1") ?? "", counters);
    if (stanza === undefined) continue;
    const sums = await visit.read(`${folder}/${name}.md5sums`, MAX_TEXT);
    if (sums === undefined) continue;
    const number = owners.number(stanza.name, stanza.version, "deb");
    if (number === undefined) continue;
    const root = Buffer.from("/");
    eachLine(sums, (from, to) => {
      const at = sums.indexOf("  ", from);
      if (at === -1 || at + 2 >= to) counters.damaged++;
      else owners.addIn(root, sums.subarray(at + 2, to), number);
    });
  }
}
