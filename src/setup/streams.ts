import type { Step } from "./install.ts";
import { lacking } from "./leaves.ts";
import { bodyOf, faultOf, type Purpose, type Requester, reasonOf } from "./requester.ts";
import { ruleAliases } from "./rules.ts";

/* Templates are for data streams to come. Those that are there already are brought to the same, as far as that is possible. */

/** As GET _data_stream tells of it; the last index is the one that is written. */
interface Stream {
  readonly name: string;
  /** The index template that would make it now. */
  readonly template?: string;
  readonly indices: readonly { readonly index_name: string }[];
  readonly lifecycle?: { readonly enabled?: boolean; readonly data_retention?: string };
  readonly failure_store?: { readonly enabled?: boolean };
}

/** What the templates give a stream of its name. */
interface Wanted {
  readonly settings: { readonly index: object };
  readonly mappings: { readonly dynamic?: unknown; readonly properties: object };
  readonly lifecycle?: { readonly enabled?: boolean; readonly data_retention?: string };
  readonly data_stream_options?: { readonly failure_store?: { readonly enabled?: boolean } };
  readonly aliases?: object;
}

/** What has been done to a stream, and what only a new write index would bring. */
interface Changes {
  readonly done: string[];
  readonly waiting: string[];
}

const PATTERN = "logs-mayfly.*-*,metrics-mayfly.*-*";
const OURS = ["logs-mayfly", "metrics-mayfly"];
const PRIVILEGE = "manage (index)";
/** Settings that an index takes while it is written; the others wait for the next index. */
const CHANGEABLE = /^index\.(mapping\.total_fields\.limit|query\.default_field|lifecycle\.name)$/;
/** Elasticsearch's sentence names the field first. */
const REASON_MAX = 100;
const POLICY = "index.lifecycle.name";
/** Settings that setup states, beside those; what else an index has is not its business. */
const FIXED = /^index\.(mode|codec|number_of_shards|mapping\.source\.mode|sort\..+)$/;

/** @throws MayflyError */
export async function existingStreams(requester: Requester): Promise<readonly Stream[]> {
  const purpose = { what: `list the data streams ${PATTERN}`, privilege: PRIVILEGE };
  const body = await bodyOf(requester, "GET", `/_data_stream/${PATTERN}`, purpose);
  return (body as { data_streams: readonly Stream[] }).data_streams;
}

/**
 * Documents that are there stay as they are; their fields are found by the new mapping from the next one on.
 * @param rollover give it a new write index where nothing less will do
 * @throws MayflyError
 */
export async function renew(requester: Requester, stream: Stream, rollover: boolean): Promise<Step> {
  const what = `data stream ${stream.name}`;
  const { template } = stream;
  if (template === undefined || !OURS.includes(template))
    return {
      what,
      outcome: "declined",
      note: `its index template is ${template ?? "none"}, with a higher priority than mayfly's 300: remove that one, or its pattern`,
    };
  const wanted = await wantedFor(requester, stream.name);
  const changes: Changes = { done: [], waiting: [] };
  await renewSettings(requester, stream, wanted, changes);
  await renewMappings(requester, stream, wanted, changes);
  await renewKeeping(requester, stream, wanted, changes);
  await renewAliases(requester, stream, wanted, changes);
  if (changes.waiting.length > 0 && rollover) {
    await bodyOf(requester, "POST", `/${stream.name}/_rollover`, purposeOf(stream, "roll over"));
    changes.done.push(`a new write index with ${changes.waiting.splice(0).join(", ")}`);
  }
  const done = changes.done.join("; ");
  if (changes.waiting.length > 0)
    return {
      what,
      outcome: "rollover needed",
      note: `${done === "" ? "" : `${done}; `}from its next index on: ${changes.waiting.join(", ")} (--rollover begins it now)`,
    };
  return done === "" ? { what, outcome: "unchanged", note: "" } : { what, outcome: "updated", note: done };
}

async function wantedFor(requester: Requester, name: string): Promise<Wanted> {
  const purpose = { what: "simulate an index", privilege: "manage_index_templates (cluster)" };
  const body = await bodyOf(requester, "POST", `/_index_template/_simulate_index/${name}`, purpose);
  return (body as { template: Wanted }).template;
}

