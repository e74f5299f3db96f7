import { closeSync, openSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { DocumentWriter } from "../../ecs/document.ts";
import { Enrichment } from "../enrich/enrichment.ts";
import { Hasher } from "../enrich/hash/hasher.ts";
import type { Job } from "../enrich/helper/backlog.ts";
import { ImageLookUp } from "../enrich/image_look_up.ts";
import { NameTags } from "../enrich/name_tags.ts";
import { PackageDesk } from "../enrich/packages/package_desk.ts";
import { ConsoleOutput } from "../output/console.ts";
import { Clock } from "../process/clock.ts";
import type { EntityIds } from "../process/identity.ts";
import type { ArgsRedactor } from "../process/image.ts";
import { Tracker } from "../process/tracker.ts";
import { Decoder } from "../record/decode.ts";
import { layout } from "../record/layout.ts";
import type { Log } from "../telemetry/log.ts";
import { MADE_UP_MNT_NS, MadeUpLives } from "./made_up_lives.ts";
import { DocumentSink } from "./sink.ts";

/*
 * V8 runs new code slowly for its first 10,000 lives or so. A storm right after the start would meet the slow code just when it should be
 * fast. So made-up lives are sent down the same line, with all its parts, in the quiet moments soon after the start, into a writer
 * of their own: nothing of them is counted, kept or written.
 *
 * Measured, the first 10,000 lives of a storm: 36 us of CPU each where only the tracker was warm, 26 to 29 with all of it, 20 to 24 in the
 * long run. Costs 0.6 s of CPU, once.
 */

const GENERATIONS = 80;
/** A run that is shorter is not held up for what it will not need; one that meets a storm sooner is warmed by that. */
const BEGINS_MS = 2000;
/** What all of it may take, in milliseconds: 0.6 s where nothing else runs. A slow machine is not made slower. */
const MOST_MS = 1000;
/** Between two generations of 3 ms each, so that what really happens is not held up. */
const TURN_EVERY_MS = 8;

export interface WarmUpSettings {
  /** One that is thrown away: its sequence is used up. */
  readonly writer: DocumentWriter;
  readonly ids: EntityIds;
  readonly log: Log;
  /** As the writer's profile wants it (AggregationSettings). */
  readonly merge: boolean;
  readonly redactor: ArgsRedactor | undefined;
}

export function warmUp({ writer, ids, log, merge, redactor }: WarmUpSettings): { cancel(): void } {
  const fd = openSync("/dev/null", "w");
  const nowhere = new ConsoleOutput({}, fd);
  const enrichment = allKnowing();
  enrichment.handTo(new DocumentSink(writer, [nowhere], log));
  const tracker = new Tracker(
    { hold: 1000, maxPending: 1024, maxProcesses: 1024, tellFound: false, merge, redactor, lookUp: enrichment },
    new Clock({ seconds: 1_700_000_000, nanos: 654_321_987 }),
    ids,
    enrichment,
  );
  const decoder = new Decoder(layout, tracker);
  const generation = generations(decoder);
  let timer: NodeJS.Timeout | undefined;
  const turn = (): void => {
    if (generation()) timer = setTimeout(turn, TURN_EVERY_MS).unref();
    else {
      cancel();
      collectGarbage();
    }
  };
  timer = setTimeout(turn, BEGINS_MS).unref();
  let ended = false;
  const cancel = (): void => {
    if (ended) return;
    ended = true;
    clearTimeout(timer);
    void enrichment
      .drain(async () => undefined)
      .then(() => nowhere.close())
      .then(() => closeSync(fd));
  };
  return { cancel };
}

/** Each call is one generation; false after the last. */
function generations(decoder: Decoder): () => boolean {
  let lives: MadeUpLives | undefined;
  let made = 0;
  let ms = 0;
  return () => {
    const began = performance.now();
    if (lives === undefined) {
      lives = new MadeUpLives();
      decoder.decode(lives.ancestors());
    }
    decoder.decode(lives.next());
    made++;
    ms += performance.now() - began;
    return made < GENERATIONS && ms < MOST_MS;
  };
}

const ENOUGH = 100;
const DEADLINE_MS = 100;

/** Looks up as in a run, but the helper has every answer. */
function allKnowing(): Enrichment {
  const hashes = { types: ["sha256"], maxFileSize: 2 ** 30, cacheSize: ENOUGH, quarantineMs: 0 } as const;
  const onSettled = (ticket: Parameters<ImageLookUp["settled"]>[0]): void => {
    images.settled(ticket);
    enrichment.look();
  };
  const helper = { submit: answer };
  const images: ImageLookUp = new ImageLookUp(
    new Hasher({ ...hashes, ownMntNs: MADE_UP_MNT_NS, onSettled, helper }),
    new PackageDesk({ ownMntNs: MADE_UP_MNT_NS, cacheSize: ENOUGH, submit: answer, onSettled }),
  );
  const names = new NameTags({ user: () => "root", group: () => "root" }, MADE_UP_MNT_NS);
  const enrichment: Enrichment = new Enrichment({ deadline: DEADLINE_MS, images, names });
  return enrichment;
}

function answer(job: Job): undefined {
  const hash = { hashes: { sha256: "0".repeat(64) }, bytes: 1 };
  const owner = { name: "tools", version: "1.0-1", type: "deb" };
  job.onSent();
  setImmediate(() => job.onSettled({ kind: "answer", answer: job.kind === "package" ? owner : hash }));
}

/**
 * One full collection, 18 ms: what the start and the made-up lives left behind is 35 MiB, which V8 would keep until the heap
 * has doubled. There is no other way to ask for it than the function that --expose-gc gives to new contexts.
 */
function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  setFlagsFromString("--compact-on-every-full-gc");
  const collect = runInNewContext("gc") as () => void;

  collect();
  setFlagsFromString("--no-compact-on-every-full-gc");
  setFlagsFromString("--no-expose-gc");
}

/**
 * Keeps the space for new objects at the 8 MiB that the start has made of it: V8 would double it twice under load (60 MiB of
 * memory that it seldom gives back) and gain nothing measurable. And has it collected by one thread: the 2 ms that a collection takes are
 * not worth waking four others for (20.4 -> 19.5 us of CPU a life; the wait is no longer).
 */
export function keepYoungGeneration(): void {
  setFlagsFromString("--semi-space-growth-factor=1");
  setFlagsFromString("--no-parallel-scavenge");
}
