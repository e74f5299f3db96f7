import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "../harness/deadline.ts";
import { onHost, World } from "./names.fixture.ts";

const PASSWD = "root:x:0:0::/root:/bin/sh\n";

/** What a fake getent answers for every id: its user or group, but nothing for 404. */
const ANSWER = `database=$1; shift; code=0
for id; do
  if [ $id = 404 ]; then code=2; continue; fi
  if [ $database = passwd ]; then echo "user$id:*:$id:5:gecos:/home:/bin/sh"; else echo "group$id:*:$id:a,b"; fi
done
exit $code`;

/** Asks for the id until getent was called so often. */
async function askedAgain(world: World, id: number, calls: number): Promise<void> {
  const asked = (): boolean => {
    world.names.user(id, onHost);
    return world.calls.length >= calls;
  };
  await until(asked, 5000, `${id} is asked for again`);
}

test("whoever is not in the file is asked of NSS, many at a time", async (t) => {
  const world = new World(t, {}, { getent: ANSWER });
  world.write("passwd", PASSWD);
  for (let id = 1; id <= 50; id++) assert.equal(world.names.user(id, onHost), undefined);
  assert.equal(await world.user(50), "user50");
  assert.equal(await world.group(4_294_967_295), "group4294967295");
  assert.equal(await world.user(404), null);
  assert.equal(await world.user(0), "root");
  assert.ok(world.names.counters.getentRuns <= 4, `${world.names.counters.getentRuns} runs`);
  assert.equal(world.names.counters.getentFailures, 0);
});

test("an answer of NSS holds for its time, that there is none for a shorter one", async (t) => {
  const getent = { ttlMs: 600_000, unknownTtlMs: 60_000 };
  // A file of just now is read again and again, and each reading ends every "there is none".
  const world = new World(t, { getent, wall: () => Date.now() + 3_600_000 }, { getent: ANSWER });
  world.write("passwd", PASSWD);
  world.names.start();
  assert.equal(await world.user(7), "user7");
  assert.equal(await world.user(404), null);
  assert.equal(world.calls.length, 2);
  world.now += 60_000;
  await askedAgain(world, 404, 3);
  assert.equal(world.names.user(7, onHost), "user7");
  world.now += 540_000;
  await askedAgain(world, 7, 4);
});

test("the file comes before NSS as soon as it has the id", async (t) => {
  const world = new World(t, {}, { getent: ANSWER });
  world.write("passwd", PASSWD);
  world.names.start();
  assert.equal(await world.user(7), "user7");
  world.write("passwd", `${PASSWD}local:x:7:7::/:/bin/sh\n`);
  await until(() => world.names.user(7, onHost) === "local", 5000, "the name of the file");
  world.write("passwd", PASSWD);
  await until(() => world.names.user(7, onHost) === "user7", 5000, "the name of NSS");
});

test("a getent that hangs is killed with all it started, and its ids have no name for a while", async (t) => {
  const settings = { getent: { timeoutMs: 300, failureTtlMs: 1000 } };
  const world = new World(t, settings, { getent: `echo "early:x:5:5::/:"\nsleep 1000 &\nwait` });
  world.write("passwd", PASSWD);
  world.names.start();
  for (let id = 5; id < 100; id++) world.names.user(id, onHost);
  assert.equal(await world.user(6), null);
  assert.equal(await world.user(99), null, "who waits behind it does not wait for another one");
  assert.equal(await world.user(5), "early", "what it had said counts");
  const { counters } = world.names;
  assert.deepEqual([counters.getentRuns, counters.getentTimeouts, counters.getentRefused], [1, 1, 31]);
  const [pid] = world.calls[0]!.split(" ");
  await until(() => groupIsGone(Number(pid)), 5000, "shell and sleep are gone");
  assert.equal(await world.user(0), "root", "the file's names are not held up");
  world.now += 1000;
  await askedAgain(world, 6, 2);
});

test("close kills a getent that runs", async (t) => {
  const world = new World(t, {}, { getent: "sleep 1000 & wait" });
  world.names.user(5, onHost);
  await until(() => world.calls.length === 1, 5000, "it runs");
  world.names.close();
  await until(() => groupIsGone(Number(world.calls[0]!.split(" ")[0])), 5000, "it is gone");
  assert.equal(world.names.user(5, onHost), undefined);
});

test("where there is no getent, that is counted once and nobody else is asked for", async (t) => {
  const world = new World(t, { getent: { command: "/nonexistent/getent" } });
  world.write("passwd", PASSWD);
  assert.equal(await world.user(5), null);
  assert.equal(await world.user(6), null);
  assert.equal(await world.group(5), null);
  const { getentAbsent, getentFailures, unknown } = world.names.counters;
  assert.deepEqual([getentAbsent, getentFailures, unknown], [1, 0, 3]);
});

test("a getent that fails is counted, and leaves its ids without a name for a while", async (t) => {
  const world = new World(t, {}, { getent: "exit 3" });
  assert.equal(await world.user(5), null);
  assert.equal(world.names.counters.getentFailures, 1);
});

test("of a line only the beginning is kept, and of a stream no more than the limit", async (t) => {
  const members = `head -c 3000000 /dev/zero | tr '\\0' m`;
  const world = new World(t, {}, { getent: `printf 'many:x:5:'; ${members}; echo; echo other:x:6:` });
  world.names.group(6, onHost);
  assert.equal(await world.group(5), "many");
  assert.equal(await world.group(6), "other");
  const flood = new World(t, { getent: { maxBytes: 100_000 } }, { getent: "yes" });
  assert.equal(await flood.user(5), null);
  assert.equal(flood.names.counters.getentFailures, 1);
});

test("an id of a line that was cut short is not believed", async (t) => {
  const cut = new World(t, { getent: { timeoutMs: 300 } }, { getent: "printf 'bob:x:10'; sleep 1000" });
  assert.equal(await cut.group(10), null);
  const long = new World(t, {}, { getent: `printf 'a:%01019d:10000:\\n' 0` });
  for (const id of [1, 10, 100, 1000]) assert.equal(await long.group(id), null);
});

test("ids beyond what may wait, or be kept, are counted", async (t) => {
  const settings = { getent: { maxWaiting: 10, maxAnswers: 5 } };
  const world = new World(t, settings, { getent: ANSWER });
  for (let id = 1; id <= 100; id++) world.names.user(id, onHost);
  // The first id may have been on its way already when the others came.
  await until(() => world.names.counters.getentRefused >= 89, 5000, "10 wait");
  await until(() => world.names.counters.evicted === 95, 5000, "5 are kept");
});

function groupIsGone(group: number): boolean {
  try {
    process.kill(-group, 0);
    return false;
  } catch {
    return true;
  }
}
