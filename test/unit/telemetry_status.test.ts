import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { afterEach, test } from "node:test";
import { stripVTControlCharacters } from "node:util";
import { status } from "../../src/cli/commands/status.ts";
import { statusText } from "../../src/cli/pretty/status.ts";
import { Style } from "../../src/cli/pretty/style.ts";
import { type StatusReport, statusReport } from "../../src/cli/status_report.ts";
import { addressText } from "../../src/telemetry/address.ts";
import { Exposition } from "../../src/telemetry/exposition.ts";
import type { HealthSnapshot } from "../../src/telemetry/health.ts";
import { HealthServer } from "../../src/telemetry/http.ts";
import { Metrics } from "../../src/telemetry/metrics.ts";
import { AT, fullHealth, histogramOf, quietHealth } from "./telemetry.fixture.ts";

const closing: (() => unknown)[] = [];
afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
});

async function mayflyOf(take: () => HealthSnapshot): Promise<string> {
  const server = await HealthServer.open({
    address: { kind: "tcp", host: "127.0.0.1", port: 0 },
    take,
    onWarn: (code, message) => assert.fail(`${code}: ${message}`),
  });
  closing.push(() => server.close(0));
  return addressText(server.address);
}

async function strangerThat(answers: RequestListener): Promise<string> {
  const server = createServer(answers).listen(0, "127.0.0.1");
  await once(server, "listening");
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function styleOf(columns: number | undefined, colour = false): Style {
  const env = { LANG: "C.UTF-8", ...(colour && { FORCE_COLOR: "1" }) };
  return new Style({ env, isTTY: colour, columns: () => columns });
}

async function run(address: string | undefined, json = false, answerMs = 5000) {
  let out = "";
  let err = "";
  const code = await status({
    address,
    json,
    stdout: { write: (text) => (out += text) },
    stderr: { write: (text) => (err += text) },
    style: styleOf(undefined),
    betweenMs: 10,
    answerMs,
  });
  return { code, out, err };
}

async function reportOf(before: HealthSnapshot, now: HealthSnapshot): Promise<StatusReport> {
  const reading = async (health: HealthSnapshot) => ({
    exposition: new Exposition(await new Metrics(() => health).text()),
    at: health.at / 1000,
  });
  return statusReport({ ready: true, state: now.state, reasons: [] }, await reading(before), await reading(now));
}

/** A mayfly that ships 1,000 lives a second. */
async function busyReport(): Promise<StatusReport> {
  const { spool, delivery, enrichment } = fullHealth();
  assert.ok(spool !== undefined && delivery !== undefined && enrichment?.hashes !== undefined);
  const { hashes } = enrichment;
  const at = (second: number): HealthSnapshot =>
    quietHealth({
      at: AT + second * 1000,
      tracker: { ...quietHealth().tracker, exits: 4_811_002 + second * 1002 },
      processes: 214,
      pendingLives: 12,
      spool: { ...spool, documents: 1, bytes: 1_300_000, maxBytes: 2 ** 30, droppedFull: 0, droppedUnwritable: 0 },
      delivery: {
        ...delivery,
        accepted: 4_810_000 + second * 1000,
        alreadyThere: 0,
        state: "delivering",
        lagSeconds: histogramOf([1, 2], 0.5, 0.7, 1.5),
      },
      enrichment: {
        ...enrichment,
        lives: { waiting: 1, late: 2, crowdedOut: 1 },
        hashes: { ...hashes, hashed: 1204, bytes: 327_000_000 },
      },
      process: { userSeconds: second * 0.021, systemSeconds: 0, residentBytes: 88_300_000 },
    });
  return reportOf(at(0), at(1));
}

test("rates are of the time between two readings", async () => {
  const { lives, delivery, cpu_cores } = await busyReport();
  assert.deepEqual(lives, { per_second: 1002, ended: 4_812_004, running: 214, pending: 12 });
  assert.equal(delivery?.per_second, 1000);
  assert.equal(cpu_cores, 0.021);
});

test("a mayfly that was started anew between two readings has no negative rate", async () => {
  const report = await reportOf(fullHealth(), quietHealth({ at: AT + 1000 }));
  assert.equal(report.lives.per_second, 0);
});

test("the text is one line a subject", async () => {
  const lines = statusText({ ...(await busyReport()), worries: [] }, styleOf(undefined)).split("\n");
  assert.match(lines[0] ?? "", /^mayfly 0\.1\.0 ready, watching, up 2h05m since 2026-11-2\d \d\d:\d\d:\d\d$/);
  assert.deepEqual(lines.slice(1), [
    "lives      1,002/s  4,812,004 ended, 214 running, 12 in the hold",
    "looked up  1,204 files hashed (312 MiB), 1 life waiting, 3 left without",
    "delivered  1,000/s  4,811,000 documents in Elasticsearch, delivering",
    "lag        p50 750ms, p99 1.97s from the kernel to there",
    "spool      1 document waits, the oldest 2.50s old; 1.24 MiB of 1.00 GiB",
    "costs      2.1 % of a core, 84.2 MiB resident",
    "lost       nothing",
    "",
  ]);
});

test("each count that is not 0 is a line that says what it means, wrapped and not cut", async () => {
  const { tracker } = quietHealth();
  const losses = { ...quietHealth().losses, exec: 1204 };
  const report = await reportOf(quietHealth(), quietHealth({ tracker, losses, logLinesLost: 2 }));
  const text = statusText(report, styleOf(60));
  assert.ok(
    text.endsWith(
      "look at    1,204 records of execs: the kernel's ring was\n" +
        "           full; the table is healed by a scan\n" +
        "           2 lines of mayfly's own log: standard error was\n" +
        "           read too slowly\n",
    ),
    text,
  );
  for (const line of text.split("\n")) assert.ok(line.length <= 60, line);
});

test("every worry that there is has its words in the report of a mayfly that has all of them", async () => {
  const report = await reportOf(quietHealth(), fullHealth());
  assert.ok(report.worries.length >= 21, String(report.worries.length));
  for (const { words, count } of report.worries) assert.ok(words.length > 20 && count > 0);
});

test("colours are around the same words", async () => {
  const report = await busyReport();
  const plain = statusText(report, styleOf(100));
  const coloured = statusText(report, styleOf(100, true));
  assert.notEqual(coloured, plain);
  assert.equal(stripVTControlCharacters(coloured), plain);
});

test("what a stranger writes into a reason does not reach the terminal as it is", async () => {
  const reasons = [{ code: "x", message: "\u001b[2J\u202ehi\n" }];
  const text = statusText({ ...(await busyReport()), ready: false, state: "\u0007", reasons }, styleOf(80));
  assert.ok(text.includes("\\x1b[2J\\u202ehi\\n"));
  assert.ok(text.includes("\\x07"));
});

test("a ready mayfly is exit status 0", async () => {
  const { code, out, err } = await run(await mayflyOf(() => quietHealth()));
  assert.equal(code, 0);
  assert.equal(err, "");
  assert.match(out, /^mayfly 0\.1\.0 ready/);
});

test("one that is not ready is exit status 1 and says why", async () => {
  const { code, out } = await run(await mayflyOf(() => quietHealth({ state: "starting", attached: false })));
  assert.equal(code, 1);
  assert.match(out, /^mayfly 0\.1\.0 not ready, starting/);
  assert.match(out, /^not ready {2}The first scan is not applied yet\.$/m);
});

test("--json is one object with the reasons, the rates and every worry", async () => {
  const { code, out } = await run(await mayflyOf(() => fullHealth({ at: Date.now() })), true);
  assert.equal(code, 1);
  const report = JSON.parse(out) as StatusReport;
  assert.equal(report.ready, false);
  assert.deepEqual(
    report.reasons.map((reason) => reason.code),
    ["spool_fault", ...Array<string>(5).fill("dropping")],
  );
  assert.equal(report.spool?.documents, 503);
  assert.equal(report.delivery?.state, "retrying");
  const collisions = report.worries.find(({ metric }) => metric === "mayfly_id_collisions_total");
  assert.equal(collisions?.count, 603);
});

test("without an address, and when nobody listens, a sentence says what to set: 78", async () => {
  await assert.rejects(run(undefined), { code: "NO_ADDRESS", exitCode: 78, message: /telemetry\.http: "127/ });
  const gone = createTcpServer().listen(0, "127.0.0.1");
  await once(gone, "listening");
  const address = `127.0.0.1:${(gone.address() as AddressInfo).port}`;
  gone.close();
  await once(gone, "close");
  await assert.rejects(run(address), {
    code: "NOT_RUNNING",
    exitCode: 78,
    message: new RegExp(`^Nobody listens at ${address}\\. .*telemetry\\.http: "${address}"`, "s"),
  });
  await assert.rejects(run("unix:/nowhere/x.sock"), { code: "NOT_RUNNING", exitCode: 78 });
});

test("an address that is none is a fault of usage: 64", async () => {
  await assert.rejects(run("9464"), { code: "USAGE", exitCode: 64, message: /^--http "9464" is no address/ });
});

test("whoever else listens there is told apart: 78", async () => {
  const notMayfly = { code: "NO_MAYFLY", exitCode: 78 };
  await assert.rejects(run(await strangerThat((_, response) => response.end("<html>"))), notMayfly);
  const metrics = "# HELP a b\n# TYPE a gauge\na 1\n";
  await assert.rejects(run(await strangerThat((_, response) => response.end(metrics))), notMayfly);
  await assert.rejects(run(await strangerThat((_, response) => response.writeHead(404).end(metrics))), notMayfly);
  const endless = await strangerThat((_, response) => {
    response.on("error", () => undefined);
    response.write("x".repeat(2 * 1024 * 1024));
  });
  await assert.rejects(run(endless), notMayfly);
  await assert.rejects(run(await strangerThat((request) => request.socket.destroy())), notMayfly);
});

test("who listens and does not answer in time is not ready: 1", async () => {
  const { code, out, err } = await run(await strangerThat(() => undefined), false, 200);
  assert.equal(code, 1);
  assert.equal(out, "");
  assert.match(err, /has not answered within 0\.2 s/);
});
