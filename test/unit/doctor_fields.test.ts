import assert from "node:assert/strict";
import { test } from "node:test";
import { type KernelTraits, lookAtFields } from "../../src/cli/fields_findings.ts";

const ALWAYS = ["most fields", "CPU times", "changed ids", "found processes"];

/** What is said of a kernel besides what holds of every one: the name, and how well it is known. */
function said(traits: KernelTraits): string[] {
  return lookAtFields(traits)
    .filter(({ name }) => !ALWAYS.includes(name))
    .map(({ name, text }) => `${name}: ${text.split(":")[0]}`);
}

const whole = { bpfLoop: true, ioAccounting: true, changes: "fentry", changesAsked: true } as const;

test("doctor says of a kernel only what applies to it", () => {
  const old = said({ ...whole, release: "5.10.0-46-cloud-amd64", bpfLoop: false });
  assert.deepEqual(old, ["paths: another way", "last thread: another way", "kernel helpers: not known"]);
  assert.deepEqual(said({ ...whole, release: "6.1.0-56-cloud-amd64" }), ["paths: exact", "last thread: another way"]);
  assert.deepEqual(said({ ...whole, release: "6.15.9" }), ["paths: exact", "last thread: another way"]);
  assert.deepEqual(said({ ...whole, release: "6.16-rc1" }), ["paths: exact", "max_rss_bytes: another way"]);
  const newest = ["paths: exact", "max_rss_bytes: another way", "skipped hooks: another way"];
  assert.deepEqual(said({ ...whole, release: "7.0.0" }), newest);
  assert.deepEqual(said({ ...whole, release: "10.2.1" }), newest);
});

test("doctor goes by what a kernel has, not by its number, where distributions bring things to older ones", () => {
  assert.ok(said({ ...whole, release: "5.14.0-503.el9" }).includes("paths: exact"));
});

test("doctor says that I/O is not counted where the kernel was built without it", () => {
  assert.ok(said({ ...whole, release: "6.12.1", ioAccounting: false }).includes("I/O: not known"));
});

test("each line of doctor is one line of a terminal, and says everything that holds of every kernel", () => {
  const names = lookAtFields({ ...whole, release: "6.12.1" }).map(({ name }) => name);
  assert.deepEqual(
    ALWAYS.filter((name) => !names.includes(name)),
    [],
  );
  for (const release of ["5.10.0", "6.12.1", "7.3.0"])
    for (const { name, text } of lookAtFields({ ...whole, release, bpfLoop: false, ioAccounting: false })) {
      assert.ok(name.length < 16, name);
      assert.ok(text.length <= 120, `${text.length}: ${text}`);
    }
});

test("doctor says how a change of ids without an exec is told, and what it costs", () => {
  const ids = (changes: KernelTraits["changes"], changesAsked: boolean): string =>
    lookAtFields({ ...whole, release: "6.12.1", changes, changesAsked }).find(({ name }) => name === "changed ids")
      ?.text ?? "";
  assert.match(ids("fentry", true), /^exact: .*fentry$/);
  assert.match(ids("fentry", false), /^exact: .*off: set processes.changes/);
  assert.match(ids("tracepoint", true), /^exact: .*slower, by 8 to 10 %/);
  assert.match(ids("tracepoint", false), /^not known: .*slows system calls/);
  assert.match(ids("none", true), /^not known: .*at the end/);
  for (const changes of ["fentry", "tracepoint", "none"] as const)
    for (const asked of [true, false]) assert.ok(ids(changes, asked).length <= 120, ids(changes, asked));
});
