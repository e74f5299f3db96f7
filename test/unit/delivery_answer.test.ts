import assert from "node:assert/strict";
import { test } from "node:test";
import { type ItemAnswer, judge, type Verdict, withoutPreview } from "../../src/output/elasticsearch/answer.ts";

/** Answers of Elasticsearch 9.4.3, word for word, unless `from` says otherwise. */
const answers: readonly { what: string; verdict: Verdict; status: number; type?: string; reason?: string }[] = [
  { what: "created", verdict: "done", status: 201 },
  {
    what: "a value of the wrong type",
    verdict: "document",
    status: 400,
    type: "document_parsing_exception",
    reason: "[1:52] failed to parse field [n] of type [long] in document with id '2'. Preview of field's value: 'x'",
  },
  {
    what: "an address that is none",
    verdict: "document",
    status: 400,
    type: "document_parsing_exception",
    reason: "[1:53] failed to parse field [ip] of type [ip] in document with id '3'. Preview of field's value: 'x'",
  },
  {
    what: "a value where an object belongs",
    verdict: "document",
    status: 400,
    type: "document_parsing_exception",
    reason: "[1:52] object mapping for [o] tried to parse field [o] as object, but found a concrete value",
  },
  {
    what: "no @timestamp",
    verdict: "document",
    status: 400,
    type: "document_parsing_exception",
    reason: "[1:7] failed to parse: data stream timestamp field [@timestamp] is missing",
  },
  {
    what: "broken JSON",
    verdict: "document",
    status: 400,
    type: "document_parsing_exception",
    reason: "[1:48] failed to parse: [1:52] Unexpected end of file",
  },
  {
    what: "a field that a strict mapping does not know",
    verdict: "document",
    status: 400,
    type: "strict_dynamic_mapping_exception",
    reason: "[1:53] mapping set to strict, dynamic introduction of [zz] within [_doc] is not allowed",
  },
  {
    what: "a term too long for Lucene (8.x)",
    verdict: "document",
    status: 400,
    type: "illegal_argument_exception",
    reason:
      'Document contains at least one immense term in field="k" (whose UTF8 encoding is longer than the max length 32766)',
  },
  {
    what: "an old server's word for it",
    verdict: "document",
    status: 400,
    type: "mapper_parsing_exception",
    reason: "failed to parse",
  },
  {
    what: "too many fields",
    verdict: "stream",
    status: 400,
    type: "document_parsing_exception",
    reason: "[1:81] failed to parse: Limit of total fields [10] has been exceeded while adding new fields [5]",
  },
  {
    what: "too many shards (8.x)",
    verdict: "stream",
    status: 400,
    type: "validation_exception",
    reason:
      "Validation Failed: 1: this action would add [2] shards, but this cluster currently has [1000]/[1000] maximum normal shards open;",
  },
  {
    what: "no template",
    verdict: "stream",
    status: 404,
    type: "index_not_found_exception",
    reason:
      "no such index [nodlv-b] and the index creation request requires a data stream, but no matching index template with data stream template was found for it",
  },
  {
    what: "no such pipeline",
    verdict: "pipeline",
    status: 400,
    type: "illegal_argument_exception",
    reason: "pipeline with id [nope] does not exist",
  },
  {
    what: "a name that cannot be",
    verdict: "stream",
    status: 400,
    type: "illegal_argument_exception",
    reason:
      "data_stream [dlv-A*] must not contain the following characters [' ','\"','*',',','/','<','>','?','\\','|']",
  },
  {
    what: "another operation than create",
    verdict: "stream",
    status: 400,
    type: "illegal_argument_exception",
    reason: "only write ops with an op_type of create are allowed in data streams",
  },
  {
    what: "a write block",
    verdict: "stream",
    status: 403,
    type: "cluster_block_exception",
    reason: "index [.ds-dlv-a-2026.11.21-000001] blocked by: [FORBIDDEN/8/index write (api)];",
  },
  {
    what: "a full disk",
    verdict: "stream",
    status: 429,
    type: "cluster_block_exception",
    reason:
      "index [.ds-dlv-a-2026.11.21-000001] blocked by: [TOO_MANY_REQUESTS/12/disk usage exceeded flood-stage watermark, index has read-only-allow-delete block; for more information, see https://www.elastic.co/docs/troubleshoot/elasticsearch/fix-watermark-errors?version=9.4];",
  },
  { what: "a closed index", verdict: "stream", status: 400, type: "index_closed_exception", reason: "closed" },
  {
    what: "a missing privilege",
    verdict: "stream",
    status: 403,
    type: "security_exception",
    reason:
      "action [indices:admin/auto_create] is unauthorized for API key id [i0KA_qEBCblkWCwixgG4] of user [testroot] on indices [logs-mayfly.process-dlv], this action is granted by the index privileges [auto_configure,create_index,manage,all]",
  },
  {
    what: "credentials that are unknown",
    verdict: "stream",
    status: 401,
    type: "security_exception",
    reason: "unable to authenticate",
  },
  {
    what: "a full write queue",
    verdict: "retry",
    status: 429,
    type: "es_rejected_execution_exception",
    reason: "rejected execution of primary operation",
  },
  {
    what: "too little memory",
    verdict: "retry",
    status: 429,
    type: "circuit_breaking_exception",
    reason: "[parent] Data too large",
  },
  {
    what: "a shard that is not there",
    verdict: "retry",
    status: 503,
    type: "unavailable_shards_exception",
    reason: "primary shard is not active",
  },
  { what: "an internal fault", verdict: "retry", status: 500, type: "exception", reason: "" },
  {
    what: "one operation too large",
    verdict: "document",
    status: 413,
    type: "es_rejected_execution_exception",
    reason: "",
  },
  { what: "a 400 that nobody foresaw", verdict: "document", status: 400, type: "new_exception", reason: "new" },
  { what: "anything else that nobody foresaw", verdict: "stream", status: 418, type: "new_exception", reason: "new" },
];

for (const { what, verdict, status, type, reason } of answers)
  test(`the answer to ${what} means: ${verdict}`, () => {
    const error = type === undefined ? {} : { error: { type, reason: reason ?? "" } };
    const item: ItemAnswer = { _index: "x", status, ...error };
    assert.equal(judge(item, true), verdict);
    assert.equal(judge(item, false), verdict);
  });

test("409 is a collision on the first send and success on a later one", () => {
  const error = {
    type: "version_conflict_engine_exception",
    reason: "[1]: version conflict, document already exists (current version [1])",
  };
  assert.equal(judge({ _index: "x", status: 409, error }, true), "collision");
  assert.equal(judge({ _index: "x", status: 409, error }, false), "done");
});

test("what is told of a reason leaves out what it quotes of the document", () => {
  for (const { reason } of answers) assert.doesNotMatch(withoutPreview(reason ?? ""), /Preview|'x'/);
  assert.equal(
    withoutPreview(
      "[1:52] failed to parse field [n] of type [long] in document with id '2'. Preview of field's value: 'p'",
    ),
    "[1:52] failed to parse field [n] of type [long]",
  );
});
