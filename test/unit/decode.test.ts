import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { splitArgs, splitTitle } from "../../src/record/args.ts";
import { Decoder } from "../../src/record/decode.ts";
import { Encoder } from "../../src/record/encode.ts";
import { layout } from "../../src/record/layout.ts";
import { type ExecRecord, ImageFlag, type Pid } from "../../src/record/record.ts";
import { type Heard, Listener } from "./record.fixture.ts";
import { change, clock, exec, exit, fork, ref, state } from "./world.fixture.ts";

function decode(bytes: ArrayBuffer): { heard: Heard[]; failures: number } {
  const listener = new Listener();
  const decoder = new Decoder(layout, listener);
  decoder.decode(bytes);
  return { heard: listener.heard, failures: decoder.failures };
}

const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
const large = fc.maxSafeNat();
const refs = fc.record({ pid: fc.nat(0x3f_ffff), ms: fc.nat(0x7fff_ffff) }).map(({ pid, ms }) => ref(pid, ms));
const states = fc
  .record({
    uid: u32,
    gid: u32,
    euid: u32,
    egid: u32,
    suid: u32,
    sgid: u32,
    capEffectiveLow: u32,
    capEffectiveHigh: u32,
    capPermittedLow: u32,
    capPermittedHigh: u32,
    cgroupId: large,
    session: u32.map((n) => n as Pid),
    processGroup: u32.map((n) => n as Pid),
    ttyMajor: u32,
    ttyMinor: u32,
    vpid: u32,
    mntNs: u32,
    pidNs: u32,
    userNs: u32,
    netNs: u32,
    utsNs: u32,
    ipcNs: u32,
    cgroupNs: u32,
  })
  .map((all) => state(all));
const words = fc.string({ unit: "grapheme" }).map((text) => text.replaceAll("\0", ""));
const files = fc
  .record({
    inode: large,
    size: large,
    mtimeSeconds: large,
    mtimeNanos: u32,
    ctimeSeconds: large,
    ctimeNanos: u32,
    device: u32,
    mode: u32,
    uid: u32,
    gid: u32,
    nlink: u32,
  })
  .map((file) => ({ ...file }));
const groupLists = fc.option(fc.array(u32, { maxLength: 31 }), { nil: undefined });
const comms = fc.string({ unit: "grapheme-ascii", maxLength: 15 });
const forks = fc
  .tuple(refs, refs, refs, states, fc.nat(1e9))
  .map(([child, parent, creator, its, ms]) => fork(child, creator, ms, { parent, state: its }));
const execs = fc
  .tuple(refs, refs, states, words, words, fc.array(words), files, fc.nat(1e9), fc.array(words), groupLists, comms)
  .map(([process, parent, its, path, cwd, args, file, ms, env, groups, comm]): ExecRecord => {
    const argsLength = Buffer.byteLength(args.map((arg) => `${arg}\0`).join(""));
    return exec(process, `/${path}`, ms, {
      parent,
      state: its,
      workingDirectory: `/${cwd}`,
      args,
      argsCount: args.length,
      argsLength,
      file,
      env: env.length === 0 ? undefined : env,
      groups,
      comm,
    });
  });
const exits = fc
  .tuple(refs, states, u32, fc.nat(1e9), comms)
  .map(([process, its, status, ms, comm]) => exit(process, status, ms, { state: its, comm }));
const changes = fc
  .tuple(refs, states, groupLists, fc.nat(1e9))
  .map(([process, its, groups, ms]) => ({ ...change(process, ms, {}), state: its, groups }));
const all = fc.oneof(
  forks.map((record): Heard => ({ kind: "fork", record })),
  execs.map((record): Heard => ({ kind: "exec", record })),
  exits.map((record): Heard => ({ kind: "exit", record })),
  changes.map((record): Heard => ({ kind: "change", record })),
  fc.nat(1e9).map((ms): Heard => ({ kind: "clock", record: clock(ms) })),
);

