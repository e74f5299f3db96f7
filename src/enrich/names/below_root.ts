import { closeSync, constants, fstatSync, openSync, readlinkSync, readSync, type Stats, statfsSync } from "node:fs";

/*
 * Files below the root of another process, which may be our enemy: it can put links anywhere, and swap a folder for a link
 * between two calls. An absolute link below /proc/PID/root would be resolved at our root. So a path is walked one name at a time, each
 * from the descriptor of the folder before (openat(2), by way of /proc/self/fd) and never through a link; links are read and
 * walked at the other root. That is what openat2(2) does with RESOLVE_IN_ROOT, which Node does not have.
 */

/** The same on every architecture that Node runs on. */
const O_PATH = 0o10000000;
const FOLDER = O_PATH | constants.O_DIRECTORY;
/** As the kernel has it. */
const LINKS_MAX = 40;
/** proc, sysfs, debugfs, tracefs (linux/magic.h): a read of their files may do something. */
const pseudoFilesystems: ReadonlySet<number> = new Set([0x9fa0, 0x62656572, 0x64626720, 0x74726163]);

/** A file that is there and must not be read. */
export class Refused extends Error {
  override readonly name = "Refused";
}

/** Descriptors that are closed together. */
export class Descriptors {
  readonly #open: number[] = [];
  readonly #self: string;

  /** @param proc where procfs is mounted */
  constructor(proc: string) {
    this.#self = `${proc}/self`;
  }

  open(path: string, flags: number): number {
    const fd = openSync(path, flags);
    this.#open.push(fd);
    return fd;
  }

  /** A folder, through links; for paths that nobody else can change. */
  folder(path: string): number {
    return this.open(path, FOLDER);
  }

  /** The path of `name` in the folder `fd`; of what `fd` is open for, without a name. */
  path(fd: number, name?: string): string {
    return name === undefined ? `${this.#self}/fd/${fd}` : `${this.#self}/fd/${fd}/${name}`;
  }

  /** Describes an open descriptor (proc(5), fdinfo). */
  infoPath(fd: number): string {
    return `${this.#self}/fdinfo/${fd}`;
  }

  close(): void {
    for (const fd of this.#open.splice(0)) closeSync(fd);
  }
}

export interface FoundFile {
  /** For metadata only: see readFound. */
  readonly fd: number;
  readonly stats: Stats;
}

/**
 * Finds the regular file that a process with the root `root` would find.
 * @param path absolute
 * @throws Refused when there is something else than a regular file; the kernel's error when there is nothing
 */
export function findBelow(descriptors: Descriptors, root: number, path: string): FoundFile {
  const folders = [root];
  const names = path.split("/").reverse();
  let links = 0;
  for (;;) {
    const name = names.pop();
    if (name === undefined) throw new Refused("a folder");
    if (name === "" || name === ".") continue;
    const folder = folders.at(-1) ?? root;
    if (name === "..") {
      // Back the way that was walked, never by the folder's own "..": it may have been moved.
      if (folders.length > 1) folders.pop();
      continue;
    }
    const fd = descriptors.open(descriptors.path(folder, name), O_PATH | constants.O_NOFOLLOW);
    const stats = fstatSync(fd);
    if (stats.isSymbolicLink()) {
      if (++links > LINKS_MAX) throw new Refused("too many links");
      const target = readlinkSync(descriptors.path(folder, name));
      if (target.startsWith("/")) folders.length = 1;
      names.push(...target.split("/").reverse());
    } else if (stats.isDirectory()) folders.push(fd);
    else if (stats.isFile() && names.length === 0) return { fd, stats };
    else throw new Refused("no regular file");
  }
}

/**
 * Reads a found file, of at most `max` bytes.
 * @throws Refused when it is larger, or when reading it may do something
 */
export function readFound(descriptors: Descriptors, { fd, stats }: FoundFile, max: number): Buffer {
  if (stats.size > max) throw new Refused("too large");
  if (pseudoFilesystems.has(statfsSync(descriptors.path(fd)).type)) throw new Refused("a pseudo file");
  // The descriptor's own path leads to the very file, whatever has its name by now.
  const flags = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;
  const file = descriptors.open(descriptors.path(fd), flags);
  const bytes = Buffer.allocUnsafe(stats.size);
  let length = 0;
  for (let got = -1; got !== 0 && length < bytes.length; length += got) {
    got = readSync(file, bytes, length, bytes.length - length, null);
  }
  return bytes.subarray(0, length);
}
