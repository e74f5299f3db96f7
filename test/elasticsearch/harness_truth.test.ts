import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "../harness/deadline.ts";
import type { Document } from "../harness/document.ts";
import { parseMetrics } from "../harness/elasticsearch/metrics.ts";
import { compareTruth } from "../harness/elasticsearch/truth.ts";
import { Workload } from "../harness/elasticsearch/workload.ts";

const mark = "m";
const pids = new Map(Array.from({ length: 8 }, (_, number) => [`m.${number}`, 100 + number]));

function told(number: number, transitions = "fork+exec+end", pid = 100 + number): Document {
  return { process: { pid, args: ["/tiny", `m.${number}`] }, mayfly: { transitions } };
}

test("documents that tell each life once do not differ from the truth, in one piece or two", () => {
  const documents = [0, 1, 2, 3, 4, 5, 6].map((number) => told(number));
  const others: Document[] = [{ process: { pid: 1, args: ["init"] } }, { process: { pid: 2, args: ["x", "other.1"] } }];
  const difference = compareTruth({ mark, pids }, [...documents, told(7, "fork+exec"), told(7, "end"), ...others]);
  assert.equal(difference.summary, "");
});

test("what differs from the truth is named, the first five of each", () => {
  const documents = [told(6), told(6), told(7, "fork+exec"), told(7, "exec+end"), told(5, "exec"), told(9)];
  assert.deepEqual(compareTruth({ mark, pids }, documents), {
    missing: ["m.0", "m.1", "m.2", "m.3", "m.4"],
    partial: ["m.5"],
    doubled: ["m.6", "m.7"],
    untrue: ["m.9"],
    summary: "5 of 8 missing: m.0 m.1 m.2 m.3 m.4; 1 of 8 partial: m.5; 2 of 8 doubled: m.6 m.7; 1 of 8 untrue: m.9",
  });
  const wrongPid = compareTruth({ mark, pids: new Map([["m.0", 100]]) }, [told(0, "fork+exec+end", 7)]);
  assert.deepEqual([wrongPid.untrue, wrongPid.missing], [["m.0"], []]);
});

test("a workload knows the pid of every life, at the rate that was asked for", async (t) => {
  const began = performance.now();
  const { mark: own, pids: lived } = await Workload.start(t, { count: 100, rate: 200 }).end(20_000);
  assert.ok(performance.now() - began >= 490, "the last one's moment is after 495 ms");
  assert.deepEqual(
    [...lived.keys()],
    Array.from({ length: 100 }, (_, number) => `${own}.${number}`),
  );
  assert.equal(new Set(lived.values()).size, 100);
});

test("a workload that is stopped tells what has lived", async (t) => {
  const workload = Workload.start(t, { count: 1_000_000, rate: 100 });
  await until(() => workload.lived >= 10, 10_000, "ten have lived");
  const { pids: lived } = await workload.stop();
  assert.ok(lived.size >= 10 && lived.size < 1000, `${lived.size} have lived`);
  assert.equal(Workload.start(t, { count: 1, rate: 1 }).lived, 0);
});

test("metrics are read by name and labels", () => {
  const text = '# HELP a b\n# TYPE a counter\na_total{x="1 2"} 3\nb_bucket{le="+Inf"} 4.5e1\nc +Inf\n';
  assert.deepEqual(
    [...parseMetrics(text)],
    [
      ['a_total{x="1 2"}', 3],
      ['b_bucket{le="+Inf"}', 45],
      ["c", Number.POSITIVE_INFINITY],
    ],
  );
  assert.throws(() => parseMetrics("no number\n<html>"), /no line of metrics/);
});
