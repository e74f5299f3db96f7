import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { NameTags } from "../../src/enrich/name_tags.ts";
import type { NameAnswer, NameScope } from "../../src/enrich/names/answer.ts";
import type { Pid } from "../../src/record/record.ts";
import { credentials } from "./ecs_lives.ts";
import { FakeNames, HOST_MNT_NS } from "./enrichment.fixture.ts";

const PID = 10 as Pid;

function fresh(mntNs = HOST_MNT_NS): ReturnType<typeof credentials> {
  return credentials({ mntNs, userNs: 3, groups: [4], names: undefined });
}

function tagging(): { readonly source: FakeNames; readonly tags: NameTags } {
  const source = new FakeNames();
  source.known.set(1000, "ada").set(4, "adm");
  return { source, tags: new NameTags(source, HOST_MNT_NS) };
}

describe("names of Credentials", () => {
  test("are asked for once a round, each different id once", () => {
    const { source, tags } = tagging();
    const of = fresh();
    assert.ok(tags.tag(of, PID));
    assert.equal(source.asked, 3, "user, group, supplementary group");
    assert.ok(tags.tag(of, PID));
    assert.equal(source.asked, 3);
    tags.nextRound();
    assert.ok(tags.tag(of, PID));
    assert.equal(source.asked, 6);
  });

  test("are asked for in the namespaces of the process", () => {
    const scopes: NameScope[] = [];
    const ask = (_: number, scope: NameScope): NameAnswer => {
      scopes.push(scope);
      return null;
    };
    new NameTags({ user: ask, group: ask }, HOST_MNT_NS).tag(fresh(77), PID);
    assert.deepEqual(scopes[0], { mntNs: 77, userNs: 3, pid: PID });
  });

  test("stay the same object as long as none changes, and are a new one when one does", () => {
    const { source, tags } = tagging();
    const of = fresh();
    tags.tag(of, PID);
    const { names } = of;
    tags.nextRound();
    tags.tag(of, PID);
    assert.equal(of.names, names);
    for (const [id, name] of [
      [1000, "eve"],
      [4, null],
    ] as const) {
      const before = of.names;
      source.known.set(id, name);
      assert.equal(of.names, before, "until the next round");
      tags.nextRound();
      assert.ok(tags.tag(of, PID));
      assert.notEqual(of.names, before);
    }
    assert.deepEqual([of.names?.user, of.names?.groups], ["eve", [undefined]]);
    assert.deepEqual(names?.user, "ada", "whoever holds the old ones holds what was true then");
  });

  test("that are known stand while they are checked anew", () => {
    const { source, tags } = tagging();
    const of = fresh();
    tags.tag(of, PID);
    const { names } = of;
    source.known.delete(1000);
    tags.nextRound();
    assert.ok(tags.tag(of, PID), "nobody waits");
    assert.equal(of.names, names);
    source.known.set(1000, "eve");
    assert.ok(tags.tag(of, PID), "and asked for again in the same round");
    assert.equal(of.names?.user, "eve");
  });

  test("that are known in part are told already, and asked for again until all are", () => {
    const { source, tags } = tagging();
    source.known.delete(4);
    const of = fresh();
    assert.ok(!tags.tag(of, PID));
    assert.deepEqual([of.names?.user, of.names?.groups], ["ada", [undefined]]);
    const { names } = of;
    assert.ok(!tags.tag(of, PID));
    assert.equal(of.names, names);
    source.known.set(4, null);
    assert.ok(tags.tag(of, PID), "it has none");
    assert.equal(of.names, names, "which is no change");
    const { asked } = source;
    assert.ok(tags.tag(of, PID));
    assert.equal(source.asked, asked);
  });

  test("of another root stay as they were found first", () => {
    const { source, tags } = tagging();
    const of = fresh(77);
    tags.tag(of, PID);
    source.known.set(1000, "eve");
    tags.nextRound();
    assert.ok(tags.tag(of, PID));
    assert.equal(of.names?.user, "ada");
  });

  test("of another root that are not all known are asked for until they are", () => {
    const { source, tags } = tagging();
    source.known.delete(1000);
    const of = fresh(77);
    assert.ok(!tags.tag(of, PID));
    source.known.set(1000, "ada");
    assert.ok(tags.tag(of, PID));
    assert.equal(of.names?.user, "ada");
  });
});
