import type { Document } from "../document.ts";

/** What lived. */
export interface Truth {
  /** What every token begins with. */
  readonly mark: string;
  /** By token, in the order of their lives. */
  readonly pids: ReadonlyMap<string, number>;
}

/** Where documents and truth differ; tokens in the order of their lives. */
export interface Difference {
  /** No document tells of them. */
  readonly missing: readonly string[];
  /** Told, but not with both exec and end. */
  readonly partial: readonly string[];
  /** Something of them is told twice: a transition, or a whole document. */
  readonly doubled: readonly string[];
  /** Told with another pid than they had, or told and never spawned. */
  readonly untrue: readonly string[];
  /** Empty when there is no difference; else how many of each, and the first five. */
  readonly summary: string;
}

/** The fields that compareTruth looks at: all that need be read from the server. */
export const truthFields = ["process.args", "process.pid", "mayfly.transitions"] as const;

interface Told {
  readonly transitions: string[];
  readonly pids: Set<number | undefined>;
}

/**
 * Compares what lived with documents; those about other processes are passed over. A life may be told by several
 * documents (a short hold cuts it), each transition once. A bare fork does not show the token yet and is not asked for.
 */
export function compareTruth({ mark, pids }: Truth, documents: Iterable<Document>): Difference {
  const told = gather(mark, documents);
  const tokens = [...pids.keys()];
  const has = (token: string, transition: string) => told.get(token)?.transitions.includes(transition) === true;
  const known = tokens.filter((token) => told.has(token));
  const parts = {
    missing: tokens.filter((token) => !told.has(token)),
    partial: known.filter((token) => !has(token, "exec") || !has(token, "end")),
    doubled: known.filter((token) => isDoubled(told.get(token))),
    untrue: [...told]
      .filter(([token, one]) => one.pids.size !== 1 || !one.pids.has(pids.get(token)))
      .map(([token]) => token),
  };
  return { ...parts, summary: summaryOf(parts, tokens.length) };
}

function gather(mark: string, documents: Iterable<Document>): ReadonlyMap<string, Told> {
  const told = new Map<string, Told>();
  for (const { process, mayfly } of documents) {
    const token = process?.args?.[1];
    if (token === undefined || !token.startsWith(`${mark}.`)) continue;
    const one = told.get(token) ?? { transitions: [], pids: new Set() };
    told.set(token, one);
    one.pids.add(process?.pid);
    one.transitions.push(...(mayfly?.transitions?.split("+") ?? []));
  }
  return told;
}

function isDoubled(told: Told | undefined): boolean {
  return told !== undefined && new Set(told.transitions).size < told.transitions.length;
}

function summaryOf(parts: Readonly<Record<string, readonly string[]>>, count: number): string {
  return Object.entries(parts)
    .filter(([, tokens]) => tokens.length > 0)
    .map(([what, tokens]) => `${tokens.length} of ${count} ${what}: ${tokens.slice(0, 5).join(" ")}`)
    .join("; ");
}
