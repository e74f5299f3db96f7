import assert from "node:assert/strict";
import { test } from "node:test";
import { Delivery } from "../../src/output/elasticsearch/delivery.ts";
import type { Reply, Request } from "../../src/output/elasticsearch/reply.ts";
import {
  answer,
  FakeSystem,
  frameOf,
  INDEX,
  idOf,
  items,
  MemoryDeadLetters,
  MemoryStore,
  ScriptedConnection,
  STREAM,
  Told,
  unanswered,
} from "./delivery.fixture.ts";

const NEXT = INDEX.replace("000001", "000002");
const NOTE = "backing_indexes";

class Stage {
  readonly store = new MemoryStore();
  readonly connection = new ScriptedConnection();
  readonly told = new Told();
  readonly system = new FakeSystem();
  /** Of the stream, the last is written into. */
  indexes = [INDEX];
  /** Ids in INDEX. */
  readonly written = new Set<string>();
  mayRead = true;

  constructor() {
    this.connection.bulk = ({ documents }) =>
      items(
        documents.map(() => 201),
        this.indexes.at(-1),
      );
    this.connection.other = (request) => this.#other(request);
  }

  start(): Delivery {
    const delivery = new Delivery({
      connection: this.connection,
      store: this.store,
      deadLetters: new MemoryDeadLetters(),
      settings: { preset: "latency", ingested: "off", namespace: "default", phase: 0 },
      events: this.told,
      system: this.system,
    });
    delivery.start();
    return delivery;
  }

  /** One answered request, so that the index is known. */
  async begun(): Promise<Delivery> {
    const delivery = this.start();
    this.store.write(frameOf(1_000_000, 1));
    await this.system.advance(1000);
    return delivery;
  }

  /** The next request is carried out and its answer lost; then the stream is rolled over. */
  loseAnswerAndRollOver(): void {
    const { bulk } = this.connection;
    this.connection.bulk = ({ documents }) => {
      for (const { id } of documents) this.written.add(id);
      this.indexes = [INDEX, NEXT];
      this.connection.bulk = bulk;
      return unanswered(true);
    };
  }

  mgets(): Request[] {
    return this.connection.others.filter(({ path }) => path.includes("_mget"));
  }

  #other({ path, body }: Request): Reply {
    if (path.startsWith("/_data_stream/"))
      return path.startsWith(`/_data_stream/${STREAM}?`)
        ? answer(
            200,
            JSON.stringify({ data_streams: [{ indices: this.indexes.map((name) => ({ index_name: name })) }] }),
          )
        : answer(404, "{}");
    if (!this.mayRead) return answer(403, '{"error":{"type":"security_exception","reason":"no"}}');
    assert.ok(path.startsWith(`/${INDEX}/_mget`), path);
    const { ids } = JSON.parse(body as string) as { ids: string[] };
    return answer(200, JSON.stringify({ docs: ids.map((id) => ({ found: this.written.has(id) })) }));
  }
}

test("what an unanswered request had written is found behind a rollover and not sent again", async () => {
  const stage = new Stage();
  const delivery = await stage.begun();
  stage.loseAnswerAndRollOver();
  stage.store.write(frameOf(0, 100));
  await stage.system.advance(10_000);
  assert.equal(stage.mgets().length, 1);
  assert.equal(stage.connection.bulks.length, 2);
  const { accepted, alreadyThere, possibleDuplicates, state } = delivery.stats();
  assert.deepEqual(
    { accepted, alreadyThere, possibleDuplicates, state },
    { accepted: 1, alreadyThere: 100, possibleDuplicates: 0, state: "delivering" },
  );
  assert.equal(stage.store.finished.length, 2);
});

test("only what is missing in the old index is sent to the new one", async () => {
  const stage = new Stage();
  const delivery = await stage.begun();
  stage.loseAnswerAndRollOver();
  stage.store.write(frameOf(0, 100));
  await stage.system.advance(1000);
  for (const missing of [3, 4, 70]) stage.written.delete(idOf(missing));
  await stage.system.advance(10_000);
  assert.deepEqual(
    stage.connection.bulks.at(-1)?.documents.map(({ id }) => id),
    [idOf(3), idOf(4), idOf(70)],
  );
  assert.equal(delivery.stats().possibleDuplicates, 0);
  assert.equal(stage.store.finished.length, 2);
});

