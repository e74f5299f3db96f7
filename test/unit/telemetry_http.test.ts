import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, test } from "node:test";
import { MayflyError } from "../../src/errors.ts";
import type { Address } from "../../src/telemetry/address.ts";
import { Exposition } from "../../src/telemetry/exposition.ts";
import type { HealthSnapshot } from "../../src/telemetry/health.ts";
import { HealthServer } from "../../src/telemetry/http.ts";
import { askHealth } from "../../src/telemetry/reader.ts";
import { within } from "../harness/deadline.ts";
import { fullHealth, quietHealth } from "./telemetry.fixture.ts";

const folder = mkdtempSync(join(tmpdir(), "mayfly-health-"));
const path = join(folder, "health.sock");
const unix: Address = { kind: "unix", path };
const loopback: Address = { kind: "tcp", host: "127.0.0.1", port: 0 };
const opened: HealthServer[] = [];

afterEach(() => Promise.all(opened.splice(0).map((server) => server.close(0))));
after(() => rmSync(folder, { recursive: true }));

interface Opened {
  readonly server: HealthServer;
  readonly warnings: string[];
}

async function open(address: Address, take: () => HealthSnapshot = quietHealth): Promise<Opened> {
  const warnings: string[] = [];
  const server = await HealthServer.open({ address, take, onWarn: (code) => warnings.push(code) });
  opened.push(server);
  return { server, warnings };
}

async function refusal(address: Address): Promise<MayflyError> {
  const error = await open(address).then(
    () => undefined,
    (refused: unknown) => refused,
  );
  assert.ok(error instanceof MayflyError, "it listens");
  return error;
}

async function ask(server: HealthServer, url: string) {
  const answer = await askHealth(server.address, url, 5000);
  assert.ok(answer !== undefined, "no answer");
  return answer;
}

/** Sends bytes, and resolves with what came back when the server has closed the connection. */
function talk(server: HealthServer, bytes: string): Promise<string> {
  const { address } = server;
  assert.ok(address.kind === "tcp");
  const socket = connect(address.port, address.host);
  let received = "";
  socket.setEncoding("latin1").on("data", (chunk: string) => {
    received += chunk;
  });
  socket.on("error", () => undefined);
  socket.write(bytes);
  const closed = once(socket, "close").then(() => received);
  return within(closed, 10_000, () => `still open; received ${JSON.stringify(received)}`);
}

test("/metrics are the figures in Prometheus' format", async () => {
  const { server } = await open(loopback, fullHealth);
  const { status, body } = await ask(server, "/metrics");
  assert.equal(status, 200);
  assert.equal(new Exposition(body).value("mayfly_spool_documents"), 503);
});

test("/healthz says that it is alive, and 503 when it watches without probes", async () => {
  let attached = true;
  const { server } = await open(loopback, () => quietHealth({ attached }));
  assert.deepEqual(await ask(server, "/healthz"), {
    status: 200,
    body: '{"alive":true,"attached":true,"state":"watching"}\n',
  });
  attached = false;
  assert.equal((await ask(server, "/healthz")).status, 503);
});

test("/readyz is 200 when ready and else 503 with the reasons", async () => {
  let health = quietHealth();
  const { server } = await open(loopback, () => health);
  assert.deepEqual(await ask(server, "/readyz"), {
    status: 200,
    body: '{"ready":true,"state":"watching","reasons":[]}\n',
  });
  health = quietHealth({ state: "starting" });
  const { status, body } = await ask(server, "/readyz");
  assert.equal(status, 503);
  assert.deepEqual(JSON.parse(body), {
    ready: false,
    state: "starting",
    reasons: [{ code: "not_watching", message: "The first scan is not applied yet." }],
  });
});

test("HEAD has the head of GET and no body; a query changes nothing; other paths are 404", async () => {
  const { server } = await open(loopback);
  const close = "Host: x\r\nConnection: close\r\n\r\n";
  const [get, head] = [
    await talk(server, `GET /readyz?x=1 HTTP/1.1\r\n${close}`),
    await talk(server, `HEAD /readyz HTTP/1.1\r\n${close}`),
  ];
  const length = /Content-Length: (\d+)/;
  assert.ok(get.includes("200 OK") && get.endsWith('"reasons":[]}\n'));
  assert.ok(head.includes("200 OK") && head.endsWith("\r\n\r\n"));
  assert.equal(length.exec(head)?.[1], length.exec(get)?.[1]);
  assert.equal((await ask(server, "/")).status, 404);
  assert.equal((await ask(server, "/metrics/../etc/passwd")).status, 404);
});

