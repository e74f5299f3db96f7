/**
 * The candidate that someone who typed `word` most likely meant, or undefined when none is near: at most one slip (a
 * letter wrong, missing, too many, or two swapped) for every three letters. Case and `-` for `_` count nothing.
 */
export function suggest(word: string, candidates: Iterable<string>): string | undefined {
  const typed = fold(word);
  let best: string | undefined;
  let bestSlips = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    const allowed = Math.ceil(Math.max(typed.length, candidate.length) / 3);
    // Lengths alone rule most out, so a very long word costs nothing.
    if (Math.abs(typed.length - candidate.length) > allowed) continue;
    const slips = countSlips(typed, fold(candidate));
    if (slips <= allowed && slips < candidate.length && slips < bestSlips) {
      best = candidate;
      bestSlips = slips;
    }
  }
  return best;
}

function fold(word: string): string {
  return word.toLowerCase().replaceAll("-", "_");
}

/** Optimal string alignment distance, kept in three rows. */
function countSlips(a: string, b: string): number {
  let before: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let slips = Math.min(at(above, j) + 1, at(row, j - 1) + 1, at(above, j - 1) + same);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) slips = Math.min(slips, at(before, j - 2) + 1);
      row.push(slips);
    }
    before = above;
    above = row;
  }
  return at(above, b.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY;
}
