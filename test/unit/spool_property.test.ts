import assert from "node:assert/strict";
import { cpSync, readdirSync, statSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import fc from "fast-check";
import type { Frame } from "../../src/output/spool/frame.ts";
import type { Spool } from "../../src/output/spool/spool.ts";
import { drain, numbersOf, SpoolStage, writeDocuments } from "./spool.fixture.ts";

const stage = new SpoolStage();
after(() => stage.clear());

type Step =
  | { readonly do: "write"; readonly count: number; readonly size: number }
  | { readonly do: "commit" | "takeLive" | "takeBacklog" | "done" | "save" | "restart" | "crash" }
  | { readonly do: "tear"; readonly bytes: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant("write" as const), count: fc.nat(12), size: fc.nat(400) }) },
  {
    weight: 10,
    arbitrary: fc
      .constantFrom("commit" as const, "commit" as const, "takeLive" as const, "takeBacklog" as const, "done" as const)
      .map((what) => ({ do: what })),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom("save" as const, "restart" as const, "crash" as const).map((what) => ({ do: what })),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("tear" as const), bytes: fc.nat(600) }) },
);

const OPTIONS = {
  maxBytes: 200_000,
  whenFull: "drop_newest",
  frameBytes: 2_000,
  maxLiveBytes: 4_000,
  saveMs: 3_600_000,
} as const;

/** What must be true of every document, beside the spool that it went through. */
class Model {
  #folder: string;
  #spool!: Spool;
  #taken: Frame[] = [];
  #next = 0;
  /** Handed over, not committed. */
  #open = new Set<number>();
  /** Committed, not done. */
  readonly #undone = new Set<number>();
  /** Done in this run: a crash may forget it. */
  readonly #done = new Set<number>();
  /** Done before a crash, which may have forgotten it. */
  readonly #forgotten = new Set<number>();
  /** Written perhaps, or lost with a torn file. */
  readonly #uncertain = new Set<number>();

  constructor() {
    this.#folder = stage.folder();
  }

  async open(): Promise<void> {
    this.#spool = await stage.open(this.#folder, OPTIONS);
  }

  async apply(what: Step): Promise<void> {
    switch (what.do) {
      case "write": {
        const end = this.#next + what.count;
        assert.equal(writeDocuments(this.#spool, this.#next, end, what.size), what.count);
        for (; this.#next < end; this.#next++) this.#open.add(this.#next);
        return;
      }
      case "commit":
        await this.#commit();
        return;
      case "takeLive":
        this.#took(this.#spool.takeLive());
        return;
      case "takeBacklog":
        this.#took(await this.#spool.takeBacklog());
        return;
      case "done":
        this.#settle();
        return;
      case "save":
        this.#spool.setNote("saved", String(this.#next));
        return;
      case "restart":
        await this.#commit();
        assert.ok(await this.#spool.close(5_000));
        this.#done.clear();
        await this.#reopen();
        return;
      case "crash":
        await this.#crash(0);
        return;
      case "tear":
        await this.#crash(what.bytes);
        return;
    }
  }

  /** Everything comes back once; what may or may not be there is told apart. */
  async finish(): Promise<void> {
    await this.#commit();
    for (const frame of this.#taken) for (const number of numbersOf(frame)) this.#undone.delete(number);
    const numbers = await drain(this.#spool);
    assert.equal(new Set(numbers).size, numbers.length, "a document came twice");
    for (const number of numbers) {
      assert.ok(this.#undone.delete(number) || this.#forgotten.has(number), `document ${number} came unexpectedly`);
    }
    const missing = [...this.#undone].filter((number) => !this.#uncertain.has(number));
    assert.deepEqual(missing, [], "documents did not come");
    const { documents, droppedFull, droppedUnwritable } = this.#spool.stats();
    const held = this.#taken.reduce((sum, frame) => sum + frame.count, 0);
    assert.deepEqual([documents, droppedFull, droppedUnwritable], [held, 0, 0]);
    assert.equal(this.#spool.backlogDocuments + this.#spool.liveDocuments, 0);
    await this.#spool.close(5_000);
  }

  async #commit(): Promise<void> {
    await this.#spool.commit();
    for (const number of this.#open) this.#undone.add(number);
    this.#open.clear();
  }

  #took(frame: Frame | undefined): void {
    if (frame !== undefined) this.#taken.push(frame);
  }

  #settle(): void {
    const frame = this.#taken.shift();
    if (frame === undefined) return;
    for (const number of numbersOf(frame)) {
      const expected = this.#undone.delete(number) || this.#open.delete(number) || this.#forgotten.delete(number);
      assert.ok(expected, `document ${number} came unexpectedly`);
      this.#done.add(number);
    }
    this.#spool.done(frame);
  }

  /** As kill -9 leaves it: the folder as it is, and nothing that is in memory only. */
  async #crash(tornBytes: number): Promise<void> {
    const copy = stage.folder();
    cpSync(this.#folder, copy, { recursive: true });
    await this.#spool.close(5_000);
    this.#folder = copy;
    for (const number of this.#done) this.#forgotten.add(number);
    this.#done.clear();
    for (const number of this.#open) {
      // A frame that was full has been written perhaps.
      this.#uncertain.add(number);
      this.#undone.add(number);
    }
    const last = readdirSync(copy)
      .filter((name) => name.endsWith(".segment"))
      .sort()
      .at(-1);
    if (tornBytes > 0 && last !== undefined) {
      const path = join(copy, last);
      truncateSync(path, Math.max(0, statSync(path).size - tornBytes));
      for (const number of this.#undone) this.#uncertain.add(number);
    }
    await this.#reopen();
  }

  async #reopen(): Promise<void> {
    this.#open.clear();
    this.#taken = [];
    await this.open();
  }
}

test("whatever happens between, what was committed and is not done comes back exactly once", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60 }), async (steps) => {
      const model = new Model();
      await model.open();
      for (const what of steps) await model.apply(what);
      await model.finish();
    }),
    { numRuns: 150 },
  );
});
