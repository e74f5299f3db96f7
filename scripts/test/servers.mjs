import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";

/** Where the tests look for a server, and what the image needs to be one. */
const kinds = [
  { variable: "MAYFLY_TEST_ELASTICSEARCH", environment: ["xpack.security.enabled=false"] },
  {
    variable: "MAYFLY_TEST_ELASTICSEARCH_SECURE",
    password: randomBytes(12).toString("hex"),
    environment: ["xpack.security.enabled=true", "xpack.security.http.ssl.enabled=false"],
  },
];
const common = [
  "discovery.type=single-node",
  "cluster.routing.allocation.disk.threshold_enabled=false",
  "ES_JAVA_OPTS=-Xms1g -Xmx1g",
];
const startMs = 120_000;

/** @returns {boolean} whether somebody gave us a server */
export function serversGiven() {
  return kinds.some(({ variable }) => isGiven(variable));
}

/**
 * Starts Elasticsearch's official image for each kind of server that is not given, where a Docker engine is there and
 * has the image: nothing is downloaded. The tests find the servers in their environment; they last as long as we do.
 */
export async function provideServers() {
  const missing = kinds.filter(({ variable }) => !isGiven(variable));
  const image = missing.length > 0 ? findImage() : undefined;
  if (image === undefined) return;
  const started = [];
  const stop = () => {
    if (started.length > 0) docker("rm", "--force", "--volumes", ...started.splice(0));
  };
  process.once("exit", stop);
  for (const [signal, status] of Object.entries({ SIGINT: 130, SIGTERM: 143, SIGHUP: 129 })) {
    process.once(signal, () => process.exit(status));
  }
  for (const kind of missing) {
    process.stderr.write(`starting ${image} for ${kind.variable}…\n`);
    started.push(start(image, kind));
  }
  for (const [position, kind] of missing.entries()) process.env[kind.variable] = await ready(started[position], kind);
}

function isGiven(variable) {
  return (process.env[variable] ?? "") !== "";
}

/** The newest of version 8 or 9 that the engine has, under whatever registry's name. */
function findImage() {
  const listed = docker("image", "ls", "--format", "{{.Repository}}:{{.Tag}}");
  if (listed.status !== 0) return undefined;
  return listed.stdout
    .split("\n")
    .filter((name) => /(^|\/)elasticsearch:[89]\.\d+\.\d+$/.test(name))
    .sort((a, b) => a.slice(a.lastIndexOf(":")).localeCompare(b.slice(b.lastIndexOf(":")), "en", { numeric: true }))
    .at(-1);
}

function start(image, { environment, password }) {
  const login = password === undefined ? [] : [`ELASTIC_PASSWORD=${password}`];
  const settings = [...common, ...environment, ...login].flatMap((setting) => ["--env", setting]);
  return dockerOutput("run", "--detach", "--pull", "never", "--publish", "127.0.0.1::9200", ...settings, image);
}

/** @returns {Promise<string>} its URL, once it answers */
async function ready(container, { password }) {
  const [address] = dockerOutput("port", container, "9200/tcp").split("\n");
  const headers =
    password === undefined ? {} : { authorization: `Basic ${Buffer.from(`elastic:${password}`).toString("base64")}` };
  for (const end = Date.now() + startMs; ; await delay(500)) {
    if (await answers(`http://${address}/_cluster/health?wait_for_status=yellow&timeout=5s`, headers)) break;
    if (Date.now() > end) {
      const { stdout } = docker("logs", "--tail", "20", container);
      throw new Error(`Elasticsearch in Docker did not answer within ${startMs / 1000} s. Its last words:\n${stdout}`);
    }
  }
  return password === undefined ? `http://${address}` : `http://elastic:${password}@${address}`;
}

async function answers(url, headers) {
  try {
    const response = await fetch(url, { headers, signal: AbortSignal.timeout(10_000) });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false; // not listening yet
  }
}

function dockerOutput(...args) {
  const { status, stdout, stderr, error } = docker(...args);
  if (status !== 0) throw new Error(`docker ${args[0]} failed: ${error?.message ?? stderr}`);
  return stdout.trim();
}

function docker(...args) {
  return spawnSync("docker", args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"], timeout: 60_000 });
}