function encode(records: readonly Heard[]): ArrayBuffer {
  const encoder = new Encoder();
  for (const { kind, record } of records) (encoder[kind] as (record: unknown) => void).call(encoder, record);
  return encoder.take();
}

/** Flags that the addon or the encoder sets by what the strings are. */
function comparable(heard: Heard): Heard {
  if (heard.kind !== "exec" && heard.kind !== "task") return heard;
  return { kind: heard.kind, record: { ...heard.record, flags: heard.record.flags & ~ImageFlag.ascii } };
}

test("what is encoded is decoded to the same records, in the same order", () => {
  fc.assert(
    fc.property(fc.array(all, { maxLength: 20 }), (records) => {
      const { heard, failures } = decode(encode(records));
      assert.equal(failures, 0);
      assert.deepEqual(heard.map(comparable), records);
    }),
    { numRuns: 300 },
  );
});

test("damaged bytes never throw: what stands before the damage is told, and the failure counted", () => {
  fc.assert(
    fc.property(
      fc.array(all, { minLength: 1, maxLength: 8 }),
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 12 }),
      fc.nat(),
      (records, changes, cut) => {
        const bytes = new Uint8Array(encode(records));
        for (const [place, value] of changes) bytes[place % bytes.length] = value;
        const damaged = bytes.slice(0, bytes.length - (cut % 16));
        const { heard, failures } = decode(damaged.buffer);
        assert.ok(failures <= 1);
        assert.ok(failures === 1 || heard.length > 0 || damaged.length === 0);
      },
    ),
    { numRuns: 500 },
  );
});

test("a batch that ends in the middle of a record gives the records before it", () => {
  const bytes = encode([
    { kind: "clock", record: clock(1000) },
    { kind: "exit", record: exit(ref(5, 10), 0, 20) },
  ]);
  const { heard, failures } = decode(bytes.slice(0, bytes.byteLength - 8));
  assert.deepEqual(heard, [{ kind: "clock", record: clock(1000) }]);
  assert.equal(failures, 1);
});

test("a field that an older layout lacks is read as 0", () => {
  const listener = new Listener();
  const older = { ...layout, exit: { ...layout.exit, usageReadBytes: -1, status: -1 } };
  new Decoder(older, listener).decode(encode([{ kind: "exit", record: exit(ref(5, 10), 7, 20) }]));
  const [heard] = listener.heard;
  assert.ok(heard?.kind === "exit");
  assert.equal(heard.record.status, 0);
  assert.equal(heard.record.readBytes, 0);
  assert.equal(heard.record.writeBytes, 14);
});

test("bytes that are no UTF-8 become U+FFFD, each string by itself", () => {
  const bytes = encode([{ kind: "exec", record: exec(ref(5, 10), "/bin/x", 20, { args: ["aé", "zz"] }) }]);
  const raw = Buffer.from(bytes);
  raw[raw.indexOf(0xc3)] = 0xff;
  const { heard } = decode(bytes);
  assert.ok(heard[0]?.kind === "exec");
  assert.deepEqual(heard[0].record.args, ["a\ufffd\ufffd", "zz"]);
  assert.equal(heard[0].record.executable, "/bin/x");
});

test("empty arguments count, also the last one", () => {
  assert.deepEqual(splitArgs(""), []);
  assert.deepEqual(splitArgs("\0"), [""]);
  assert.deepEqual(splitArgs("a\0\0b\0\0"), ["a", "", "b", ""]);
});

test("arguments that were cut keep what is left of the last one", () => {
  assert.deepEqual(splitArgs("a\0bcd"), ["a", "bcd"]);
});

test("the NULs behind a title that a process gave itself are no arguments", () => {
  assert.deepEqual(splitTitle("nginx: worker\0\0\0\0"), ["nginx: worker"]);
  assert.deepEqual(splitTitle("grep\0\0"), ["grep", ""]);
  assert.deepEqual(splitTitle("\0\0\0\0"), [""]);
});
