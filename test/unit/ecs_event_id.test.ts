import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { EventIds } from "../../ecs/event_id.ts";
import { EntityIds } from "../../src/process/identity.ts";
import { Instant } from "../../src/process/instant.ts";
import { type Lifecycle, Transition } from "../../src/process/lifecycle.ts";
import * as lives from "./ecs_lives.ts";

const { fork, exec, found } = Transition;

/** The definition of docs/identity.md, with Buffers and bigints. */
function slowly(time: Instant, hash: Uint8Array, rest: Uint8Array): string {
  const micros = BigInt(time.seconds) * 1_000_000n + BigInt(time.nanos) / 1000n;
  const bytes = Buffer.alloc(18);
  bytes.writeBigUInt64BE(micros << 8n, 0);
  bytes.set(hash.subarray(0, 6), 7);
  bytes.set(rest, 13);
  return bytes.toString("base64url");
}

function pidAndByte(pid: number, byte: number): Uint8Array {
  const rest = Buffer.alloc(5);
  rest.writeUInt32BE(pid);
  rest.writeUInt8(byte, 4);
  return rest;
}

const instant = fc
  .tuple(fc.integer({ min: 0, max: 8_000_000_000 }), fc.nat(999_999_999))
  .map(([seconds, nanos]) => new Instant(seconds, nanos));

test("an event id is what the slow definition gives, for every time, pid and set of transitions", () => {
  const hash = fc.uint8Array({ minLength: 8, maxLength: 8 });
  fc.assert(
    fc.property(hash, instant, fc.integer({ min: 0, max: 2 ** 32 - 1 }), fc.nat(255), (of, time, pid, byte) => {
      assert.equal(new EventIds(of).make(time, pid, byte), slowly(time, of, pidAndByte(pid, byte)));
    }),
    { numRuns: 1000 },
  );
});

test("the id of a life is made of its first transition's time, its pid and its transitions", () => {
  const ids = new EventIds(lives.entityIds.hash);
  for (const transitions of Object.values(lives.rows).filter((bits) => bits !== found)) {
    const life = lives.life(transitions);
    assert.equal(ids.of(life), slowly(life.time, lives.entityIds.hash, pidAndByte(4242, transitions)));
  }
});

test("a found process has the id of its start and of what runs, whenever it is scanned", () => {
  const ids = new EventIds(lives.entityIds.hash);
  const life = lives.life(found);
  const text = '[4242,"/usr/bin/grep",["grep","-rn","TODO","src"],[1000,1000,1000,1000,1000,1000],[0,0],[0,0]]';
  const digest = createHash("sha256").update(text).digest().subarray(0, 5);
  assert.equal(ids.of(life), slowly(life.identity.start, lives.entityIds.hash, digest));
  assert.equal(
    ids.of({ ...life, time: new Instant(lives.second + 99, 0), session: lives.session({ ttyMajor: 0 }) }),
    ids.of(life),
  );
});

test("a found process that exec'ed or changed its credentials meanwhile is another document", () => {
  const ids = new EventIds(lives.entityIds.hash);
  const variants: readonly Partial<Lifecycle>[] = [
    {},
    { image: undefined },
    { image: lives.image({ executable: "/usr/bin/egrep" }) },
    { image: lives.image({ args: ["grep", "-rn", "TODO src"] }) },
    { credentials: lives.credentials({ euid: 0 }) },
    { credentials: lives.credentials({ capPermittedLow: 1 }) },
  ];
  assert.equal(new Set(variants.map((changed) => ids.of(lives.life(found, changed)))).size, variants.length);
});

test("the worked example of docs/identity.md is right", () => {
  const page = readFileSync("docs/identity.md", "utf8");
  const value = (name: string): string =>
    new RegExp(`^    ${name} +(\\S+)`, "m").exec(page)?.[1] ?? `no ${name} in the page`;
  const ids = new EventIds(new EntityIds(value("machine-id"), value("boot-id")).hash);
  const [seconds = "", nanos = ""] = value("time").split(".");
  assert.equal(value("transitions"), "fork+exec");
  assert.equal(
    ids.make(new Instant(Number(seconds), Number(nanos)), Number(value("pid")), fork | exec),
    value("event.id"),
  );
});
