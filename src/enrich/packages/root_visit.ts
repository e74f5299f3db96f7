import { type FileHandle, opendir, readlink } from "node:fs/promises";
import { find, findDirectory, openToRead, throughDescriptor } from "../hash/open_file.ts";
import type { PackageCounters } from "./counters.ts";

/** As many as the kernel follows in one path (MAXSYMLINKS). */
const MAX_LINKS = 40;
/** Components of one path, those of its links counted: 40 links could have 80,000. */
const MAX_COMPONENTS = 128;
/** Directories kept open during one visit. */
const MAX_DIRECTORIES = 32;

interface Directory {
  readonly path: string;
  readonly handle: FileHandle;
}

/** Something found under a root. */
interface Found {
  /** Its path under the root, without symlinks. */
  readonly path: string;
  /** Opened with O_PATH: it says what the file is and does not touch it. */
  readonly handle: FileHandle;
}

/** A file opened for reading; its reader closes it. */
export interface OpenFile {
  readonly handle: FileHandle;
  /** Bytes, when it was opened. */
  readonly size: number;
}

/**
 * Reads files under the root of another process, which whoever runs in it may have prepared. Each component of a path
 * is opened by itself below the directory before it (through /proc/self/fd, the openat(2) that Node has), never
 * through a link: links are read and resolved here, absolute ones and `..` never above the root. Files are opened with
 * O_PATH first and read only when they are regular: opening a device alone can do something (a watchdog starts).
 * Nothing stays open after `close`, because a descriptor keeps the container's filesystem from being unmounted.
 */
export class RootVisit {
  readonly #top: Directory;
  readonly #directories = new Map<string, Directory>();
  readonly #counters: PackageCounters;
  #allowance: number;
  /** Of the root directory: device and inode, as text. */
  readonly identity: string;

  private constructor(top: FileHandle, identity: string, maxBytes: number, counters: PackageCounters) {
    this.#top = { path: "", handle: top };
    this.identity = identity;
    this.#allowance = maxBytes;
    this.#counters = counters;
  }

  /**
   * @param root "/" or "/proc/PID/root": this path alone is followed as the kernel does
   * @param maxBytes all that this visit may read
   * @throws what open(2) says when there is no such root
   */
  static async open(root: string, maxBytes: number, counters: PackageCounters): Promise<RootVisit> {
    const top = await findDirectory(root);
    try {
      const { dev, ino } = await top.stat({ bigint: true });
      return new RootVisit(top, `${dev}:${ino}`, maxBytes, counters);
    } catch (cause) {
      await top.close();
      throw cause;
    }
  }

