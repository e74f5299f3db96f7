/** What the server adds to what it was given. */
const ADDED = /^(created|modified)_date|^deprecated$/;

/**
 * Every value of a tree by its dotted path, as text: the server gives `{"index":{"codec":"x"}}`, `{"index.codec":"x"}`, 1 and "1"
 * back for the same. An empty object counts as a value, so that a field without parameters is seen.
 */
export function leavesOf(tree: unknown): ReadonlyMap<string, string> {
  return new Map(walk(tree, ""));
}

function* walk(value: unknown, path: string): Generator<readonly [string, string]> {
  if (value === null || value === undefined) return;
  if (Array.isArray(value)) {
    yield [path, JSON.stringify(value.map((item) => (typeof item === "object" ? [...leavesOf(item)] : String(item))))];
  } else if (typeof value === "object") {
    const members = Object.entries(value);
    if (members.length === 0 && path !== "") yield [path, "{}"];
    for (const [name, member] of members)
      if (path !== "" || !ADDED.test(name)) yield* walk(member, path === "" ? name : `${path}.${name}`);
  } else if (typeof value === "string") yield [path, value];
  // true and "true", 1 and "1" are the same to a setting.
  else yield [path, JSON.stringify(value)];
}

/** Whether both say the same. */
export function isSame(one: unknown, other: unknown): boolean {
  const [ours, theirs] = [leavesOf(one), leavesOf(other)];
  return ours.size === theirs.size && [...ours].every(([path, value]) => theirs.get(path) === value);
}

/** Paths of `wanted` that `present` lacks or has otherwise; what `present` has beyond does not matter. */
export function lacking(wanted: unknown, present: unknown): string[] {
  const theirs = leavesOf(present);
  return [...leavesOf(wanted)].filter(([path, value]) => theirs.get(path) !== value).map(([path]) => path);
}
