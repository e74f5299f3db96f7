import { fstatSync, readFileSync, type Stats, statSync } from "node:fs";
import { SETTLED_MS } from "./account_file.ts";
import { AccountLines, type Database } from "./account_lines.ts";
import { Descriptors, type FoundFile, findBelow, Refused, readFound } from "./below_root.ts";
import { IdMap } from "./id_map.ts";
import { isIn, isSeenIn } from "./membership.ts";
import type { NamedIds, RootAnswer, RootLookupSettings, RootRequest } from "./root_request.ts";

/** Of its ancestors, a process of a namespace is looked for this far up. */
const ANCESTORS_MAX = 16;

/** Answers a request, in the helper process: whatever is called here may hang on the files of others. */
export function lookUp(request: RootRequest, settings: RootLookupSettings): RootAnswer {
  let denied = false;
  for (const pid of request.pids) {
    const descriptors = new Descriptors(settings.proc);
    try {
      return new Lookup(descriptors, request, settings).of(pid);
    } catch (error) {
      const code = error instanceof Error && "code" in error ? error.code : undefined;
      denied ||= code === "EACCES" || code === "EPERM";
      // Gone, gone elsewhere, or not to be read: perhaps the next one.
      if (!(error instanceof Gone) && !denied && code !== "ENOENT" && code !== "ESRCH") throw error;
    } finally {
      descriptors.close();
    }
  }
  return { outcome: denied ? "denied" : "gone" };
}

/** The process is not, or no longer, one of the namespace. */
class Gone extends Error {
  override readonly name = "Gone";
}

class Lookup {
  readonly #descriptors: Descriptors;
  readonly #request: RootRequest;
  readonly #settings: RootLookupSettings;
  #refused = 0;

  constructor(descriptors: Descriptors, request: RootRequest, settings: RootLookupSettings) {
    this.#descriptors = descriptors;
    this.#request = request;
    this.#settings = settings;
  }

  of(pid: number): RootAnswer {
    // This folder stays the process's: should another get the pid, what is below is gone.
    const folder = this.#descriptors.folder(`${this.#settings.proc}/${pid}`);
    const process = this.#descriptors.path(folder);
    if (!isIn(process, this.#request)) throw new Gone();
    const root = this.#descriptors.folder(`${process}/root`);
    const maps = this.#maps(process);
    // Asked again: it may have moved in between, and these were another's.
    if (!isIn(process, this.#request) || !this.#isOwnRoot(root)) throw new Gone();
    const { users: userMap, groups: groupMap } = maps;
    const files = { passwd: this.#find(root, "passwd"), group: this.#find(root, "group") };
    const host = this.#isHosts(root, files);
    const stamp = [host, stampOf(files.passwd?.stats), stampOf(files.group?.stats), maps.text].join(" ");
    const { knownUsers, knownGroups, users, groups, stamp: before } = this.#request;
    const changed = stamp !== before;
    const answered = (database: Database, known: readonly number[], ids: readonly number[], map: IdMap | undefined) =>
      host ? [] : this.#named(files[database], database, changed ? [...known, ...ids] : ids, map);
    return {
      outcome: "read",
      pid: this.#oldest(pid),
      stamp,
      host,
      unmapped: !host && (userMap?.isEmpty === true || groupMap?.isEmpty === true),
      users: answered("passwd", knownUsers, users, userMap),
      groups: answered("group", knownGroups, groups, groupMap),
      refused: this.#refused,
    };
  }

  /** False when the process was locked into a plain folder of its namespace, as a server does for itself with chroot(2). */
  #isOwnRoot(root: number): boolean {
    const above = this.#descriptors.folder(this.#descriptors.path(root, ".."));
    if (isSame(fstatSync(root), fstatSync(above))) return true;
    return this.#mountOf(root) !== this.#mountOf(above);
  }

  #mountOf(fd: number): string | undefined {
    return /^mnt_id:\s*(\d+)$/m.exec(readFileSync(this.#descriptors.infoPath(fd), "latin1"))?.[1];
  }

  #maps(process: string): { users?: IdMap; groups?: IdMap; text: string } {
    if (this.#request.userNs === 0) return { text: "" };
    const users = readFileSync(`${process}/uid_map`, "latin1");
    const groups = readFileSync(`${process}/gid_map`, "latin1");
    return { users: new IdMap(users), groups: new IdMap(groups), text: `${users}${groups}` };
  }

  /** A namespace whose root, passwd and group are the host's differs from it in mounts that have nothing to do with names. */
  #isHosts(root: number, files: Readonly<Record<Database, FoundFile | undefined>>): boolean {
    if (!isSame(fstatSync(root), statSync(this.#settings.root))) return false;
    return (["passwd", "group"] as const).every((database) => {
      const stats = statSync(this.#settings[database], { throwIfNoEntry: false });
      const found = files[database]?.stats;
      return stats === undefined || found === undefined ? stats === found : isSame(stats, found);
    });
  }

  #find(root: number, database: Database): FoundFile | undefined {
    return this.#unlessRefused(() => findBelow(this.#descriptors, root, `/etc/${database}`));
  }

  #named(file: FoundFile | undefined, database: Database, ids: readonly number[], map: IdMap | undefined): NamedIds {
    if (ids.length === 0) return [];
    const inside = ids.map((id) => (map === undefined ? id : map.inside(id)));
    const wanted = new Set(inside);
    const names = new Map<number, string>();
    const bytes = this.#unlessRefused(() => file && readFound(this.#descriptors, file, this.#settings.fileMaxBytes));
    const lines = new AccountLines(bytes ?? Buffer.alloc(0), database, (id, name) => {
      if (wanted.has(id) && !names.has(id)) names.set(id, name);
    });
    lines.read(Number.POSITIVE_INFINITY);
    return ids.map((id, index) => [id, names.get(inside[index] ?? -1) ?? null] as const);
  }

  #unlessRefused<T>(read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      const code = error instanceof Error && "code" in error ? error.code : undefined;
      if (code === "ENOENT") return undefined;
      this.#refused++;
      if (error instanceof Refused || typeof code === "string") return undefined;
      throw error;
    }
  }

  /** The oldest ancestor in the same namespaces: a container's first process, rather than one that is about to end. */
  #oldest(pid: number): number {
    let oldest = pid;
    for (let steps = 0; steps < ANCESTORS_MAX; steps++) {
      const parent = parentOf(`${this.#settings.proc}/${oldest}`);
      if (parent === 0 || !isSeenIn(`${this.#settings.proc}/${parent}`, this.#request)) break;
      oldest = parent;
    }
    return oldest;
  }
}

/** 0 when there is none, or the process has ended. */
function parentOf(process: string): number {
  try {
    const stat = readFileSync(`${process}/stat`, "latin1");
    // Behind the name, which may hold blanks and parentheses: the state, then the parent.
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1] ?? 0);
  } catch {
    return 0;
  }
}

function isSame(one: Stats, other: Stats): boolean {
  return one.dev === other.dev && one.ino === other.ino;
}

function stampOf(stats: Stats | undefined): string {
  if (stats === undefined) return "-";
  const { dev, ino, size, mtimeMs, ctimeMs } = stats;
  const now = Date.now();
  // It may change again without its times showing it: this stamp will not be met again.
  const young = Math.abs(now - ctimeMs) < SETTLED_MS ? now : 0;
  return `${dev}:${ino}:${size}:${mtimeMs}:${ctimeMs}:${young}`;
}
