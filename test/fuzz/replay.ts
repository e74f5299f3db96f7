import assert from "node:assert/strict";
import { DocumentWriter } from "../../ecs/document.ts";
import { Agent, type AgentEvents } from "../../src/agent.ts";
import type { EntityIds } from "../../src/process/identity.ts";
import { layout } from "../../src/record/layout.ts";
import type { BootOffset } from "../../src/source/clock.ts";
import { NO_LOSSES, type Source } from "../../src/source/source.ts";
import { Log } from "../../src/telemetry/log.ts";
import { options } from "../unit/ecs_lives.ts";

const log = new Log({ level: "error", format: "text", colour: false, now: () => 0, write: () => undefined });
/** What is beside the texts of a record in its documents: two of them, each with a parent, ancestors and a host. */
const LINE_MAX_BEYOND = 64 * 1024;

/** A source of one batch. */
export function oneBatch(bytes: ArrayBuffer): Source {
  return {
    layout,
    start: (onBatch) => onBatch(bytes),
    rescan: () => undefined,
    stop: () => undefined,
    losses: () => NO_LOSSES,
  };
}

/**
 * Takes the whole way from a source's bytes to lines, as `mayfly replay` does, and looks at every line.
 * @param size bytes of the input, which the lines may be long in proportion to
 * @returns batches that broke off
 */
export async function documentsOf(source: Source, offset: BootOffset, ids: EntityIds, size: number): Promise<number> {
  const writer = new DocumentWriter(options({ hash: ids.hash, hostFields: "minimal" }));
  const events: AgentEvents = {
    onLife: (life) => {
      const line = writer.write(life);
      // Texts become longer by escapes (6 for 1) and stand in several fields: args, command line, parent.
      assert.ok(line.length <= LINE_MAX_BEYOND + 40 * size, `a line of ${line.length} from ${size} bytes`);
      const document = JSON.parse(line) as { "@timestamp": string; process: { entity_id: string } };
      assert.match(document.process.entity_id, /^[\w-]{24}$/);
      assert.match(document["@timestamp"], /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/);
    },
    onWatching: () => undefined,
    onLoss: (loss) => void JSON.parse(writer.writeLoss({ ...loss, time: loss.to })),
    behind: () => false,
    catchUp: () => Promise.resolve(),
  };
  const agent = new Agent(source, { hold: 1000, maxPending: 64, tellFound: true }, offset, ids, events, log);
  await agent.run(false);
  return agent.losses().undecodable;
}
