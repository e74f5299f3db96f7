import type { Document } from "../harness/document.ts";

interface Entry {
  readonly pid: number;
  readonly parent: string;
  fork: number;
  exec: number;
  end: number;
  found: number;
}

/** Counts what happened to each process, over the documents of many. Keeps numbers, not documents. */
export class Census {
  readonly #byEntity = new Map<string, Entry>();
  readonly #eventIds = new Set<string>();
  /** Documents whose event.id stood in one before. */
  twice = 0;
  /** Documents that tell of a loss. */
  losses = 0;

  take({ process, mayfly, event }: Document): void {
    if (event?.kind === "pipeline_error") this.losses++;
    const id = event?.id ?? "";
    if (this.#eventIds.has(id)) this.twice++;
    this.#eventIds.add(id);
    if (process?.entity_id === undefined) return;
    const entry = this.#entry(process.entity_id, process.pid ?? 0, process.parent?.entity_id ?? "");
    for (const transition of mayfly?.transitions?.split("+") ?? []) {
      entry[transition as "fork" | "exec" | "end" | "found"]++;
    }
  }

  /** Processes whose parent is one of these. */
  childrenOf(parents: readonly string[]): ReadonlyMap<string, Readonly<Entry>> {
    const known = new Set(parents);
    return new Map([...this.#byEntity].filter(([, entry]) => known.has(entry.parent)));
  }

  #entry(entityId: string, pid: number, parent: string): Entry {
    const known = this.#byEntity.get(entityId);
    if (known !== undefined) return known;
    const entry = { pid, parent, fork: 0, exec: 0, end: 0, found: 0 };
    this.#byEntity.set(entityId, entry);
    return entry;
  }
}
