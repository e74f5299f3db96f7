import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { DocumentWriter } from "../../ecs/document.ts";
import { Clock } from "../../src/process/clock.ts";
import { Quality } from "../../src/process/facts.ts";
import { EntityIds } from "../../src/process/identity.ts";
import type { Lifecycle } from "../../src/process/lifecycle.ts";
import { Tracker } from "../../src/process/tracker.ts";
import { ImageFlag } from "../../src/record/record.ts";
import type { Document } from "../harness/document.ts";
import * as ecs from "./ecs_lives.ts";
import { redactorOf } from "./redact.fixture.ts";
import { at, clock, exec, exit, fork, NOBODY, ref } from "./world.fixture.ts";

const shell = ref(10, 1000);
const child = ref(11, 2000);
const grandchild = ref(12, 2100);
const secretArgs = ["mysqldump", "--password=hunter2", "inventory"];
const given = { args: secretArgs, argsCount: 3, argsLength: 40 };

function world(): { tracker: Tracker; lives: Lifecycle[]; redactor: ReturnType<typeof redactorOf> } {
  const redactor = redactorOf("defaults");
  const lives: Lifecycle[] = [];
  const tracker = new Tracker(
    { hold: 1000, maxPending: 100, maxProcesses: 100, tellFound: true, redactor },
    new Clock({ seconds: 1_700_000_000, nanos: 0 }),
    new EntityIds("0123456789abcdef0123456789abcdef", "00000000-0000-4000-8000-000000000000"),
    { onLife: (life) => void lives.push({ ...life }) },
  );
  return { tracker, lives, redactor };
}

const linesOf = (lives: readonly Lifecycle[], profile: "lifecycle" | "elastic" = "lifecycle"): string[] => {
  const writer = new DocumentWriter(ecs.options({ profile }));
  return lives.map((life) => writer.write(life));
};

describe("a tracker with a redactor", () => {
  test("hides in an exec, in what the child inherits and in what stands under parent", () => {
    const { tracker, lives, redactor } = world();
    tracker.onFork(fork(child, shell, 2000));
    tracker.onExec(exec(child, "/usr/bin/mysqldump", 2001, given));
    tracker.onFork(fork(grandchild, child, 2100));
    tracker.onExit(exit(grandchild, 0, 2110));
    tracker.onFork(fork(ref(13, 2120), child, 2120));
    tracker.onExec(exec(ref(13, 2120), "/usr/bin/gzip", 2121));
    tracker.onExit(exit(ref(13, 2120), 0, 2130));
    tracker.onExit(exit(child, 0, 2200));
    const documents = linesOf(lives).map((line) => JSON.parse(line) as Document);
    assert.equal(documents.length, 3);
    const args = ["mysqldump", "--password=[redacted]", "inventory"];
    const [inherited, gzip, own] = documents;
    for (const part of [inherited?.process, inherited?.process?.parent, gzip?.process?.parent, own?.process]) {
      assert.deepEqual(part?.args, args);
      assert.equal(part?.command_line, args.join(" "));
      assert.equal(part?.args_count, 3, "as the kernel counted");
    }
    for (const { mayfly } of documents)
      assert.ok(mayfly?.quality?.includes("redacted"), "whose text is not the process's");
    assert.ok(!linesOf(lives, "elastic").join("").includes("hunter2"));
    assert.deepEqual(
      [redactor.counters.images, redactor.counters.rules["default-password"]],
      [1, 1],
      "made once, whoever shows it",
    );
  });

  test("hides in what a scan finds, and gives a found process the same id every time", () => {
    const ids = [1, 2].map(() => {
      const { tracker, lives } = world();
      tracker.onTask(
        exec(child, "/usr/bin/mysqldump", 5000, { ...given, flags: ImageFlag.fromProcfs, parent: NOBODY }),
      );
      tracker.onScanned(clock(5000));
      tracker.aggregation.flush(10);
      assert.equal(lives.length, 1);
      assert.equal(lives[0]?.image?.quality, Quality.fromProcfs | Quality.redacted);
      const [line = ""] = linesOf(lives);
      assert.ok(!line.includes("hunter2"), line);
      return (JSON.parse(line) as Document).event?.id;
    });
    assert.equal(ids[0], ids[1]);
  });

  test("keeps how long the arguments were where they were cut", () => {
    const { tracker, lives } = world();
    tracker.onFork(fork(child, shell, 2000));
    tracker.onExec(
      exec(child, "/usr/bin/mysqldump", 2001, { ...given, flags: ImageFlag.argsTruncated, argsLength: 200_000 }),
    );
    tracker.onExit(exit(child, 0, 2200));
    const [document] = linesOf(lives).map(
      (line) => JSON.parse(line) as { mayfly: { args: { length: number }; quality: string[] } },
    );
    assert.equal(document?.mayfly.args.length, 200_000);
    assert.deepEqual(
      document.mayfly.quality.filter((word) => /args|redacted/.test(word)),
      ["args_truncated", "redacted"],
    );
  });

  test("leaves alone what has nothing to hide", () => {
    const { tracker, lives, redactor } = world();
    tracker.onFork(fork(child, shell, 2000));
    tracker.onExec(exec(child, "/usr/bin/ls", 2001, { args: ["ls", "-l"], argsCount: 2, time: at(2001) }));
    tracker.onExit(exit(child, 0, 2200));
    assert.equal((lives[0]?.quality ?? 0) & Quality.redacted, 0);
    assert.equal(redactor.counters.images, 0);
  });
});
