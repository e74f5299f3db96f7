import { existsSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { Collector } from "../collector.ts";
import { assertNone } from "../differences.ts";
import { live } from "../live.ts";
import type { Expected } from "./attack.ts";
import { type Attack, profiles } from "./attack.ts";
import { differences, Family, rememberHashes, unmapped } from "./compare.ts";
import { Scene } from "./scene.ts";

/** What happened of an attack: the processes that were started, and the documents that shall tell of them. */
interface Happened {
  readonly started: ReadonlySet<number>;
  readonly expected: readonly Expected[];
  /** That it could not be done. */
  readonly fault?: Error;
}

const AT_ONCE = 4;

/**
 * Makes all of them happen under one collector for each profile, and compares every document of theirs, field by field, with
 * what a detection rule reads. The hold is the longest there is: ends stand in the documents of the starts, however slow
 * the machine is today.
 */
export function describeAttacks(what: string, attacks: readonly Attack[]): void {
  describe(`what detection rules read: ${what}`, live, () => {
    const collectors: Collector[] = [];
    const happened = new Map<Attack, Happened>();

    before(async () => {
      for (const profile of profiles) collectors.push(await Collector.start({ profile, hold: "10s" }));
      const queue = attacks.filter((attack) => missingFor(attack) === undefined).values();
      const lane = async (): Promise<void> => {
        for (const attack of queue) happened.set(attack, await perform(attack));
      };
      await Promise.all(Array.from({ length: AT_ONCE }, lane));
      for (const collector of collectors) await collector.stop();
    });
    after(() => Promise.all(collectors.map((collector) => collector.kill())));

    for (const attack of attacks) {
      for (const [place, profile] of profiles.entries()) {
        const skip = missingFor(attack) ?? false;
        test(`${attack.title} (${profile}): ${attack.rule}`, { skip }, () => {
          const { started, expected, fault } = happened.get(attack) ?? { started: new Set(), expected: [] };
          if (fault !== undefined) throw fault;
          if (expected.length === 0) throw new Error("it expects nothing");
          const family = new Family(collectors[place]?.documents ?? [], started);
          assertNone(expected.flatMap((one) => differences(family, one)));
        });
      }
    }

    test("every field of every document has a mapping", () => {
      for (const { documents } of collectors) {
        if (documents.length < attacks.length) throw new Error(`${documents.length} documents are too few`);
        assertNone(unmapped(documents).map((name) => `${name} has no mapping`));
      }
    });
  });
}

async function perform({ run }: Attack): Promise<Happened> {
  const scene = new Scene();
  try {
    return { expected: await run(scene), started: scene.started };
  } catch (fault) {
    return { expected: [], started: scene.started, fault: fault instanceof Error ? fault : new Error(String(fault)) };
  } finally {
    for (const folder of scene.folders) rememberHashes(folder);
    scene.close();
  }
}

/** The reason why it cannot be done here. */
function missingFor({ needs = [] }: Attack): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(":");
  const missing = needs.filter(
    (name) => !folders.some((folder) => existsSync(name.startsWith("/") ? name : join(folder, name))),
  );
  return missing.length === 0 ? undefined : `needs ${missing.join(", ")}`;
}
