import type { Ending } from "./ending.ts";
import type { Member } from "./family.ts";

/** One row of a tree. */
export type Entry =
  | { readonly kind: "process"; readonly member: Member }
  /** Childless siblings of one name that ended the same way. */
  | { readonly kind: "alike"; readonly first: Member; readonly sums: Sums }
  /** What the bound on rows left out below one parent, whole subtrees counted. */
  | { readonly kind: "more"; readonly sums: Sums };

export interface Sums {
  readonly count: number;
  readonly failures: number;
  readonly seconds: number;
  readonly longestSeconds: number;
  readonly cpuSeconds: number;
}

/** As many siblings alike are still read one by one. */
const ALIKE_SHOWN = 8;

/**
 * Chooses the rows of a tree, `maxRows` at most: those nearest to the root first, and among siblings the earlier. What is
 * left out is a row of its own that counts it and its failures. Rows by parent; those of the roots under undefined.
 */
export function chooseRows(roots: readonly Member[], maxRows: number): Map<Member | undefined, Entry[]> {
  const chosen = new Map<Member | undefined, Entry[]>();
  /** Every parent on its way holds one row back, for its "more". */
  let left = maxRows - 1;
  const waiting: { readonly parent: Member | undefined; readonly children: readonly Member[] }[] = [
    { parent: undefined, children: roots },
  ];
  for (const { parent, children } of waiting) {
    const entries = foldAlike(children);
    const taken = takeWhatFits(entries, left + 1);
    left += 1 - taken.reduce((rows, entry) => rows + rowsHeld(entry), 0);
    chosen.set(parent, taken);
    for (const entry of taken) {
      if (entry.kind === "process" && entry.member.children.length > 0) {
        waiting.push({ parent: entry.member, children: entry.member.children });
      }
    }
  }
  return chosen;
}

export function sumOf(members: Iterable<Member>): Sums {
  let count = 0;
  let failures = 0;
  let seconds = 0;
  let longestSeconds = 0;
  let cpuSeconds = 0;
  for (const member of members) {
    count++;
    if (member.ending?.failed === true) failures++;
    seconds += member.seconds;
    longestSeconds = Math.max(longestSeconds, member.seconds);
    cpuSeconds += member.userSeconds + member.systemSeconds;
  }
  return { count, failures, seconds, longestSeconds, cpuSeconds };
}

/** Siblings of one kind stand where the first of them stood. How they ended is part of the kind: no failure hides among successes. */
function foldAlike(siblings: readonly Member[]): Entry[] {
  const groups = new Map<string, Member[]>();
  for (const member of siblings) {
    if (member.children.length > 0) continue;
    const kind = kindOf(member);
    const group = groups.get(kind);
    if (group === undefined) groups.set(kind, [member]);
    else group.push(member);
  }
  const entries: Entry[] = [];
  for (const member of siblings) {
    const group = member.children.length > 0 ? undefined : groups.get(kindOf(member));
    if (group === undefined || group.length <= ALIKE_SHOWN) entries.push({ kind: "process", member });
    else if (group[0] === member) entries.push({ kind: "alike", first: member, sums: sumOf(group) });
  }
  return entries;
}

function kindOf(member: Member): string {
  return `${member.ownImage}\0${member.name}\0${endingText(member.ending)}`;
}

function endingText(ending: Ending | undefined): string {
  return ending === undefined ? "running" : ending.text;
}

function takeWhatFits(entries: readonly Entry[], rows: number): Entry[] {
  const all = entries.reduce((sum, entry) => sum + rowsHeld(entry), 0);
  if (all <= rows) return [...entries];
  const taken: Entry[] = [];
  let left = rows - 1;
  let rest = 0;
  for (const entry of entries) {
    if (rowsHeld(entry) > left) break;
    left -= rowsHeld(entry);
    taken.push(entry);
    rest++;
  }
  taken.push({ kind: "more", sums: addSums(entries.slice(rest).map(sumsOfEntry)) });
  return taken;
}

function rowsHeld(entry: Entry): number {
  return entry.kind === "process" && entry.member.children.length > 0 ? 2 : 1;
}

function sumsOfEntry(entry: Entry): Sums {
  return entry.kind === "process" ? sumOf(withDescendants(entry.member)) : entry.sums;
}

function addSums(all: readonly Sums[]): Sums {
  return {
    count: all.reduce((sum, { count }) => sum + count, 0),
    failures: all.reduce((sum, { failures }) => sum + failures, 0),
    seconds: all.reduce((sum, { seconds }) => sum + seconds, 0),
    longestSeconds: all.reduce((longest, { longestSeconds }) => Math.max(longest, longestSeconds), 0),
    cpuSeconds: all.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0),
  };
}

/** A chain of forks can be longer than the call stack is deep. */
function* withDescendants(member: Member): Iterable<Member> {
  const waiting = [member];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    yield next;
    for (const child of next.children) waiting.push(child);
  }
}
