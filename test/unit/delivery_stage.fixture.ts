import { Delivery } from "../../src/output/elasticsearch/delivery.ts";
import type { Reply } from "../../src/output/elasticsearch/reply.ts";
import type { DeliverySettings } from "../../src/output/elasticsearch/settings.ts";
import type { Frame } from "../../src/output/spool/frame.ts";
import {
  type BulkRequest,
  FakeSystem,
  type ItemScript,
  idOf,
  items,
  MemoryDeadLetters,
  MemoryStore,
  ScriptedConnection,
  Told,
} from "./delivery.fixture.ts";

/** A delivery with everything around it played. */
export class Stage {
  readonly store = new MemoryStore();
  readonly connection = new ScriptedConnection();
  readonly told = new Told();
  readonly system = new FakeSystem();
  readonly deadLetters = new MemoryDeadLetters();
  readonly delivery: Delivery;
  firsts = 0;

  constructor(
    settings: Partial<DeliverySettings> = {},
    backlog: readonly Frame[] = [],
    prepare?: (stage: Stage) => void,
  ) {
    this.store.backlog.push(...backlog);
    prepare?.(this);
    this.delivery = new Delivery({
      connection: this.connection,
      store: this.store,
      deadLetters: this.deadLetters,
      settings: { preset: "balanced", ingested: "late", namespace: "default", phase: 0.5, ...settings },
      events: this.told,
      onFirstAccepted: () => this.firsts++,
      system: this.system,
    });
    this.delivery.start();
  }

  /** Sizes of the bulk requests so far. */
  sizes(): number[] {
    return this.connection.bulks.map(({ documents }) => documents.length);
  }
}

/** As the script says for the documents with these ids, 201 for the others. */
export function some(numbers: readonly number[], script: ItemScript): (request: BulkRequest) => Reply {
  const ids = new Set(numbers.map(idOf));
  return ({ documents }) => items(documents.map(({ id }) => (ids.has(id) ? script : 201)));
}

export function numbers(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, at) => from + at);
}
