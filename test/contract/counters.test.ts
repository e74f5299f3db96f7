import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { dropPlaces } from "../../ecs/fields_metrics.ts";
import { Exposition } from "../../src/telemetry/exposition.ts";
import { worries } from "../../src/telemetry/figures/all.ts";
import { Metrics } from "../../src/telemetry/metrics.ts";
import { fullHealth } from "../unit/telemetry.fixture.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const DROPPED = "mayfly_dropped_total";

/** The cells `metric` of the first table of ARCHITECTURE.md, What can drop. */
function tableMetrics(): string[] {
  const text = readFileSync(`${root}ARCHITECTURE.md`, "utf8");
  const section = /^## What can drop\n(.*?)^## /ms.exec(text)?.[1] ?? "";
  const table = section.split("\n\n").find((block) => block.startsWith("| place |")) ?? "";
  const [head = "", , ...rows] = table.trimEnd().split("\n");
  const at = head.split("|").findIndex((cell) => cell.trim() === "metric");
  assert.ok(at > 0 && rows.length > 20, "the table is there");
  return rows.flatMap((row) => {
    const named = [...(row.split("|")[at] ?? "").matchAll(/`(\w+)`/g)].map(([, name = ""]) => name);
    assert.ok(named.length > 0, `no metric: ${row}`);
    return named;
  });
}

function placesOf(told: Exposition): string[] {
  return told.samples.filter(({ name }) => name === DROPPED).map(({ labels }) => labels["place"] ?? "");
}

async function exposition(): Promise<Exposition> {
  return new Exposition(await new Metrics(() => fullHealth()).text());
}

test("every row of ARCHITECTURE's table names a counter that stands in /metrics", async () => {
  const told = await exposition();
  const places = placesOf(told);
  for (const metric of tableMetrics()) {
    if (metric.startsWith("mayfly_")) assert.equal(told.types.get(metric), "counter", metric);
    else assert.ok(places.includes(metric), `${DROPPED} has no place ${metric}`);
  }
});

test("every place of mayfly_dropped_total stands in ARCHITECTURE's table, once", async () => {
  const told = await exposition();
  const places = placesOf(told);
  const rows = tableMetrics().filter((metric) => !metric.startsWith("mayfly_"));
  assert.deepEqual(rows.toSorted(), places.toSorted());
  assert.deepEqual(places.toSorted(), dropPlaces.toSorted());
});

test("whatever mayfly status would point at stands in ARCHITECTURE's table", () => {
  const metrics = tableMetrics();
  for (const { name, labels } of worries)
    assert.ok(metrics.includes(name === DROPPED ? (labels["place"] ?? "") : name), `${name} ${JSON.stringify(labels)}`);
});

test("docs/health.md names every figure of /metrics and no other", async () => {
  const page = readFileSync(`${root}docs/health.md`, "utf8");
  const rows = [...page.matchAll(/^\| `((?:mayfly|process)_\w+)` \|/gm)].map(([, name = ""]) => name);
  assert.deepEqual(rows.toSorted(), [...(await exposition()).types.keys()].toSorted());
});