test("other methods are refused, and a body that is sent along is not waited for", async () => {
  const { server } = await open(loopback);
  const head = "POST /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 1000000\r\n\r\n";
  const { address } = server;
  assert.ok(address.kind === "tcp");
  const socket = connect(address.port, address.host);
  socket.on("error", () => undefined);
  socket.write(head);
  const [chunk] = (await within(once(socket, "data"), 5000, () => "no answer")) as [Buffer];
  socket.destroy();
  assert.match(chunk.toString("latin1"), /^HTTP\/1\.1 405 .*Allow: GET, HEAD/s);
});

test("headers that are too long, and requests that do not end, are cut off", async () => {
  const { server } = await open(loopback);
  assert.match(await talk(server, `GET / HTTP/1.1\r\nX: ${"x".repeat(10_000)}\r\n\r\n`), /^HTTP\/1\.1 431 /);
  assert.match(await talk(server, "GET / HTTP/1.1\r\nX: "), /^HTTP\/1\.1 408 /);
});

test("a fault while answering is a 500 and a warning, and the server goes on", async () => {
  let calls = 0;
  const { server, warnings } = await open(loopback, () => {
    calls++;
    if (calls === 2) throw new Error("broken");
    return quietHealth();
  });
  assert.equal((await ask(server, "/metrics")).status, 500);
  assert.deepEqual(warnings, ["telemetry_fault"]);
  assert.equal((await ask(server, "/metrics")).status, 200);
});

test("a port in use is a sentence at the start, exit code 78", async () => {
  const { server } = await open(loopback);
  const error = await refusal(server.address);
  assert.equal(error.code, "TELEMETRY_ADDRESS");
  assert.equal(error.exitCode, 78);
  assert.match(error.message, /^telemetry\.http: 127\.0\.0\.1:\d+ is in use, .*: choose another port\.$/);
});

test("an address of another host and a missing folder are sentences too", async () => {
  assert.match((await refusal({ kind: "tcp", host: "192.0.2.1", port: 9464 })).message, /is no address of this host/);
  assert.match(
    (await refusal({ kind: "unix", path: join(folder, "none/x.sock") })).message,
    /its folder is missing, or/,
  );
});

test("a warning is given when the whole network can read, and none when only this host can", async () => {
  assert.deepEqual((await open(loopback)).warnings, []);
  assert.deepEqual((await open({ kind: "tcp", host: "0.0.0.0", port: 0 })).warnings, ["telemetry_exposed"]);
});

test("a socket has mode 0660 whatever the umask, answers, and is gone after the end", async () => {
  const umask = process.umask(0);
  try {
    const { server } = await open(unix);
    assert.equal(process.umask(0), 0, "the umask is as it was");
    assert.equal(statSync(path).mode & 0o777, 0o660);
    assert.equal((await ask(server, "/healthz")).status, 200);
    await server.close(1000);
    assert.ok(!existsSync(path));
  } finally {
    process.umask(umask);
  }
});

test("a socket that a killed mayfly left behind is taken over", async () => {
  const script = `require("node:net").createServer().listen(${JSON.stringify(path)}, () => console.log("up"))`;
  const child = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
  try {
    await within(once(child.stdout, "data"), 10_000, () => "the other does not listen");
  } finally {
    child.kill("SIGKILL");
  }
  await once(child, "exit");
  assert.ok(existsSync(path), "it is left behind");
  const { server } = await open(unix);
  assert.equal((await ask(server, "/healthz")).status, 200);
});

test("a socket at which somebody listens is left alone", async () => {
  const other = createServer().listen(path);
  await once(other, "listening");
  try {
    assert.match((await refusal(unix)).message, /somebody listens at .* already/);
    assert.ok(existsSync(path));
  } finally {
    other.close();
  }
});

test("a file that is no socket is left alone", async () => {
  const file = join(folder, "file");
  writeFileSync(file, "precious");
  assert.match((await refusal({ kind: "unix", path: file })).message, /is no socket/);
  assert.ok(existsSync(file));
});

test("close ends within its deadline though a reader holds on, and twice is once", async () => {
  const { server } = await open(loopback);
  const { address } = server;
  assert.ok(address.kind === "tcp");
  const held = connect(address.port, address.host);
  held.on("error", () => undefined).write("GET /metrics HTTP/1.1\r\n");
  await once(held, "connect");
  const closed = once(held, "close");
  await within(server.close(100), 2000, () => "close does not end");
  await within(server.close(100), 2000, () => "the second close does not end");
  await within(closed, 2000, () => "the connection is still open");
});

test("an idle connection that is kept alive does not hold up the end", async () => {
  const { server } = await open(loopback);
  const { address } = server;
  assert.ok(address.kind === "tcp");
  const asked = request({
    host: address.host,
    port: address.port,
    path: "/healthz",
    headers: { connection: "keep-alive" },
  });
  asked.end();
  const [response] = (await once(asked, "response")) as [NodeJS.ReadableStream];
  response.resume();
  await once(response, "end");
  await within(server.close(60_000), 3000, () => "close waits for an idle connection");
});