  async close(): Promise<void> {
    for (const { handle } of this.#directories.values()) await handle.close();
    this.#directories.clear();
    await this.#top.handle.close();
  }

  /** What a change of the file or directory changes, as text; undefined when there is none. */
  async stamp(path: string): Promise<{ readonly text: string; readonly changedMs: number } | undefined> {
    const found = await this.#find(path);
    if (found === undefined) return undefined;
    try {
      const { dev, ino, size, mtimeNs, ctimeNs } = await found.handle.stat({ bigint: true });
      return { text: `${dev}:${ino}:${size}:${mtimeNs}:${ctimeNs}`, changedMs: Number(ctimeNs / 1_000_000n) };
    } finally {
      await this.#release(found);
    }
  }

  /** The path without symlinks, when it is a directory. */
  async directory(path: string): Promise<string | undefined> {
    const found = await this.#find(path);
    if (found === undefined) return undefined;
    try {
      return (await found.handle.stat()).isDirectory() ? found.path : undefined;
    } finally {
      await this.#release(found);
    }
  }

  /** The entries of a directory, `limit` of them at most; none where it cannot be read. */
  async entries(path: string, limit: number): Promise<{ readonly name: string; readonly link: boolean }[]> {
    const found = await this.#find(path);
    if (found === undefined) return [];
    const entries = [];
    try {
      const directory = await opendir(throughDescriptor(found.handle));
      for await (const entry of directory) {
        if (entries.length === limit) {
          this.#counters.oversized++;
          break;
        }
        entries.push({ name: entry.name, link: entry.isSymbolicLink() });
      }
    } catch {
      this.#counters.unreadable++;
    } finally {
      await this.#release(found);
    }
    return entries;
  }

  /** Opens a regular file; undefined when there is none, and counted when it is something else or larger than `limit`. */
  async open(path: string, limit: number): Promise<OpenFile | undefined> {
    const found = await this.#find(path);
    if (found === undefined) return undefined;
    try {
      const stat = await found.handle.stat();
      if (!stat.isFile()) {
        this.#counters.unreadable++;
        return undefined;
      }
      if (stat.size > limit || !this.spend(stat.size)) {
        this.#counters.oversized++;
        return undefined;
      }
      return { handle: await openToRead(found.handle), size: stat.size };
    } catch {
      this.#counters.unreadable++;
      return undefined;
    } finally {
      await this.#release(found);
    }
  }

  /** The content of a regular file of at most `limit` bytes; undefined as in `open`. */
  async read(path: string, limit: number): Promise<Buffer | undefined> {
    const file = await this.open(path, limit);
    if (file === undefined) return undefined;
    try {
      return await readAt(file, 0, file.size);
    } catch {
      this.#counters.unreadable++;
      return undefined;
    } finally {
      await file.handle.close();
    }
  }

  /** Takes bytes from what this visit may read; false when that is used up. */
  spend(bytes: number): boolean {
    if (bytes > this.#allowance) return false;
    this.#allowance -= bytes;
    return true;
  }

  /** Walks a path from the root; undefined when there is nothing, or nothing that may be reached. */
  async #find(path: string): Promise<Found | undefined> {
    const pending = path.split("/").reverse();
    const trail: Directory[] = [this.#top];
    let links = 0;
    for (let components = 0; pending.length > 0; components++) {
      if (components === MAX_COMPONENTS) return undefined;
      const name = pending.pop() as string;
      if (name === "" || name === ".") continue;
      if (name === "..") {
        if (trail.length > 1) trail.pop();
        continue;
      }
      const below = trail[trail.length - 1] as Directory;
      const known = this.#directories.get(`${below.path}/${name}`);
      if (known !== undefined) {
        trail.push(known);
        continue;
      }
      const step = await this.#step(below, name);
      if (step === undefined) return undefined;
      if (typeof step === "string") {
        if (++links > MAX_LINKS) return undefined;
        if (step.startsWith("/")) trail.length = 1;
        pending.push(...step.split("/").reverse());
      } else if ("found" in step) {
        if (pending.every((rest) => rest === "")) return step.found;
        await step.found.handle.close();
        return undefined;
      } else trail.push(step.directory);
    }
    return trail[trail.length - 1];
  }

  /** One component: the text of a link, a directory, which is kept open, or whatever else stands there. */
  async #step(
    below: Directory,
    name: string,
  ): Promise<string | { readonly found: Found } | { readonly directory: Directory } | undefined> {
    const way = `${throughDescriptor(below.handle)}/${name}`;
    let handle: FileHandle | undefined;
    let kept = false;
    try {
      handle = await find(way);
      const stat = await handle.stat();
      if (stat.isSymbolicLink()) return await readlink(way);
      const step = { path: `${below.path}/${name}`, handle };
      if (stat.isDirectory()) {
        const known = this.#directories.get(step.path);
        // Another walk of this visit opened it meanwhile.
        if (known !== undefined) return { directory: known };
        if (this.#directories.size >= MAX_DIRECTORIES) {
          this.#counters.oversized++;
          return undefined;
        }
        this.#directories.set(step.path, step);
        kept = true;
        return { directory: step };
      }
      kept = true;
      return { found: step };
    } catch (cause) {
      if (!isMissing(cause)) this.#counters.unreadable++;
      return undefined;
    } finally {
      if (handle !== undefined && !kept) await handle.close();
    }
  }

  /** Closes what `#find` gave, unless the visit keeps it. */
  async #release(found: Found): Promise<void> {
    if (found !== this.#top && found !== this.#directories.get(found.path)) await found.handle.close();
  }
}

/**
 * Reads `length` bytes at `position`; fewer where the file ends.
 * @throws what read(2) says
 */
export async function readAt(file: OpenFile, position: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await file.handle.read(bytes, filled, length - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}

function isMissing(cause: unknown): boolean {
  return cause instanceof Error && "code" in cause && (cause.code === "ENOENT" || cause.code === "ENOTDIR");
}