test("without a rollover nothing but the present index is asked for", async () => {
  const stage = new Stage();
  const delivery = await stage.begun();
  stage.loseAnswerAndRollOver();
  stage.store.write(frameOf(0, 100));
  await stage.system.advance(1000);
  stage.indexes = [INDEX];
  await stage.system.advance(10_000);
  assert.equal(stage.connection.others.length, 1);
  assert.equal(stage.mgets().length, 0);
  assert.equal(delivery.stats().possibleDuplicates, 0);
});

test("where the key may not read, what is sent again into a new index counts as a possible duplicate, and it is told", async () => {
  const stage = new Stage();
  const delivery = await stage.begun();
  stage.mayRead = false;
  stage.loseAnswerAndRollOver();
  stage.store.write(frameOf(0, 100));
  await stage.system.advance(10_000);
  assert.equal(delivery.stats().possibleDuplicates, 100);
  assert.ok(stage.told.codes().includes("cannot_check_duplicates"));
  assert.equal(stage.store.finished.length, 2);
});

test("a rollover between the question and the request is not silent", async () => {
  const stage = new Stage();
  const delivery = await stage.begun();
  const { bulk } = stage.connection;
  stage.connection.bulk = () => {
    stage.connection.bulk = (request) => {
      stage.indexes = [INDEX, NEXT];
      return bulk(request);
    };
    return unanswered(true);
  };
  stage.store.write(frameOf(0, 100));
  await stage.system.advance(10_000);
  assert.equal(delivery.stats().possibleDuplicates, 100);
});

test("while the question has no answer nothing is sent", async () => {
  const stage = new Stage();
  const delivery = await stage.begun();
  const { other } = stage.connection;
  stage.loseAnswerAndRollOver();
  stage.connection.other = () => unanswered(false);
  stage.store.write(frameOf(0, 100));
  await stage.system.advance(60_000);
  assert.equal(stage.connection.bulks.length, 2);
  assert.equal(delivery.stats().state, "retrying");
  stage.connection.other = other;
  await stage.system.advance(60_000);
  assert.equal(delivery.stats().alreadyThere, 100);
});

test("what an earlier run left is looked for in the index that it wrote into", async () => {
  const stage = new Stage();
  stage.store.notes.set(NOTE, JSON.stringify({ [STREAM]: INDEX }));
  stage.indexes = [INDEX, NEXT];
  for (let at = 0; at < 50; at++) stage.written.add(idOf(at));
  stage.store.backlog.push(frameOf(0, 100, { replayed: true }));
  const delivery = stage.start();
  await stage.system.advance(0);
  const { accepted, alreadyThere, possibleDuplicates } = delivery.stats();
  assert.deepEqual(
    { accepted, alreadyThere, possibleDuplicates },
    { accepted: 50, alreadyThere: 50, possibleDuplicates: 0 },
  );
  assert.deepEqual(JSON.parse(stage.store.notes.get(NOTE) ?? ""), { [STREAM]: NEXT });
});

test("what an earlier run left is sent without further questions when the index is still the same", async () => {
  const stage = new Stage();
  stage.store.notes.set(NOTE, JSON.stringify({ [STREAM]: INDEX }));
  for (let at = 0; at < 20; at++) stage.store.backlog.push(frameOf(at * 1600, 1600, { replayed: true }));
  const delivery = stage.start();
  await stage.system.advance(0);
  assert.equal(delivery.stats().accepted, 32_000);
  // Those four requests that were begun before the first answer.
  assert.ok(stage.connection.others.length <= 4, `${stage.connection.others.length} questions`);
  assert.equal(stage.mgets().length, 0);
});

test("without a note, or with one of an index that is gone, the latest older indexes are asked", async () => {
  for (const note of [undefined, JSON.stringify({ [STREAM]: "gone" }), "nonsense"]) {
    const stage = new Stage();
    if (note !== undefined) stage.store.notes.set(NOTE, note);
    stage.indexes = [INDEX, NEXT];
    stage.written.add(idOf(1));
    stage.store.backlog.push(frameOf(0, 10, { replayed: true }));
    const delivery = stage.start();
    await stage.system.advance(0);
    assert.equal(delivery.stats().alreadyThere, 1);
    assert.equal(delivery.stats().possibleDuplicates, 0);
  }
});

test("what was written to disk by this run and never sent is not looked for", async () => {
  const stage = new Stage();
  const delivery = await stage.begun();
  stage.indexes = [INDEX, NEXT];
  stage.store.backlog.push(frameOf(0, 100, { replayed: true }));
  stage.store.onCommitted?.();
  await stage.system.advance(1000);
  assert.equal(stage.connection.others.length, 0);
  assert.equal(delivery.stats().accepted, 101);
  assert.equal(delivery.stats().possibleDuplicates, 0);
});
