import assert from "node:assert/strict";
import { constants } from "node:os";
import { test } from "node:test";
import { capabilityList, capabilityNames } from "../../ecs/capabilities.ts";
import { nanoseconds } from "../../ecs/nanoseconds.ts";
import { qualityText, qualityWords } from "../../ecs/quality.ts";
import { signalName } from "../../ecs/signals.ts";
import { Quality } from "../../src/process/facts.ts";

test("signals have the names of this system's own list", () => {
  // SIGPOLL and SIGIOT are second names of SIGIO and SIGABRT.
  const known = Object.entries(constants.signals).filter(
    ([name]) => !["SIGPOLL", "SIGIOT", "SIGUNUSED"].includes(name),
  );
  assert.ok(known.length >= 30);
  for (const [name, number] of known) assert.equal(signalName(number), name);
});

test("real-time signals count from SIGRTMIN as programs see it", () => {
  assert.deepEqual([32, 33, 34, 35, 37, 64].map(signalName), [
    ...["SIG32", "SIG33", "SIGRTMIN", "SIGRTMIN+1", "SIGRTMIN+3", "SIGRTMIN+30"],
  ]);
});

test("capabilities stand in the kernel's order across both halves", () => {
  assert.deepEqual(capabilityNames((1 << 0) | (1 << 7) | (1 << 21) | (1 << 31), (1 << 0) | (1 << 8)), [
    ...["CAP_CHOWN", "CAP_SETUID", "CAP_SYS_ADMIN", "CAP_SETFCAP", "CAP_MAC_OVERRIDE", "CAP_CHECKPOINT_RESTORE"],
  ]);
  assert.equal(capabilityNames(0xffffffff, 0x1ff).length, 41);
});

test("a capability newer than the list has its number", () => {
  assert.deepEqual(capabilityNames(0, (1 << 9) | (1 << 31)), ["CAP_41", "CAP_63"]);
});

test("capability sets whose upper halves differ beyond 2^53 are not taken for one another", () => {
  const lists = [0x80000000, 0x80000001, 0xc0000000].map((high) => capabilityList(1, high));
  assert.equal(new Set(lists).size, 3);
  assert.equal(capabilityList(1, 0x80000001), '["CAP_CHOWN","CAP_MAC_OVERRIDE","CAP_63"]');
});

test("an empty capability set is absent", () => assert.equal(capabilityList(0, 0), undefined));

test("every quality bit has its own word, and none is written when all is well", () => {
  const all = Object.values(Quality).reduce((bits, bit) => bits | bit, 0);
  assert.equal(new Set(qualityWords(all)).size, Object.keys(Quality).length);
  assert.equal(qualityText(0), "");
  assert.equal(qualityText(Quality.forkUnseen | Quality.argsTruncated), ',"quality":["args_truncated","fork_unseen"]');
});

test("nanoseconds are the digits of one integer", () => {
  assert.equal(nanoseconds(0, 0), "0");
  assert.equal(nanoseconds(0, 17), "17");
  assert.equal(nanoseconds(1, 17), "1000000017");
  assert.equal(nanoseconds(4_294_967_295, 999_999_999), "4294967295999999999");
});
