import assert from "node:assert/strict";
import { test } from "node:test";
import { DocumentWriter } from "../../ecs/document.ts";
import { Quality } from "../../src/process/facts.ts";
import { Instant } from "../../src/process/instant.ts";
import { type Lifecycle, Transition } from "../../src/process/lifecycle.ts";
import type { Pid } from "../../src/record/record.ts";
import * as lives from "./ecs_lives.ts";

const { fork, exec, end, found } = Transition;

/** The value at a dotted path of a line; undefined where it ends early. */
function field(line: string, path: string): unknown {
  return path
    .split(".")
    .reduce<unknown>((value, name) => (value as Record<string, unknown> | undefined)?.[name], JSON.parse(line));
}

test("the order of the fields is fixed and begins with @timestamp", () => {
  const line = new DocumentWriter(lives.options()).write(lives.life(fork | exec | end));
  assert.deepEqual(Object.keys(JSON.parse(line) as object), [
    ...["@timestamp", "event", "process", "user", "group", "related", "mayfly"],
    ...["host", "agent", "ecs", "data_stream"],
  ]);
});

test("event.sequence counts the documents from 1, notes not among them", () => {
  const writer = new DocumentWriter(lives.options());
  const sequence = (): unknown => field(writer.write(lives.life(fork)), "event.sequence");
  assert.equal(sequence(), 1);
  writer.writeLoss({ time: lives.exit().time, from: lives.exit().time, to: lives.exit().time, lost: { fork: 1 } });
  assert.equal(sequence(), 2);
});

test("a duration beyond 2^53 nanoseconds keeps every digit", () => {
  const long = lives.exit(0, { durationSeconds: 31_536_000, durationNanos: 1 });
  const line = new DocumentWriter(lives.options()).write(lives.life(end, { exit: long }));
  assert.match(line, /"duration":31536000000000001[,}]/);
});

test("exit code 137 and a kill by SIGKILL are told apart", () => {
  const writer = new DocumentWriter(lives.options());
  const left = writer.write(lives.life(end, { exit: lives.exit(137 << 8) }));
  const killed = writer.write(lives.life(end, { exit: lives.exit(9) }));
  assert.equal(field(left, "process.exit_code"), 137);
  assert.equal(field(killed, "process.exit_code"), 137);
  assert.equal(field(left, "mayfly.exit"), undefined);
  assert.deepEqual(field(killed, "mayfly.exit"), { signal: "SIGKILL", core_dumped: false });
});

test("a bare fork has no working directory, a found process has its own", () => {
  const writer = new DocumentWriter(lives.options());
  const directory = (of: Lifecycle): unknown => field(writer.write(of), "process.working_directory");
  assert.equal(directory(lives.life(fork)), undefined);
  assert.equal(directory(lives.life(found)), "/home/ada/project");
});

test("a parent's arguments are cut at 4 KiB after a whole character, and the cut is told", () => {
  const args = ["bash", "-c", `${"x".repeat(4085)}😀`];
  const big = lives.parent({ image: lives.image({ args }) });
  const line = new DocumentWriter(lives.options()).write(lives.life(fork, { origin: lives.origin({ parent: big }) }));
  assert.deepEqual(field(line, "process.parent.args"), ["bash", "-c", "x".repeat(4085)]);
  assert.equal(field(line, "process.parent.args_count"), 3);
  assert.equal(field(line, "process.parent.command_line"), `bash -c ${"x".repeat(4085)}`);
  assert.deepEqual(field(line, "mayfly.parent"), { args_truncated: true });
});

test("children of one parent see it as it was at their own fork", () => {
  const writer = new DocumentWriter(lives.options());
  const shell = lives.parent();
  const detached = { ...shell, session: lives.session({ session: 1 as Pid, ttyMajor: 0, ttyMinor: 0 }) };
  const interactive = (parent: typeof shell): unknown =>
    field(writer.write(lives.life(fork, { origin: lives.origin({ parent }) })), "process.parent.interactive");
  assert.deepEqual([shell, shell, shell, detached, shell].map(interactive), [true, true, true, false, true]);
});

test("args_truncated brings the length of the arguments as they were given", () => {
  const image = lives.image({ argsLength: 300_000, quality: Quality.argsTruncated, findings: undefined });
  const line = new DocumentWriter(lives.options()).write(
    lives.life(fork | exec, { image, quality: image.quality | Quality.clockStepped }),
  );
  assert.deepEqual(field(line, "mayfly"), {
    ...{ transitions: "fork+exec", args: { length: 300_000 }, quality: ["args_truncated", "clock_stepped"] },
  });
});

test("host.fields minimal keeps the id, the name, the boot and the type of the system", () => {
  const line = new DocumentWriter(lives.options({ hostFields: "minimal" })).write(lives.life(fork));
  assert.deepEqual(field(line, "host"), {
    id: lives.host.id,
    name: "build-7",
    boot: { id: lives.host.bootId },
    os: { type: "linux" },
  });
});

test("transitions that no life can have are refused with a coded error", () => {
  const writer = new DocumentWriter(lives.options());
  for (const transitions of [0, found | end, 16]) {
    assert.throws(() => writer.write(lives.life(transitions)), { code: "BAD_TRANSITIONS" });
  }
});

test("a loss is told with what, how many and when", () => {
  const [from, to] = [new Instant(lives.second, 0), new Instant(lives.second + 2, 5)];
  const line = new DocumentWriter(lives.options()).writeLoss({
    time: to,
    from,
    to,
    lost: { fork: 3, exec: 0, exit: 1 },
  });
  assert.equal(field(line, "event.kind"), "pipeline_error");
  assert.equal(field(line, "event.dataset"), "mayfly.agent");
  assert.equal(field(line, "data_stream.dataset"), "mayfly.agent");
  assert.deepEqual([field(line, "event.start"), field(line, "event.end")], [from.iso(), to.iso()]);
  assert.deepEqual(field(line, "mayfly"), { lost: { fork: 3, exit: 1 } });
  const message = `4 events were lost between ${from.iso()} and ${to.iso()}: 3 fork, 1 exit.`;
  assert.equal(field(line, "message"), message);
});

test("two losses noticed in one microsecond are two notes", () => {
  const writer = new DocumentWriter(lives.options());
  const loss = { time: lives.exit().time, from: lives.exit().time, to: lives.exit().time, lost: { fork: 1 } };
  assert.notEqual(field(writer.writeLoss(loss), "event.id"), field(writer.writeLoss(loss), "event.id"));
});
