import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { describe, test } from "node:test";
import { Worker } from "node:worker_threads";
import { createKernel, type Kernel } from "../../src/source/addon.ts";
import { ADDONS } from "../harness/checkout.ts";
import { live } from "../harness/live.ts";

/* The addon by itself: what holds whatever its user does. */

const SETTINGS = {
  kernelThreads: false,
  argsMaxBytes: 4096,
  environment: [],
  changes: false,
  ringBytes: 1 << 20,
  wakeupBytes: 1 << 18,
  drainMs: 20,
};

function started(onBatch: (bytes: ArrayBuffer) => void = () => undefined): { kernel: Kernel; ended: Promise<void> } {
  const kernel = createKernel(SETTINGS);
  kernel.open();
  const ended = new Promise<void>((resolve) => kernel.start(onBatch, resolve, true));
  return { kernel, ended };
}

/** Runs a script with the addon in a process of its own, so that a crash is seen as one. */
function script(
  body: string,
  flags: readonly string[] = [],
): { status: number | null; signal: string | null; text: string } {
  const path = ADDONS.map((addon) => JSON.stringify(addon)).join(",");
  const source = `
    const { existsSync } = require("node:fs");
    const { Kernel } = require([${path}].find(existsSync));
    const settings = ${JSON.stringify(SETTINGS)};
    ${body}`;
  const run = spawnSync(process.execPath, [...flags, "-e", source], { encoding: "utf8", timeout: 30_000 });
  return { status: run.status, signal: run.signal, text: run.stdout + run.stderr };
}

describe("the addon", live, () => {
  test("delivers what is in the ring before the end is told, and nothing after it", async () => {
    let batches = 0;
    let over = false;
    const { kernel, ended } = started(() => {
      assert.equal(over, false);
      batches++;
    });
    kernel.stop();
    await ended;
    over = true;
    assert.ok(batches > 0);
    kernel.close();
  });

  test("may be stopped and closed twice, in any order, and before it was started", async () => {
    const idle = createKernel(SETTINGS);
    idle.close();
    idle.close();
    idle.stop();
    const { kernel, ended } = started();
    kernel.stop();
    kernel.stop();
    await ended;
    kernel.stop();
    kernel.close();
    kernel.close();
    assert.deepEqual(kernel.stats().lost, {});
  });

  test("may be closed while it runs, from within its own callback too", async () => {
    const { kernel } = started();
    kernel.close();
    const closed = new Promise<void>((resolve) => {
      const inner = createKernel(SETTINGS);
      inner.open();
      inner.start(
        () => {
          inner.close();
          resolve();
        },
        () => undefined,
        true,
      );
    });
    await closed;
  });

  test("can be opened again after a close", async () => {
    const { kernel, ended } = started();
    kernel.stop();
    await ended;
    kernel.close();
    assert.equal(kernel.open().pid, process.pid);
    kernel.close();
  });

  test("several run side by side", async () => {
    const both = [started(), started()];
    for (const { kernel } of both) kernel.stop();
    await Promise.all(both.map(({ ended }) => ended));
    for (const { kernel } of both) kernel.close();
  });

  test("process.exit() while it runs ends the process at once, with its status", () => {
    const run = script(`
      const kernel = new Kernel(settings); kernel.open();
      kernel.start(() => process.exit(7), () => {}, true);`);
    assert.deepEqual([run.status, run.signal], [7, null], run.text);
  });

  test("an error thrown by the callback is the program's, not a crash", () => {
    const run = script(`
      process.on("uncaughtException", (e) => { console.log("caught", e.message); process.exit(3); });
      const kernel = new Kernel(settings); kernel.open();
      kernel.start(() => { throw new Error("mine"); }, () => {}, true);`);
    assert.deepEqual([run.status, run.signal], [3, null], run.text);
    assert.match(run.text, /caught mine/);
  });

  test("an object that nobody holds any more is collected", () => {
    const run = script(
      `
      let freed = 0;
      const registry = new FinalizationRegistry(() => { freed++; });
      (function make() { for (let i = 0; i < 4; i++) { const k = new Kernel(settings); k.open(); registry.register(k, i); } })();
      let turns = 0;
      const timer = setInterval(() => {
        globalThis.gc();
        if (freed === 4 || ++turns > 200) { clearInterval(timer); console.log("freed", freed); }
      }, 10);`,
      ["--expose-gc"],
    );
    assert.deepEqual([run.status, run.signal], [0, null], run.text);
    assert.match(run.text, /freed 4/);
  });

  test("a worker thread that is terminated while it runs takes its probes with it", async () => {
    const addon = ADDONS.map((path) => JSON.stringify(path)).join(",");
    const worker = new Worker(
      `const { existsSync } = require("node:fs");
       const { Kernel } = require([${addon}].find(existsSync));
       const kernel = new Kernel(${JSON.stringify(SETTINGS)}); kernel.open();
       kernel.start(() => require("node:worker_threads").parentPort.postMessage("batch"), () => {}, true);`,
      { eval: true },
    );
    await once(worker, "message");
    assert.equal(await worker.terminate(), 1);
    const { kernel, ended } = started();
    kernel.stop();
    await ended;
    kernel.close();
  });
});
