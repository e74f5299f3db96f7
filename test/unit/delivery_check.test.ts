import assert from "node:assert/strict";
import { test } from "node:test";
import { checkStream, type StreamCheck, tellCheck } from "../../src/output/elasticsearch/check.ts";
import type { Reply } from "../../src/output/elasticsearch/reply.ts";
import { answer, ScriptedConnection, STREAM, Told, unanswered } from "./delivery.fixture.ts";

function streamOf(template: string): Reply {
  return answer(200, JSON.stringify({ data_streams: [{ template }] }));
}

async function check(stream: Reply, root = answer(403, "{}")): Promise<StreamCheck> {
  const connection = new ScriptedConnection();
  connection.other = ({ path }) => (path.startsWith(`/_data_stream/${STREAM}?`) ? stream : root);
  return checkStream(connection, STREAM);
}

test("a stream of our template is ready, with the version where the key may see it", async () => {
  assert.deepEqual(await check(streamOf("logs-mayfly")), { kind: "ready", version: undefined });
  const root = answer(200, '{"version":{"number":"9.4.3"}}');
  assert.deepEqual(await check(streamOf("logs-mayfly"), root), { kind: "ready", version: "9.4.3" });
});

test("a missing stream is no fault, another template is, and what cannot be asked is unknown", async () => {
  assert.deepEqual(await check(answer(404, "{}")), { kind: "not there yet" });
  assert.deepEqual(await check(streamOf("logs")), { kind: "foreign", template: "logs" });
  assert.deepEqual(await check(answer(403, "{}")), { kind: "not allowed" });
  for (const reply of [unanswered(false), answer(503, "{}"), answer(200, "nonsense"), answer(200, "{}")])
    assert.equal((await check(reply)).kind, "unknown");
});

test("only what is wrong is told again after the start", () => {
  const codes = (found: StreamCheck, started: boolean): string[] => {
    const told = new Told();
    tellCheck(found, STREAM, started, told);
    return [...told.warnings, ...told.infos].map(({ code }) => code);
  };
  assert.deepEqual(codes({ kind: "foreign", template: "logs" }, true), ["foreign_template"]);
  assert.deepEqual(codes({ kind: "unknown", reason: "no" }, false), ["elasticsearch_unchecked"]);
  assert.deepEqual(codes({ kind: "unknown", reason: "no" }, true), []);
  assert.deepEqual(codes({ kind: "ready", version: "9.4.3" }, false), ["elasticsearch_ready"]);
  assert.deepEqual(codes({ kind: "ready", version: "9.4.3" }, true), []);
  assert.deepEqual(codes({ kind: "not there yet" }, false), ["elasticsearch_new_stream"]);
  assert.deepEqual(codes({ kind: "not there yet" }, true), []);
  assert.deepEqual(codes({ kind: "not allowed" }, false), []);
});
