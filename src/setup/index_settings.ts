import { countFields, type Properties } from "./mappings.ts";
import type { IndexMode, SetupSettings } from "./settings.ts";

/** Room for what an administrator adds in mayfly@custom. */
const ROOM = 500;

/**
 * What a search without a field looks into. Without this list Elasticsearch would look into every field, and refuses where there are
 * more than 1,024 of them. Only fields that take any text: "bash" is no address, and the whole search would be refused.
 */
export const searched = [
  "message",
  "process.name",
  "process.executable",
  "process.args",
  "process.command_line.text",
  "process.working_directory",
  "process.entity_id",
  "process.parent.name",
  "process.parent.executable",
  "process.parent.args",
  "process.parent.command_line.text",
  "process.hash.sha256",
  "event.id",
  "event.action",
  "user.id",
  "user.name",
  "group.name",
  "host.id",
  "host.name",
  "container.id",
  "container.name",
  "container.image.name",
  "orchestrator.namespace",
  "orchestrator.resource.name",
  "related.user",
  "mayfly.exit.signal",
  "mayfly.quality",
  "mayfly.script.path",
  "mayfly.transitions",
  "tags",
];

const newestFirst = { field: ["@timestamp"], order: ["desc"] };
/** Documents of one host lie together and compress together; within a host the newest come first, as people ask for them. */
const byHost = { field: ["host.name", "@timestamp"], order: ["asc", "desc"] };

/** By measurement: docs/elasticsearch.md, Index design. */
const modes: Readonly<Record<IndexMode, object>> = {
  logsdb: { mode: "logsdb", sort: byHost, mapping: { source: { mode: "stored" } } },
  "logsdb-synthetic": { mode: "logsdb", sort: byHost, mapping: { source: { mode: "synthetic" } } },
  standard: { mode: "standard", sort: newestFirst, mapping: { source: { mode: "stored" } } },
};

/** Of logs-mayfly.*-*. */
export function logsIndexSettings(settings: SetupSettings): object {
  return {
    index: {
      ...modes[settings.indexMode],
      codec: "best_compression",
      number_of_shards: settings.shards,
      query: { default_field: searched },
      ...lifecycle(settings),
    },
  };
}

/** Elasticsearch judges a component template by its own settings: the limit stands beside the fields. */
export function fieldLimit(properties: Properties): object {
  const limit = Math.ceil((countFields(properties) + ROOM) / 100) * 100;
  return { index: { mapping: { total_fields: { limit } } } };
}

/** Of metrics-mayfly.*-*: one document a minute and host, so one shard and nothing to tune. */
export function metricsIndexSettings(settings: SetupSettings): object {
  return {
    index: {
      mode: "standard",
      sort: newestFirst,
      codec: "best_compression",
      number_of_shards: 1,
      ...lifecycle(settings),
    },
  };
}

function lifecycle({ ilm }: SetupSettings): object {
  return ilm === undefined ? {} : { lifecycle: { name: ilm } };
}
