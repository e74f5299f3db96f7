import { existsSync } from "node:fs";
import type { Differences } from "./differences.ts";
import type { Document } from "./document.ts";
import { sha256 } from "./sha256.ts";

/* What documents tell that was looked up outside the kernel, and may be missing: it has a deadline, and a machine may be busy. */

const PENDING = "hash_pending";

/** The words of mayfly.quality but for those of hashes. */
export function kernelQuality({ mayfly }: Document): readonly string[] | undefined {
  return mayfly?.quality === undefined ? undefined : kernelWords(mayfly.quality);
}

/**
 * A hash that is told is right; one that is not told has its reason.
 * @param path of the executable on this host; undefined where it is not there under its path
 */
export function hashDifferences(found: Differences, document: Document, path: string | undefined): void {
  const told = document.process?.hash?.sha256;
  const isPending = document.mayfly?.quality?.includes(PENDING) === true;
  const right = path === undefined ? undefined : knownHash(path);
  if (right !== undefined && told !== undefined) found.compare("process.hash.sha256", told, right);
  if (isPending) return;
  const hashes = document.related?.hash ?? [];
  found.check("related.hash", hashes, told === undefined || hashes.includes(told), `${told} among them`);
}

const known = new Map<string, string | undefined>();

function knownHash(path: string): string | undefined {
  if (!known.has(path)) known.set(path, existsSync(path) ? sha256(path) : undefined);
  return known.get(path);
}

/** The same document without names, hashes and packages. */
export function withoutLookedUp(document: Document): Document {
  return JSON.parse(JSON.stringify(document), (key: string, value: unknown) => {
    if (["hash", "related", "package"].includes(key)) return undefined;
    if (key === "quality") return kernelWords(value as readonly string[]);
    return isNamed(value) ? Object.fromEntries(Object.entries(value).filter(([name]) => name !== "name")) : value;
  }) as Document;
}

function kernelWords(words: readonly string[]): readonly string[] | undefined {
  const kept = words.filter((word) => !word.startsWith("hash_"));
  return kept.length === 0 ? undefined : kept;
}

/** An id with its name: of a user or a group. */
function isNamed(value: unknown): value is { readonly id: string } {
  return (
    typeof value === "object" && value !== null && "id" in value && "name" in value && typeof value.id === "string"
  );
}
