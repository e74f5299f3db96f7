import assert from "node:assert/strict";
import { test } from "node:test";
import { MayflyError } from "../../src/errors.ts";
import { isSame, lacking } from "../../src/setup/leaves.ts";
import { partsOf } from "../../src/setup/parts.ts";
import { grantsOf, writerRole } from "../../src/setup/roles.ts";
import { type SetupChoices, settingsOf } from "../../src/setup/settings.ts";
import { plainChoices } from "./setup.fixture.ts";

const given = (choices: Partial<SetupChoices>) => settingsOf({ ...plainChoices, ...choices });
const bodyOf = (name: string, choices: Partial<SetupChoices> = {}, version = "9.4.3"): string =>
  JSON.stringify(partsOf(given(choices), { version, license: "basic" }).find((part) => part.name === name)?.body);

test("a shard for each 5,000 documents a second, one at least", () => {
  const shards = [undefined, 1, 5000, 5001, 12_000, 1e9].map((expect) => given({ expect }).shards);
  assert.deepEqual(shards, [1, 1, 1, 2, 3, 1024]);
});

test("retention is 30 days, what is asked for, or for ever", () => {
  assert.match(bodyOf("logs-mayfly"), /"lifecycle":\{"enabled":true,"data_retention":"30d"\}/);
  assert.match(bodyOf("metrics-mayfly", { retention: "12h" }), /"data_retention":"12h"/);
  assert.match(bodyOf("logs-mayfly", { retention: "none" }), /"lifecycle":\{"enabled":true\}/);
});

test("a lifecycle policy stands in place of the retention", () => {
  assert.doesNotMatch(bodyOf("logs-mayfly", { ilm: "year" }), /lifecycle/);
  assert.match(bodyOf("mayfly@settings", { ilm: "year" }), /"lifecycle":\{"name":"year"\}/);
});

test("options that make no sense are refused with what to write", () => {
  const wrong: readonly [Partial<SetupChoices>, RegExp][] = [
    [{ retention: "30" }, /like 30d or 12h, or none/],
    [{ retention: "0d" }, /no time/],
    [{ indexMode: "fast" }, /logsdb, logsdb-synthetic, standard, not "fast"/],
    [{ ilm: "year", retention: "7d" }, /keep one/],
    [{ rules: true }, /documents.profile/],
  ];
  for (const [choices, pattern] of wrong)
    assert.throws(
      () => given(choices),
      (error) => error instanceof MayflyError && error.exitCode === 64 && pattern.test(error.message),
    );
});

test("the failure store is stated where the server knows it", () => {
  const stated = ["8.17.0", "8.18.9", "8.19.0", "9.0.5", "9.1.0", "10.0.0"].filter((version) =>
    bodyOf("logs-mayfly", {}, version).includes('"failure_store":{"enabled":false}'),
  );
  assert.deepEqual(stated, ["8.19.0", "9.1.0", "10.0.0"]);
});

test("the aliases for rules are there only when asked for", () => {
  assert.doesNotMatch(bodyOf("logs-mayfly", { profile: "elastic" }), /auditbeat/);
  assert.match(bodyOf("logs-mayfly", { rules: true, profile: "transitions" }), /"auditbeat-mayfly":\{"filter"/);
});

test("our mappings come after Elasticsearch's dynamic rules and before the administrator's", () => {
  const order = ["ecs@mappings", "mayfly@settings", "mayfly@mappings", "mayfly@custom"];
  assert.ok(bodyOf("logs-mayfly").includes(`"composed_of":${JSON.stringify(order)}`));
});

test("the synthetic mode keeps every date as it was sent but @timestamp, for which that is refused", () => {
  const body = bodyOf("mayfly@mappings", { indexMode: "logsdb-synthetic" });
  assert.match(body, /"@timestamp":\{"type":"date"\}/);
  assert.match(body, /"start":\{"type":"date","synthetic_source_keep":"all"\}/);
  assert.doesNotMatch(bodyOf("mayfly@mappings"), /synthetic_source_keep/);
});

test("the key of the hosts may add documents and make streams, and nothing of the cluster", () => {
  assert.deepEqual(writerRole("prod", false), {
    cluster: [],
    indices: [{ names: ["logs-mayfly.*-prod", "metrics-mayfly.*-prod"], privileges: ["create_doc", "auto_configure"] }],
  });
  assert.deepEqual(writerRole(undefined).indices[0]?.privileges, ["create_doc", "auto_configure", "read"]);
  assert.equal(grantsOf(undefined)[0]?.path, "/_security/api_key");
});

test("the same settings in another form are the same, a value less or more is not", () => {
  const ours = { index: { sort: { field: ["a", "b"] }, number_of_shards: 1, hidden: false } };
  const theirs = { "index.sort.field": ["a", "b"], index: { number_of_shards: "1", hidden: "false" }, created_date: 5 };
  assert.ok(isSame(ours, theirs));
  assert.ok(!isSame(ours, { ...theirs, "index.codec": "x" }));
  assert.ok(!isSame({ ...ours, codec: "x" }, theirs));
  assert.ok(!isSame({ list: ["a", "b"] }, { list: ["b", "a"] }));
  assert.ok(!isSame({ fields: {} }, {}));
  assert.deepEqual(lacking(ours, { index: { number_of_shards: 2, hidden: false } }), [
    "index.sort.field",
    "index.number_of_shards",
  ]);
});
