import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { base64Group, base64Id } from "../../src/process/base64.ts";
import { EntityIds } from "../../src/process/identity.ts";
import type { Pid, Ticks } from "../../src/record/record.ts";

/** The definition of docs/identity.md, with Buffers. */
function slowly(machineId: string, bootId: string, salt: string, pid: number, ticks: number): string {
  const text = `${machineId}\n${bootId}${salt === "" ? "" : `\n${salt}`}`;
  const bytes = Buffer.alloc(18);
  createHash("sha256").update(text).digest().copy(bytes, 0, 0, 8);
  bytes.writeUInt32BE(pid, 8);
  bytes.writeUIntBE(ticks, 12, 6);
  return bytes.toString("base64url");
}

test("an entity id is what the slow definition gives, for every pid and start", () => {
  const pid = fc.oneof(fc.nat(2 ** 22), fc.nat(2 ** 32 - 1));
  const ticks = fc.oneof(fc.nat(2 ** 31 - 1), fc.integer({ min: 0, max: 2 ** 48 - 1 }));
  fc.assert(
    fc.property(
      fc.string(),
      fc.uuid(),
      fc.string(),
      fc.array(fc.tuple(pid, ticks)),
      (machine, boot, salt, processes) => {
        const ids = new EntityIds(machine, boot, salt);
        for (const [p, t] of processes) assert.equal(ids.of(p as Pid, t as Ticks), slowly(machine, boot, salt, p, t));
      },
    ),
  );
});

test("the worked example of docs/identity.md is right", () => {
  const page = readFileSync("docs/identity.md", "utf8");
  const value = (name: string): string =>
    new RegExp(`^    ${name} +(\\S+)`, "m").exec(page)?.[1] ?? `no ${name} in the page`;
  const ids = new EntityIds(value("machine-id"), value("boot-id"));
  assert.equal(Buffer.from(ids.hash).toString("hex"), value("hash"));
  assert.equal(ids.of(Number(value("pid")) as Pid, Number(value("ticks")) as Ticks), value("process.entity_id"));
  const salted = new EntityIds(value("machine-id"), value("boot-id"), value("salt"));
  assert.equal(Buffer.from(salted.hash).toString("hex"), value("salted-hash"));
});

test("another salt, boot or machine is another id", () => {
  const ids = [new EntityIds("m", "b"), new EntityIds("m", "b", "s"), new EntityIds("m", "c"), new EntityIds("n", "b")];
  assert.equal(new Set(ids.map((of) => of.of(7 as Pid, 9 as Ticks))).size, 4);
});

test("six groups of three bytes are their base64url", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 18, maxLength: 18 }), (bytes) => {
      const at = (place: number): number => base64Group(bytes, place);
      assert.equal(base64Id(at(0), at(3), at(6), at(9), at(12), at(15)), Buffer.from(bytes).toString("base64url"));
    }),
  );
});
