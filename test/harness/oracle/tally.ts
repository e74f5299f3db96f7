import type { Document } from "../document.ts";

/** What the documents of one process tell, in numbers. */
export interface TalliedProcess {
  readonly pid: number;
  readonly startTicks: number;
  forks: number;
  execs: number;
  ends: number;
  /** Documents of a fork that name it as the parent. */
  children: number;
}

const COUNTED = { fork: "forks", exec: "execs", end: "ends" } as const;

/** Counts the transitions in documents, process by process. Keeps numbers, not documents. */
export class Tally {
  readonly #byEntity = new Map<string, TalliedProcess>();
  /** Documents that tell of a loss. */
  losses = 0;

  take({ process, mayfly, event }: Document): void {
    if (event?.kind === "pipeline_error") this.losses++;
    if (process?.entity_id === undefined) return;
    const entry = this.#entry(process.entity_id);
    for (const transition of mayfly?.transitions?.split("+") ?? []) {
      if (!(transition in COUNTED)) continue;
      entry[COUNTED[transition as keyof typeof COUNTED]]++;
      const parent = process.parent?.entity_id;
      if (transition === "fork" && parent !== undefined) this.#entry(parent).children++;
    }
  }

  get(entityId: string): TalliedProcess | undefined {
    return this.#byEntity.get(entityId);
  }

  all(): Iterable<[string, TalliedProcess]> {
    return this.#byEntity;
  }

  #entry(entityId: string): TalliedProcess {
    const known = this.#byEntity.get(entityId);
    if (known !== undefined) return known;
    // 8 bytes host and boot, 4 bytes pid, 6 bytes start.
    const bytes = Buffer.from(entityId, "base64url");
    const [pid, startTicks] = [bytes.readUInt32BE(8), bytes.readUIntBE(12, 6)];
    const entry = { pid, startTicks, forks: 0, execs: 0, ends: 0, children: 0 };
    this.#byEntity.set(entityId, entry);
    return entry;
  }
}
