import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { drain, range, SpoolStage } from "./spool.fixture.ts";

const stage = new SpoolStage();
after(() => stage.clear());

const WRITER = fileURLToPath(new URL("./spool_writer.fixture.js", import.meta.url));

/** Runs the writer until it has said `lines` lines and some more work is under way. Returns the number below which all is committed. */
async function writeUntilKilled(folder: string, first: number, lines: number): Promise<number> {
  const writer = spawn(process.execPath, [WRITER, folder, String(first)], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(writer, "exit");
  let said = "";
  for await (const text of writer.stdout.setEncoding("utf8")) {
    said += String(text);
    if (said.split("\n").length > lines) writer.kill("SIGKILL");
  }
  assert.deepEqual(await ended, [null, "SIGKILL"]);
  return Number(said.slice(0, said.lastIndexOf("\n")).split("\n").at(-1));
}

test("kill -9 loses nothing whose commit returned, and leaves nothing twice", async () => {
  const folder = stage.folder();
  const committed: number[] = [];
  for (let kill = 0; kill < 6; kill++) {
    const first = kill * 1_000_000;
    committed.push(...range(first, await writeUntilKilled(folder, first, 5 + 7 * kill)));
  }
  const spool = await stage.open(folder, { maxLiveBytes: 0 });
  const numbers = await drain(spool);
  assert.equal(new Set(numbers).size, numbers.length);
  const came = new Set(numbers);
  assert.deepEqual(
    committed.filter((number) => !came.has(number)),
    [],
  );
});
