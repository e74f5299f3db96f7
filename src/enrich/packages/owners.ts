import type { Package } from "./package.ts";
import type { PathHash } from "./path_hash.ts";
import { AMBIGUOUS, PathIndex } from "./path_index.ts";

/** Paths of one root at most: eight times what a Debian with desktop and compilers has; 24 MiB of index. */
const MAX_PATHS = 1_000_000;
/** Twenty times what a desktop has. */
const MAX_PACKAGES = 100_000;
/** PATH_MAX. */
const MAX_PATH_BYTES = 4096;
const SLASH = 0x2f;

/** Which package each path of one root belongs to. Filled once by the readers of the databases, then only asked. */
export class Owners {
  readonly #packages: Package[] = [];
  readonly #numbers = new Map<string, number>();
  readonly #paths: PathIndex;
  readonly #scratch = Buffer.allocUnsafe(MAX_PATH_BYTES);
  /** Whether paths or packages were left out because there were too many. */
  full = false;

  constructor(hash: PathHash) {
    this.#paths = new PathIndex(hash, MAX_PATHS);
  }

  get paths(): number {
    return this.#paths.size;
  }

  /** Bytes of memory, but for the names of the packages. */
  get bytes(): number {
    return this.#paths.bytes;
  }

  /**
   * The number under which files of this package are added; the same one for its builds for several architectures.
   * Undefined when there are too many packages.
   */
  number(name: string, version: string, type: Package["type"]): number | undefined {
    const key = `${type} ${name} ${version}`;
    let number = this.#numbers.get(key);
    if (number === undefined) {
      if (this.#packages.length === MAX_PACKAGES) {
        this.full = true;
        return undefined;
      }
      number = this.#packages.length;
      this.#packages.push({ name, version, type });
      this.#numbers.set(key, number);
    }
    return number;
  }

  /** Adds the path bytes[from, to). */
  add(bytes: Uint8Array, from: number, to: number, number: number): void {
    if (!this.#paths.add(bytes, from, to, number)) this.full = true;
  }

  /** Adds directory/name; the directory may end with a slash. Paths longer than PATH_MAX cannot be executed. */
  addIn(directory: Uint8Array, name: Uint8Array, number: number): void {
    if (directory.length + 1 + name.length > MAX_PATH_BYTES) return;
    this.#scratch.set(directory);
    let end = directory.length;
    if (end === 0 || directory[end - 1] !== SLASH) this.#scratch[end++] = SLASH;
    this.#scratch.set(name, end);
    this.add(this.#scratch, 0, end + name.length, number);
  }

  /** The package that owns one of these names of one file; `ambiguous` when several packages claim it. */
  owner(names: readonly string[]): Package | "ambiguous" | undefined {
    let owner: number | undefined;
    for (const name of names) {
      const bytes = Buffer.from(name);
      const found = this.#paths.find(bytes, 0, bytes.length);
      if (found === undefined || found === owner) continue;
      if (found === AMBIGUOUS || owner !== undefined) return "ambiguous";
      owner = found;
    }
    return owner === undefined ? undefined : this.#packages[owner];
  }
}
