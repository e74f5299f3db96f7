import fc from "fast-check";
import type { Identity, Leader, Leaders } from "../../src/process/facts.ts";
import { Instant } from "../../src/process/instant.ts";
import { type Lifecycle, Transition } from "../../src/process/lifecycle.ts";
import * as lives from "./ecs_lives.ts";

/* Any life that could come out of src/process, and some that could not. */

/** Everything that has bitten a JSON writer or a terminal: controls, quotes, C1, bidi, pairs and lone surrogates. */
const character = fc.oneof(
  { weight: 4, arbitrary: fc.string({ unit: "grapheme-ascii", maxLength: 8 }) },
  fc.string({ unit: "binary", maxLength: 4 }),
  fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)),
  fc.integer({ min: 0, max: 0xa0 }).map((code) => String.fromCharCode(code)),
  fc.constantFrom("\u2028", "\u202e", "\ud800", "\udfff", "\x1b[31m", "\x9b", '"', "\\", "\0", "\n", "😀", "ü"),
);
const text = fc.array(character, { minLength: 1, maxLength: 8 }).map((parts) => parts.join(""));
const argument = fc.oneof(
  { weight: 8, arbitrary: fc.oneof(fc.constant(""), text) },
  fc.tuple(text, fc.integer({ min: 1, max: 3000 })).map(([part, times]) => part.repeat(times)),
);
const id = fc.oneof(fc.nat(70_000), fc.constantFrom(0, 0xffffffff));
const half = fc.oneof(fc.constantFrom(0, 0xffffffff, 0x1ff), fc.integer({ min: 0, max: 0xffffffff }));
const count = fc.oneof(fc.nat(5000), fc.maxSafeNat());
const instant = fc
  .tuple(fc.integer({ min: 0, max: 4_000_000_000 }), fc.nat(999_999_999))
  .map(([seconds, nanos]) => new Instant(seconds, nanos));
