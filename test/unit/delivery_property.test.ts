import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Delivery } from "../../src/output/elasticsearch/delivery.ts";
import type { Reply, Request } from "../../src/output/elasticsearch/reply.ts";
import {
  answer,
  type BulkRequest,
  CONFLICT,
  FakeSystem,
  frameOf,
  type ItemScript,
  MemoryDeadLetters,
  MemoryStore,
  REJECTED,
  ScriptedConnection,
  STREAM,
  TOO_MANY,
  Told,
  unanswered,
} from "./delivery.fixture.ts";

/** What happens to one bulk request. `lost`: carried out and unanswered. */
const happenings = [
  "good",
  "lost",
  "never arrives",
  "times out",
  "429",
  "503",
  "413",
  "401",
  "items",
  "rollover",
] as const;
type Happening = (typeof happenings)[number];
const UNAVAILABLE = { status: 503, error: { type: "unavailable_shards_exception", reason: "" } } as const;

/** Keeps documents by backing index as Elasticsearch does; what happens to each request is scripted, then everything is good. */
class ModelServer extends ScriptedConnection {
  readonly indexes: { name: string; ids: Set<string> }[] = [];
  readonly #script: Happening[];
  readonly #draw: () => number;
  readonly #bad: ReadonlySet<string>;

  constructor(script: readonly Happening[], draws: readonly number[], bad: ReadonlySet<string>) {
    super();
    this.#script = [...script];
    let at = 0;
    this.#draw = () => draws[at++ % draws.length] as number;
    this.#bad = bad;
    this.#rollOver();
    this.bulk = (request) => this.#bulk(request);
    this.other = (request) => this.#other(request);
  }

  copies(id: string): number {
    return this.indexes.filter(({ ids }) => ids.has(id)).length;
  }

  #rollOver(): void {
    const number = String(this.indexes.length + 1).padStart(6, "0");
    this.indexes.push({ name: `.ds-${STREAM}-2026.11.21-${number}`, ids: new Set() });
  }

  #bulk({ documents }: BulkRequest): Reply {
    const happening = this.#script.shift() ?? "good";
    if (happening === "rollover") this.#rollOver();
    if (happening === "never arrives") return unanswered(false);
    if (happening === "429" || happening === "401") return answer(Number(happening), "{}");
    if (happening === "413" && documents.length > 1) return answer(413, "{}");
    const scripts = documents.map(({ id }) => this.#write(id, happening === "items"));
    if (happening === "lost" || happening === "times out") return unanswered(true, happening === "times out");
    if (happening === "503") return answer(503, "{}");
    const list = scripts.map((script) => ({
      create: { _index: this.#writeIndex().name, ...(typeof script === "number" ? { status: script } : script) },
    }));
    return answer(200, JSON.stringify({ items: list }));
  }

  #write(id: string, mixed: boolean): ItemScript {
    const draw = mixed ? this.#draw() : 1;
    if (draw < 0.1) return TOO_MANY;
    if (draw < 0.15) return UNAVAILABLE;
    const { ids } = this.#writeIndex();
    if (ids.has(id)) return CONFLICT;
    if (this.#bad.has(id)) return REJECTED;
    ids.add(id);
    return draw < 0.2 ? UNAVAILABLE : 201;
  }

  #writeIndex(): { name: string; ids: Set<string> } {
    return this.indexes.at(-1) as { name: string; ids: Set<string> };
  }

  #other({ path, body }: Request): Reply {
    if (path.startsWith("/_data_stream/"))
      return answer(
        200,
        JSON.stringify({ data_streams: [{ indices: this.indexes.map(({ name }) => ({ index_name: name })) }] }),
      );
    const index = this.indexes.find(({ name }) => path.startsWith(`/${name}/_mget`));
    const { ids } = JSON.parse(body as string) as { ids: string[] };
    return answer(200, JSON.stringify({ docs: ids.map((id) => ({ found: index?.ids.has(id) === true })) }));
  }
}

const happening = fc.constantFrom(...happenings);
const draw = fc.integer({ min: 0, max: 99 }).map((percent) => percent / 100);
const world = fc.record({
  script: fc.array(happening, { maxLength: 40 }),
  draws: fc.array(draw, { minLength: 1, maxLength: 50 }),
  live: fc.array(fc.integer({ min: 1, max: 300 }), { maxLength: 12 }),
  backlog: fc.array(fc.integer({ min: 1, max: 2000 }), { maxLength: 4 }),
  bad: fc.array(fc.integer({ min: 0, max: 3000 }), { maxLength: 30 }),
  stopsAfterMs: fc.option(fc.integer({ min: 0, max: 20_000 })),
});

test("whatever happens, a document is delivered once, or in the dead letter file, or its frame is still held", async () => {
  await fc.assert(
    fc.asyncProperty(world, async ({ script, draws, live, backlog, bad, stopsAfterMs }) => {
      const store = new MemoryStore();
      let first = 0;
      for (const count of backlog) {
        store.backlog.push(frameOf(first, count, { replayed: true }));
        first += count;
      }
      const server = new ModelServer(
        script,
        draws,
        new Set(bad.map((number) => `id${String(number).padStart(22, "0")}`)),
      );
      const deadLetters = new MemoryDeadLetters();
      const system = new FakeSystem();
      const delivery = new Delivery({
        connection: server,
        store,
        deadLetters,
        settings: { preset: "latency", ingested: "late", namespace: "default", phase: 0 },
        events: new Told(),
        system,
      });
      delivery.start();
      for (const count of live) {
        store.write(frameOf(first, count));
        first += count;
        await system.advance(700);
      }
      await system.advance(stopsAfterMs ?? 3_600_000);
      if (stopsAfterMs !== null) {
        const closed = delivery.close(1000);
        await system.advance(1000);
        await closed;
      }
      check(store, server, deadLetters, delivery, stopsAfterMs === null ? first : undefined);
    }),
    { numRuns: 60 },
  );
});

/** @param all documents that must all be settled; undefined when the delivery was stopped before */
function check(
  store: MemoryStore,
  server: ModelServer,
  deadLetters: MemoryDeadLetters,
  delivery: Delivery,
  all: number | undefined,
): void {
  const { accepted, alreadyThere, deadLettered, collisions, possibleDuplicates } = delivery.stats();
  const buried = new Map<string, number>();
  for (const { id } of deadLetters.letters) buried.set(id, (buried.get(id) ?? 0) + 1);
  let doubles = 0;
  for (const { first, count } of store.finished)
    for (let number = first; number < first + count; number++) {
      const id = `id${String(number).padStart(22, "0")}`;
      const copies = server.copies(id);
      const graves = buried.get(id) ?? 0;
      assert.ok(copies + graves >= 1, `${id} is nowhere`);
      assert.ok(graves <= 1 && (graves === 0 || copies === 0), `${id} is delivered and given up`);
      if (copies > 1) doubles++;
    }
  assert.ok(doubles <= possibleDuplicates, `${doubles} documents are double, ${possibleDuplicates} are counted`);
  assert.equal(collisions, 0);
  assert.equal(deadLettered, deadLetters.letters.length);
  if (all === undefined) return;
  const held = [...store.taken].reduce((documents, { count }) => documents + count, 0);
  const done = store.finished.reduce((documents, { count }) => documents + count, 0);
  assert.equal(held + done, all);
  assert.ok(accepted + alreadyThere + deadLettered <= all);
  // What is held for an hour in which every request succeeded was rejected for what it is, more often than a minute bears.
  if (held === 0) assert.equal(accepted + alreadyThere + deadLettered, all);
  else assert.equal(delivery.stats().state, "stopped");
}