async function renewSettings(requester: Requester, stream: Stream, wanted: Wanted, changes: Changes): Promise<void> {
  const present = await ofWriteIndex(requester, stream, "_settings", "settings");
  const missing = lacking(wanted.settings, present);
  changes.waiting.push(...missing.filter((path) => FIXED.test(path)));
  const changing = missing.filter((path) => CHANGEABLE.test(path));
  // As long as an index names a policy, that decides and not the retention of the stream.
  if (lacking(present, wanted.settings).includes(POLICY) && !changing.includes(POLICY)) changing.push(POLICY);
  if (changing.length === 0) return;
  const body = Object.fromEntries(changing.map((path) => [path, valueAt(wanted.settings, path)]));
  await bodyOf(requester, "PUT", `/${stream.name}/_settings`, purposeOf(stream, "change the settings of"), body);
  changes.done.push(`settings ${changing.join(", ")}`);
}

async function renewMappings(requester: Requester, stream: Stream, wanted: Wanted, changes: Changes): Promise<void> {
  const present = (await ofWriteIndex(requester, stream, "_mapping", "mappings")) as Wanted["mappings"];
  const { dynamic, properties } = wanted.mappings;
  const missing = lacking({ dynamic, properties }, present);
  if (missing.length === 0) return;
  const purpose = purposeOf(stream, "change the mapping of");
  const path = `/${stream.name}/_mapping?write_index_only=true`;
  // Only what is touched: the first document fixed the value of each constant_keyword, and a mapping without it is a conflict.
  const touched = Object.entries(properties).filter(([name]) =>
    missing.some((parameter) => parameter.startsWith(`properties.${name}.`)),
  );
  const answer = await requester.request("PUT", path, { dynamic, properties: Object.fromEntries(touched) });
  if (answer.status === 200) changes.done.push(`mapping (${missing.length} parameters of fields)`);
  // A field that is there with another type: an index never changes that.
  else if (answer.status === 400) changes.waiting.push(`the mapping (${reasonOf(answer.body).slice(0, REASON_MAX)})`);
  else throw faultOf(answer, purpose);
}

async function renewKeeping(requester: Requester, stream: Stream, wanted: Wanted, changes: Changes): Promise<void> {
  const { lifecycle, data_stream_options: options } = wanted;
  const { name, lifecycle: present, failure_store: store } = stream;
  if (lifecycle !== undefined && (present === undefined || lifecycle.data_retention !== present.data_retention)) {
    const { data_retention: retention } = lifecycle;
    const body = retention === undefined ? {} : { data_retention: retention };
    await bodyOf(requester, "PUT", `/_data_stream/${name}/_lifecycle`, purposeOf(stream, "set the retention of"), body);
    changes.done.push(`retention ${retention ?? "none"}`);
  }
  const enabled = options?.failure_store?.enabled;
  if (enabled === undefined || store?.enabled === undefined || enabled === store.enabled) return;
  const body = { failure_store: { enabled } };
  await bodyOf(requester, "PUT", `/_data_stream/${name}/_options`, purposeOf(stream, "set the options of"), body);
  changes.done.push(`failure store ${enabled ? "on" : "off"}`);
}

/** Other aliases are not touched; those that an earlier --rules gave go when the templates no longer have them. */
async function renewAliases(requester: Requester, stream: Stream, wanted: Wanted, changes: Changes): Promise<void> {
  const { name } = stream;
  const purpose = purposeOf(stream, "change the aliases of");
  const body = await bodyOf(requester, "GET", `/${name}/_alias`, purpose);
  const present = (body as Readonly<Record<string, { aliases: object }>>)[name]?.aliases ?? {};
  const actions: object[] = [];
  for (const [alias, { filter }] of Object.entries(ruleAliases)) {
    const isWanted = alias in (wanted.aliases ?? {});
    if (isWanted === alias in present) continue;
    actions.push(isWanted ? { add: { index: name, alias, filter } } : { remove: { index: name, alias } });
    changes.done.push(`${isWanted ? "alias" : "no longer alias"} ${alias}`);
  }
  if (actions.length > 0) await bodyOf(requester, "POST", "/_aliases", purpose, { actions });
}

async function ofWriteIndex(
  requester: Requester,
  stream: Stream,
  api: "_settings" | "_mapping",
  member: "settings" | "mappings",
): Promise<unknown> {
  const index = stream.indices.at(-1)?.index_name ?? stream.name;
  const body = await bodyOf(requester, "GET", `/${index}/${api}`, purposeOf(stream, `read ${api} of`));
  return (body as Readonly<Record<string, Readonly<Record<string, unknown>>>>)[index]?.[member];
}

function purposeOf({ name }: Stream, verb: string): Purpose {
  return { what: `${verb} the data stream ${name}`, privilege: PRIVILEGE };
}

/** null, which takes a setting back, where there is none. */
function valueAt(tree: object, path: string): unknown {
  let at: unknown = tree;
  for (const name of path.split(".")) at = (at as Readonly<Record<string, unknown>> | undefined)?.[name];
  return at ?? null;
}
