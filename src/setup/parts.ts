import { fieldsOf } from "../../ecs/fields/field.ts";
import { fieldKinds, fieldTable } from "../../ecs/fields/table.ts";
import { metricFields } from "../../ecs/fields_metrics.ts";
import { type Cluster, hasFailureStore } from "./cluster.ts";
import { fieldLimit, logsIndexSettings, metricsIndexSettings } from "./index_settings.ts";
import { keepingDates, propertiesOf } from "./mappings.ts";
import { ruleAliases } from "./rules.ts";
import type { SetupSettings } from "./settings.ts";

export type PartKind = "component template" | "index template" | "ingest pipeline";

/** A named thing that setup puts into the cluster. */
export interface Part {
  readonly kind: PartKind;
  readonly name: string;
  readonly body: object;
  /** What it is for, for people. */
  readonly why: string;
}

/** Above the 100 of Elasticsearch's own logs-*-* and the 200 of Fleet's. */
const PRIORITY = 300;
const INGESTED = "logs-mayfly@ingested";
const meta = { managed_by: "mayfly setup" };

/** Everything that is installed, in the order in which it must be. Depends on nothing else. */
export function partsOf(settings: SetupSettings, cluster: Cluster): readonly Part[] {
  const plain = propertiesOf(fieldTable);
  const properties = settings.indexMode === "logsdb-synthetic" ? keepingDates(plain) : plain;
  // A field that only a newer mayfly knows is then kept in the document and neither refuses it nor gets a type by chance.
  const mappings = { dynamic: false, properties };
  return [
    part("component template", "mayfly@mappings", `the types of ${fieldKinds.size} fields`, {
      template: { settings: fieldLimit(properties), mappings },
    }),
    part("component template", "mayfly@settings", "how documents lie on disk, and on how many shards", {
      template: { settings: logsIndexSettings(settings) },
    }),
    part("ingest pipeline", INGESTED, "event.ingested, for documents that come late", {
      description: "Says when a document arrived. Used by mayfly for requests that hold late documents.",
      processors: [{ set: { field: "event.ingested", copy_from: "_ingest.timestamp" } }],
    }),
    logsTemplate(settings, cluster),
    metricsTemplate(settings, cluster),
  ];
}

function part(kind: PartKind, name: string, why: string, body: object): Part {
  return { kind, name, why, body: { ...body, _meta: meta } };
}

function logsTemplate(settings: SetupSettings, cluster: Cluster): Part {
  return part("index template", "logs-mayfly", "puts the above to work for logs-mayfly.*-*", {
    index_patterns: ["logs-mayfly.*-*"],
    priority: PRIORITY,
    data_stream: { hidden: false, allow_custom_routing: false },
    // A later one wins: Elasticsearch's dynamic rules, ours, the administrator's.
    composed_of: ["ecs@mappings", "mayfly@settings", "mayfly@mappings", "mayfly@custom"],
    ignore_missing_component_templates: ["ecs@mappings", "mayfly@custom"],
    template: {
      mappings: typeOfStream("logs"),
      ...(settings.rules && { aliases: ruleAliases }),
      ...keeping(settings, cluster),
    },
  });
}

function metricsTemplate(settings: SetupSettings, cluster: Cluster): Part {
  const properties = propertiesOf(fieldsOf(metricFields));
  const { data_stream: stream, ...others } = properties;
  const { type } = typeOfStream("metrics").properties.data_stream.properties;
  return part("index template", "metrics-mayfly", "the same for mayfly's own figures, metrics-mayfly.*-*", {
    index_patterns: ["metrics-mayfly.*-*"],
    priority: PRIORITY,
    data_stream: { hidden: false, allow_custom_routing: false },
    composed_of: [],
    template: {
      settings: metricsIndexSettings(settings),
      mappings: {
        dynamic: false,
        properties: { ...others, data_stream: { properties: { ...stream?.properties, type } } },
      },
      ...keeping(settings, cluster),
    },
  });
}

function typeOfStream(value: "logs" | "metrics") {
  return { properties: { data_stream: { properties: { type: { type: "constant_keyword", value } } } } } as const;
}

/** How long, and where refused documents go: back to the host that sent them, which keeps them with the reason. */
function keeping({ retention, ilm }: SetupSettings, cluster: Cluster): object {
  const lifecycle = { enabled: true, ...(retention !== undefined && { data_retention: retention }) };
  return {
    ...(ilm === undefined && { lifecycle }),
    ...(hasFailureStore(cluster) && { data_stream_options: { failure_store: { enabled: false } } }),
  };
}
