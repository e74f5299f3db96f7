import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { agentOn } from "../../ecs/agent.ts";
import { DocumentWriter } from "../../ecs/document.ts";
import { Agent, type AgentEvents } from "../../src/agent.ts";
import type { Host } from "../../src/enrich/host.ts";
import { EntityIds } from "../../src/process/identity.ts";
import { Instant } from "../../src/process/instant.ts";
import { RecordingSource } from "../../src/source/recording.ts";
import { Log } from "../../src/telemetry/log.ts";
import { CHECKOUT, PROGRAM_SOURCES } from "../harness/checkout.ts";
import { bePatient } from "../harness/deadline.ts";
import { assertNone } from "../harness/differences.ts";
import { type Document, parseDocument } from "../harness/document.ts";
import { differences } from "../harness/expect.ts";
import { identifyAs } from "../harness/identity.ts";
import { livesOf, startedBy } from "../harness/life.ts";
import { mechanisms } from "../harness/mechanism.ts";
import { filesOfRecordings, RECORDED_HOST, RECORDINGS, type Recorded, recordings } from "../harness/recorded.ts";

/*
 * What real kernels told of the truth programs, kept in test/recordings (test/recorder makes them), and what must come of it: the
 * documents are compared field by field as those of the running kernel are, without root and without that kernel.
 */

const SIZE_MOST = 5 * 1024 * 1024;
/** Later than any recording: event.created must not lie before what it tells. */
const CREATED = new Instant(4_000_000_000, 0);

const all = recordings();

describe("the recordings", () => {
  test("of every kernel hold every mechanism that is known", (t) => {
    const kernels = [...new Set(all.map(({ name }) => name.split("/")[0] ?? ""))];
    t.diagnostic(`kernels: ${kernels.join(", ")}`);
    assert.ok(kernels.length > 0);
    const known = mechanisms().map(({ program, args }) => [program, ...args].join("-"));
    for (const kernel of kernels) {
      const names = all.filter(({ name }) => name.startsWith(`${kernel}/`)).map(({ name }) => name.split("/")[1]);
      const missing = known.filter((name) => !names.includes(name));
      assert.deepEqual(missing, [], `not recorded on ${kernel}; ${PROGRAM_SOURCES} has them`);
    }
  });

  test("together are small enough for a repository", () => {
    const size = filesOfRecordings().reduce((sum, file) => sum + statSync(join(RECORDINGS, file)).size, 0);
    assert.ok(size <= SIZE_MOST, `${size} bytes, ${SIZE_MOST} at most`);
  });

  test("say nothing of who made them", () => {
    const telling = filesOfRecordings().filter((file) => {
      const text = readFileSync(join(RECORDINGS, file), "latin1");
      return ["/root/", "/home/", `${CHECKOUT}/`].some((place) => text.includes(place));
    });
    assert.deepEqual(telling, []);
    for (const { name, file } of all) {
      const { machineId, bootId } = new RecordingSource(file).header;
      assert.deepEqual({ machineId, bootId }, RECORDED_HOST, name);
    }
  });
});

for (const timing of ["together", "apart"] as const)
  describe(`replayed with transitions ${timing}`, () => {
    for (const recorded of all) {
      const { name, truth } = recorded;
      // Between the two: a pause is longer, what the program does at once is shorter.
      const hold = timing === "together" ? 3_600_000 : truth.pauseMs / 2;

      test(`${name} gives documents that are true, and the same ones again`, async () => {
        const lines = await replay(recorded, hold);
        assert.deepEqual(await replay(recorded, hold), lines);
        identifyAs(RECORDED_HOST);
        startedBy(truth.starter);
        bePatient(truth.patience);
        const documents = lines.map(parseDocument);
        const lives = livesOf(truth.told);
        const found = Object.entries(truth[timing]).flatMap(([role, expected]) => {
          const life = lives.get(role);
          if (life === undefined) return [`${role} told nothing`];
          const own = documents.filter(({ process }) => process?.entity_id === life.entityId);
          return differences(life, expected, own, "lifecycle");
        });
        assertNone(found);
        assertOnlyOf(
          documents,
          [...lives.values()].map(({ entityId }) => entityId),
          truth.starter.pid,
        );
      });
    }
  });

/** Nothing of other processes is in it but of the one that started the program, and nothing was lost. */
function assertOnlyOf(documents: readonly Document[], entityIds: readonly string[], starter: number): void {
  const others = documents.filter(({ process }) => {
    return !entityIds.includes(process?.entity_id ?? "") && process?.pid !== starter;
  });
  assert.deepEqual(others, []);
}

/** Every line that comes of a recording, as `mayfly replay` makes them, but for the names of the host. */
async function replay({ file }: Recorded, hold: number): Promise<string[]> {
  const source = new RecordingSource(file);
  const { machineId, bootId, bootOffset, kernel } = source.header;
  const ids = new EntityIds(machineId, bootId);
  const host = hostOf(machineId, bootId, kernel);
  const agent = agentOn(host, "0.0.0", "00000000-0000-4000-8000-000000000001");
  const options = {
    profile: "lifecycle",
    hostFields: "full",
    host,
    agent,
    hash: ids.hash,
    now: () => CREATED,
  } as const;
  const writer = new DocumentWriter(options);
  const lines: string[] = [];
  const events: AgentEvents = {
    onLife: (life) => void lines.push(writer.write(life)),
    onWatching: () => undefined,
    onLoss: (loss) => assert.fail(`lost: ${JSON.stringify(loss.lost)}`),
    behind: () => false,
    catchUp: async () => undefined,
  };
  const log = new Log({ level: "error", format: "text", colour: false, now: Date.now, write: () => undefined });
  await new Agent(source, { hold, maxPending: 65_536, tellFound: true }, bootOffset, ids, events, log).run(false);
  return lines;
}

function hostOf(machineId: string, bootId: string, kernel: string): Host {
  const os = { type: "linux", platform: undefined, family: undefined, name: undefined, version: undefined } as const;
  return {
    ...{ id: machineId, machineId, bootId, name: "recorded", hostname: "recorded", architecture: "x86_64" },
    ...{ ip: [], mac: [], os: { ...os, full: undefined, kernel }, warning: undefined },
  };
}
