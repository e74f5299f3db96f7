import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { describe, test } from "node:test";
import { Collector } from "../harness/collector.ts";
import type { Document } from "../harness/document.ts";
import { live } from "../harness/live.ts";

/*
 * What Kibana's Session View reads of a document, on sequences as administrators and attackers make them. The numbers of
 * sessions and groups are compared with the kernel's own in test/live/mechanisms.test.ts.
 */

/** Runs a command to its end, in a session of its own: where the tests run there may be none (init need not make one). */
async function run(command: string, args: readonly string[]): Promise<number> {
  const child = spawn(command, args, { stdio: "ignore", detached: true });
  await once(child, "close");
  return child.pid ?? 0;
}

/** Runs commands under a collector and tells what it wrote. */
async function under(
  profile: "elastic" | "transitions",
  commands: () => Promise<unknown>,
): Promise<readonly Document[]> {
  const collector = await Collector.start({ profile });
  try {
    await commands();
    return await collector.stop();
  } finally {
    await collector.kill();
  }
}

/** The last document of the process with this argument. */
function of(documents: readonly Document[], argument: string): NonNullable<Document["process"]> {
  const found = documents.findLast(({ process }) => process?.args?.includes(argument) === true);
  assert.ok(found?.process !== undefined, `no document of ${argument}`);
  return found.process;
}

/** What is wrong with one document; nothing when Session View can show it. */
function faults({ event, process }: Document): string[] {
  const { entry_leader: entry, group_leader: group, session_leader: session, parent } = process ?? {};
  const wanted: readonly [string, boolean][] = [
    ["event.kind event", event?.kind === "event"],
    ["event.id", event?.id !== undefined],
    ["event.action", event?.action !== undefined && event.action.length > 0],
    ["process.entity_id", process?.entity_id !== undefined],
    ["process.user.id", process?.user?.id !== undefined],
    ["process.parent.entity_id", parent?.entity_id !== undefined],
    ["process.parent.user.id", parent?.user?.id !== undefined],
    ["process.entry_leader.entity_id", entry?.entity_id !== undefined],
    ["process.entry_leader.start", entry?.start !== undefined],
    ["process.entry_leader.entry_meta.type", entry?.entry_meta?.type !== undefined],
    ["process.session_leader.pid", session?.pid !== undefined],
    ["process.group_leader.pid", group?.pid !== undefined],
    ...[process, parent, entry, group, session].map(
      (one) => ["tty exactly when interactive", one === undefined || one.interactive === interactive(one)] as const,
    ),
  ].map(([name, isThere]) => [name as string, isThere as boolean]);
  return wanted.filter(([, isThere]) => !isThere).map(([name]) => name);
}

/** Of a leader that mayfly never met, nothing but who it is. */
function interactive({ executable, tty }: { executable?: string; tty?: unknown }): boolean | undefined {
  return executable === undefined ? undefined : tty !== undefined;
}

describe("for Session View", live, () => {
  for (const profile of ["elastic", "transitions"] as const)
    test(`every document of profile ${profile} has what it reads`, async () => {
      const unique = `0.${process.pid}`;
      const command = 'setsid sh -c "sleep 0.01; sleep $0" $0; exec /bin/true $0';
      const documents = await under(profile, () => run("/bin/sh", ["-c", `sh -c '${command}' ${unique}; :`]));
      const ids = documents.map(({ event }) => event?.id);
      assert.equal(new Set(ids).size, ids.length);
      const own = documents.filter(({ process }) => process?.args?.includes(unique) === true);
      assert.ok(own.length >= 3, `${own.length} documents`);
      assert.deepEqual(own.flatMap(faults), []);
      if (profile === "transitions")
        assert.ok(
          own.every(({ event }) => typeof event?.action === "string"),
          "one plain string each",
        );
    });

  test("a command in a session of its own belongs to its entry, and to the leader that setsid made", async () => {
    const unique = `0.1${process.pid}`;
    const documents = await under("elastic", () =>
      run("/bin/sh", ["-c", `setsid -w sh -c 'sleep ${unique}; sleep 0.01'; sleep 0.${unique.slice(2)}9`]),
    );
    const inside = of(documents, unique);
    const outside = of(documents, `0.${unique.slice(2)}9`);
    assert.notEqual(inside.session_leader?.entity_id, outside.session_leader?.entity_id);
    assert.equal(inside.session_leader?.name, inside.parent?.name);
    assert.equal(inside.session_leader?.entity_id, inside.parent?.entity_id);
    assert.equal(inside.entry_leader?.entity_id, outside.entry_leader?.entity_id);
  });

  test("the second of a pipeline belongs to the group of the first, which has ended", async (t) => {
    if (!existsSync("/bin/bash")) {
      t.skip("no /bin/bash, which has job control without a terminal");
      return;
    }
    const unique = `0.2${process.pid}`;
    const documents = await under("transitions", () =>
      run("/bin/bash", ["-c", `set -m; /bin/true ${unique} | /bin/sleep ${unique}; :`]),
    );
    const last = documents
      .filter(({ process }) => process?.args?.includes(unique) === true)
      .map(({ process }) => process);
    const sleep = last.findLast((one) => one?.name === "sleep" || one?.args?.[0]?.endsWith("sleep") === true);
    const first = last.find((one) => one?.args?.[0]?.endsWith("true") === true);
    assert.ok(sleep !== undefined && first !== undefined, "both were told");
    assert.equal(sleep.group_leader?.entity_id, first.entity_id);
    assert.deepEqual(sleep.group_leader?.args, first.args);
    assert.equal(sleep.group_leader?.same_as_process, false);
    assert.equal(first.group_leader?.same_as_process, true);
  });

  test("what an exec replaced is told with it", async () => {
    const unique = `0.3${process.pid}`;
    const documents = await under("transitions", () => run("/bin/sh", ["-c", `exec /bin/sleep ${unique}`]));
    const exec = documents.find(({ event, process }) => event?.action === "exec" && process?.args?.[1] === unique);
    assert.deepEqual(exec?.process?.previous?.args, ["/bin/sh", "-c", `exec /bin/sleep ${unique}`]);
  });

  test("the first of a pid namespace has the number 1 there, one outside has none of its own", async (t) => {
    if (!existsSync("/usr/bin/unshare")) {
      t.skip("no /usr/bin/unshare");
      return;
    }
    const unique = `0.4${process.pid}`;
    const documents = await under("elastic", () => run("/usr/bin/unshare", ["--pid", "--fork", "/bin/sleep", unique]));
    const inside = documents.findLast(
      ({ process }) => process?.args?.[0]?.endsWith("sleep") === true && process.args[1] === unique,
    );
    assert.equal(inside?.process?.vpid, 1);
    assert.equal(inside.process.parent?.vpid, undefined);
  });
});
