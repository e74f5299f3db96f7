import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { programPath } from "../harness/checkout.ts";
import { Collector } from "../harness/collector.ts";
import { command, mayfly } from "../harness/command.ts";
import { live } from "../harness/live.ts";

/* What the configuration says of outputs, on the real collector. */

describe("outputs of a run", live, () => {
  const folder = mkdtempSync(join(tmpdir(), "mayfly-outputs-"));
  after(() => rmSync(folder, { recursive: true, force: true }));

  test("a file is put aside when it is full, and so many are kept", async (t) => {
    const file = join(folder, "processes.ndjson");
    const rotate = "{max_size: 1MiB, keep: 2}";
    const collector = await Collector.start({
      config: `output: {file: {path: ${JSON.stringify(file)}, rotate: ${rotate}}}\n`,
    });
    t.after(() => collector.kill());
    // 2,000 documents of about 3 KB: six files, of which three are left.
    await command(programPath("numbered"), ["1000", "2000", "rotated", programPath("tiny")]);
    await collector.stop();
    const files = readdirSync(folder).filter((name) => name.startsWith("processes"));
    assert.deepEqual(files.toSorted(), ["processes.ndjson", "processes.ndjson.1", "processes.ndjson.2"]);
    for (const name of files) {
      const { mode, size } = statSync(join(folder, name));
      assert.equal(mode & 0o777, 0o600);
      assert.ok(size <= 2 ** 20, `${name} has ${size} bytes`);
      const text = readFileSync(join(folder, name), "utf8");
      for (const line of text.trimEnd().split("\n")) assert.equal(typeof JSON.parse(line), "object");
    }
    assert.ok(statSync(`${file}.1`).size > 2 ** 19);
  });

  test("the figures are written as documents among the others, and once more at the end", async () => {
    const config = join(folder, "figures.yml");
    const state = JSON.stringify(join(folder, "state"));
    writeFileSync(config, `state: {path: ${state}}\ntelemetry: {documents: 1s}\n`);
    const { code, stdout, stderr } = await mayfly(["run", "--config", config, "--format", "ndjson", "--for", "2500ms"]);
    assert.equal(code, 0, stderr);
    const figures = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Figures)
      .filter(({ data_stream }) => data_stream.type === "metrics");
    assert.ok(figures.length >= 2, `${figures.length} documents`);
    assert.equal(figures[0]?.data_stream.dataset, "mayfly.agent");
    assert.equal(figures[0]?.mayfly.agent.state, "watching");
    assert.equal(figures.at(-1)?.mayfly.agent.state, "stopping");
    assert.equal(new Set(figures.map(({ event }) => event.id)).size, figures.length);
  });
});

interface Figures {
  readonly event: { readonly id: string };
  readonly data_stream: { readonly type: string; readonly dataset: string };
  readonly mayfly: { readonly agent: { readonly state: string } };
}
