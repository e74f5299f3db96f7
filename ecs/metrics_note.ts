import type { Host } from "../src/enrich/host.ts";
import type { Instant } from "../src/process/instant.ts";
import type { Agent } from "./agent.ts";
import { ecsVersion, eventModule } from "./envelope.ts";
import type { EventIds } from "./event_id.ts";
import type { MetricField } from "./fields_metrics.ts";
import { quoted } from "./json.ts";

/** The figures of one moment. One that is undefined is absent in the document. */
export type MetricValues = Readonly<Partial<Record<MetricField, number | string | undefined>>>;

export interface MetricNoteOptions {
  readonly host: Host;
  readonly agent: Agent;
  /** Of the data stream metrics-mayfly.agent-NAMESPACE. */
  readonly namespace: string;
  readonly ids: EventIds;
}

type Tree = { [name: string]: Tree | string | number };

/**
 * Writes what mayfly tells of itself as lines of the data stream metrics-mayfly.agent-NAMESPACE, one a moment. They begin
 * like every other line of mayfly: @timestamp, then event.id. Fields and types: fields_metrics.ts.
 */
export class MetricNotes {
  readonly #ids: EventIds;
  readonly #end: string;
  #count = 0;

  constructor({ host, agent, namespace, ids }: MetricNoteOptions) {
    this.#ids = ids;
    // The little that joins need: a figure every minute does not repeat the host's addresses.
    const { id, name, bootId, os } = host;
    const members = textOf({
      host: { id, name, boot: { id: bootId }, os: { type: os.type } },
      agent: {
        id: agent.id,
        type: "mayfly",
        name: agent.name,
        version: agent.version,
        ephemeral_id: agent.ephemeralId,
      },
      ecs: { version: ecsVersion },
      data_stream: { type: "metrics", dataset: "mayfly.agent", namespace },
    });
    this.#end = `${members.slice(1)}\n`;
  }

  /** One line with its newline. */
  write(time: Instant, values: MetricValues): string {
    this.#count += 1;
    // Their number stands where documents have the pid; no document has transition bits 0.
    const id = this.#ids.make(time, this.#count, 0);
    const event = textOf({ id, kind: "metric", module: eventModule, dataset: "mayfly.agent" });
    const members = textOf(nested(values)).slice(1, -1);
    return `{"@timestamp":"${time.iso()}","event":${event},${members === "" ? "" : `${members},`}${this.#end}`;
  }
}

/** Dotted names as objects in objects. */
function nested(values: MetricValues): Tree {
  const root: Tree = {};
  for (const [field, value] of Object.entries(values)) {
    if (value === undefined) continue;
    const names = field.split(".");
    const last = names.pop() as string;
    let at = root;
    for (const name of names) at = (at[name] ??= {}) as Tree;
    at[last] = value;
  }
  return root;
}

function textOf(tree: Tree): string {
  const members = Object.entries(tree).map(([name, value]) => `${quoted(name)}:${memberText(value)}`);
  return `{${members.join(",")}}`;
}

function memberText(value: Tree | string | number): string {
  if (typeof value === "object") return textOf(value);
  return typeof value === "number" ? String(value) : quoted(value);
}