const span = fc.tuple(fc.oneof(fc.constant(0), fc.nat(2 ** 31 - 1)), fc.nat(999_999_999));
const optional = <T>(of: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(of, { nil: undefined });

const hex = fc.uint8Array({ minLength: 4, maxLength: 4 }).map((bytes) => Buffer.from(bytes).toString("hex"));
const fileHash = fc.oneof(
  hex.map((sha256) => ({ hashes: { sha256 } })),
  fc.tuple(hex, hex).map(([md5, sha256]) => ({ hashes: { md5, sha256 } })),
  fc.constantFrom("changed", "too_large", "unreadable", "not_regular", "gone", "timeout").map((reason) => ({ reason })),
);
const findings = fc.record({
  settled: fc.boolean(),
  hashPending: fc.boolean(),
  hash: optional(fileHash),
  scriptHash: optional(fileHash),
  package: optional(
    fc.record({ name: fc.constant("bash"), version: fc.constant("5.2-1"), type: fc.constantFrom("deb", "rpm", "apk") }),
  ),
  rendered: fc.constant(undefined),
});
const label = optional(text.filter((one) => one !== ""));
const names = fc.record({
  ...{ user: label, group: label, realUser: label, realGroup: label, savedUser: label, savedGroup: label },
  groups: fc.array(label, { minLength: 3, maxLength: 3 }),
  checked: fc.constant(0),
});
const image = fc
  .record({
    executable: optional(text),
    name: optional(text),
    args: optional(fc.array(argument, { maxLength: 6 })),
    argsLength: fc.nat(200_000),
    workingDirectory: optional(text),
    scriptPath: optional(text),
    env: optional(fc.array(text, { maxLength: 3 })),
    deleted: fc.boolean(),
    memfd: fc.boolean(),
    findings: optional(findings),
    quality: fc.tuple(fc.nat(31), fc.constantFrom(0, 1 << 12)).map(([low, redacted]) => low | redacted),
  })
  .map(lives.image);
const credentials = fc
  .record({
    ...{ uid: id, gid: id, euid: id, egid: id, suid: id, sgid: id },
    ...{ capEffectiveLow: half, capEffectiveHigh: half, capPermittedLow: half, capPermittedHigh: half },
    groups: optional(fc.array(id, { maxLength: 3 })),
    names: optional(names),
  })
  .map(lives.credentials);
const session = fc.record({ ttyMajor: fc.constantFrom(0, 4, 136), ttyMinor: fc.nat(3) }).map(lives.session);
const identity = fc
  .tuple(fc.integer({ min: 1, max: 2 ** 22 }), fc.nat(2 ** 40), instant, optional(fc.integer({ min: 1, max: 9 })))
  .map(([pid, ticks, start, vpid]) => ({ ...lives.identity(pid, ticks, start), vpid }));
const name = fc.tuple(identity, fc.boolean()).map(([of, known]) => ({ pid: of.pid, identity: known ? of : undefined }));
const parent = fc
  .record({
    identity,
    image: optional(image),
    ownImage: fc.boolean(),
    credentials: optional(credentials),
    session: optional(session),
    groupLeader: optional(name),
    sessionLeader: optional(name),
  })
  .map(lives.parent);
const leader = fc
  .record({
    name,
    image: optional(image),
    ownImage: fc.boolean(),
    credentials: optional(credentials),
    session: optional(session),
    parent: optional(fc.record({ identity, sessionLeader: optional(name) })),
  })
  .map(({ name: named, ...facts }) => lives.leader({ ...named, ...facts }));
const leaders = fc
  .record({
    session: optional(leader),
    group: optional(leader),
    entry: optional(leader),
    entryType: fc.constantFrom("init", "sshd", "unknown"),
    sourceIp: optional(fc.constantFrom("192.0.2.1", "2001:db8::1")),
  })
  .map(lives.leaders);
const origin = fc
  .record({
    parent: optional(parent),
    ancestry: fc.array(
      identity.map((of) => of.entityId),
      { maxLength: 20 },
    ),
  })
  .map(lives.origin);
const usage = fc.tuple(span, span, fc.array(count, { minLength: 7, maxLength: 7 })).map(([user, system, n]) =>
  lives.usage({
    ...{ userSeconds: user[0], userNanos: user[1], systemSeconds: system[0], systemNanos: system[1] },
    ...{ maxRssBytes: n[0] ?? 0, minorFaults: n[1] ?? 0, majorFaults: n[2] ?? 0, readBytes: n[3] ?? 0 },
    ...{ writeBytes: n[4] ?? 0, voluntarySwitches: n[5] ?? 0, involuntarySwitches: n[6] ?? 0 },
  }),
);
const exit = fc.tuple(instant, optional(fc.nat(0xffff)), usage, span).map(([time, status, cost, lasted]) =>
  lives.exit(0, {
    ...{ time, status, usage: status === undefined ? undefined : cost },
    ...{ durationSeconds: lasted[0], durationNanos: lasted[1] },
  }),
);
/** @param rows sets of transitions, by their names */
export const lifeOf = (rows: Readonly<Record<string, number>>): fc.Arbitrary<Lifecycle> =>
  fc
    .record({
      transitions: fc.constantFrom(...Object.values(rows)),
      facts: fc.record({ identity, origin, leaders, image: optional(image), credentials, session, time: instant }),
      replaced: optional(image),
      /** Of entry, group and session: which of them is the process itself. */
      leads: fc.nat(7),
      exit,
      /** Another name than the program's, the program's as the kernel keeps it, or none. */
      comm: fc.constantFrom("renamed", "gr\u00fc\ufffd", "program", undefined),
      ownImage: fc.boolean(),
      quality: fc.nat(2 ** 16 - 1),
    })
    .map(({ transitions, facts, replaced, leads, exit: ending, comm, ownImage, quality }) => ({
      ...facts,
      comm: comm === "program" ? commOf(facts.image?.name) : comm,
      leaders: ledByItself(facts.identity, facts.leaders, leads),
      replaced: (transitions & Transition.exec) === 0 ? undefined : replaced,
      ...{ transitions, ownImage, quality, followed: false, since: 0 },
      exit: (transitions & Transition.end) === 0 ? undefined : ending,
    }));

export const life = lifeOf(lives.rows);

function commOf(name: string | undefined): string | undefined {
  return name === undefined ? undefined : Buffer.from(name).subarray(0, 15).toString();
}

function ledByItself({ pid, ...identity }: Identity, leaders: Leaders, bits: number): Leaders {
  const own = (leader: Leader | undefined, bit: number): Leader | undefined =>
    leader !== undefined && bits & bit ? { ...leader, pid, identity: { pid, ...identity } } : leader;
  return {
    ...leaders,
    ...{ entry: own(leaders.entry, 1), group: own(leaders.group, 2), session: own(leaders.session, 4) },
  };
}
