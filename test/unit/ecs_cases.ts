import { DocumentWriter } from "../../ecs/document.ts";
import { Quality } from "../../src/process/facts.ts";
import { Instant } from "../../src/process/instant.ts";
import { Transition } from "../../src/process/lifecycle.ts";
import type { Pid } from "../../src/record/record.ts";
import * as lives from "./ecs_lives.ts";

/* The lines that are kept as golden documents, and that together have every field there is. */

const { fork, exec, end, found } = Transition;

const noTerminal = lives.session({ session: 4242 as Pid, ttyMajor: 0, ttyMinor: 0 });

/** Beside the rows of the table, in words of profile `lifecycle`. */
const others: Readonly<Record<string, (writer: DocumentWriter) => string>> = {
  "segmentation-fault": (writer) => writer.write(lives.life(exec | end, { exit: lives.exit(11 | 0x80) })),
  "script-as-root": (writer) => {
    const args = ["/bin/sh", "/etc/cron.daily/logrotate", ""];
    const hashes = { md5: "d41d8cd9", sha1: "da39a3ee", sha256: "e3b0c442", sha512: "cf83e135" };
    const findings = lives.findings({ hash: { hashes }, scriptHash: { hashes } });
    const path = { executable: "/usr/bin/dash", name: "dash", scriptPath: "/etc/cron.daily/logrotate" };
    const script = { ...path, args, findings };
    const credentials = lives.credentials(lives.root);
    const facts = { image: lives.image(script), comm: "logrotate", credentials, session: noTerminal };
    return writer.write(lives.life(fork | exec, facts));
  },
  "hostile-arguments": (writer) => {
    const args = [
      "printf",
      "\x1b]0;owned\x07",
      'line\nbreak "quoted" \\',
      "\u202egnp.exe",
      "\ufffd\x9b31m",
      "größe 😀",
    ];
    const image = lives.image({ executable: "/tmp/a\nb", name: "a\nb", args, quality: Quality.argsInvalidUtf8 });
    return writer.write(lives.life(exec, { image }));
  },
  "all-that-can-be-cut": (writer) => {
    const flags = { deleted: true, quality: Quality.argsTruncated, argsLength: 2_097_152, argsCount: 3 };
    const big = lives.parent({ image: lives.image({ args: ["xargs", "x".repeat(5000)] }) });
    const image = lives.image({ ...flags, args: ["rm", "y".repeat(60)] });
    const leader = lives.leader({ image: big.image });
    const leaders = lives.leaders({ session: leader, group: leader, entry: leader });
    const origin = lives.origin({ parent: big });
    return writer.write(lives.life(fork | exec, { image, replaced: big.image, leaders, origin }));
  },
  "memfd-of-unknown-parent": (writer) => {
    const image = lives.image({ executable: "memfd:payload", name: "memfd:payload", memfd: true, args: ["[kworker]"] });
    const quality = Quality.parentUnknown | Quality.forkUnseen;
    return writer.write(
      lives.life(exec, { image, quality, origin: lives.origin({ parent: undefined, ancestry: [] }) }),
    );
  },
  "end-that-was-lost": (writer) => {
    const exit = lives.exit(0, { status: undefined, usage: undefined, durationSeconds: 31_536_000, durationNanos: 1 });
    return writer.write(lives.life(end, { image: undefined, exit, quality: Quality.exitLost }));
  },
  "found-without-arguments": (writer) => {
    const image = lives.image({ args: undefined, quality: Quality.argsUnreadable | Quality.fromProcfs });
    return writer.write(lives.life(found, { image }));
  },
  "container-that-leads-itself": (writer) => {
    const own = { ...lives.identity(4242), vpid: 1 };
    const shim = { ...lives.identity(4100), vpid: 7 };
    const env = ["LD_PRELOAD=/tmp/x.so", "HOME=/"];
    const image = lives.image({
      executable: "/usr/bin/nginx",
      name: "nginx",
      args: ["nginx", "-g", "daemon off;"],
      env,
    });
    const parent = lives.parent({
      identity: shim,
      session: lives.session(),
      groupLeader: { pid: shim.pid, identity: shim },
    });
    const made = { identity: shim, sessionLeader: { pid: shim.pid, identity: shim } };
    const itself = lives.leader({ pid: own.pid, identity: own, image, session: noTerminal, parent: made });
    const leaders = lives.leaders({
      ...{ session: itself, group: itself, entry: itself, entryType: "container", sourceIp: undefined },
    });
    const origin = lives.origin({ parent });
    return writer.write(lives.life(fork | exec, { identity: own, image, leaders, origin, session: noTerminal }));
  },
  "leaders-that-ended-before": (writer) => {
    const pid = 700 as Pid;
    const gone = { image: undefined, credentials: undefined, session: undefined, parent: undefined };
    const leader = lives.leader({ pid, identity: undefined, ...gone });
    const none = { entry: undefined, entryType: undefined, sourceIp: undefined };
    const parent = lives.parent({ groupLeader: { pid, identity: undefined } });
    const leaders = lives.leaders({ session: leader, group: leader, ...none });
    return writer.write(lives.life(fork, { leaders, origin: lives.origin({ parent }), session: noTerminal }));
  },
  loss: (writer) =>
    writer.writeLoss({
      time: new Instant(lives.second + 5, 0),
      from: new Instant(lives.second + 3, 250_000_000),
      to: new Instant(lives.second + 4, 250_000_000),
      lost: { fork: 12, exec: 3, exit: 0 },
    }),
  "loss-of-documents": (writer) =>
    writer.writeLoss({
      time: new Instant(lives.second + 5, 0),
      from: new Instant(lives.second + 3, 250_000_000),
      to: new Instant(lives.second + 4, 250_000_000),
      lost: { spool_full: 1600, spool_damaged: 0 },
    }),
  gap: (writer) =>
    writer.writeGap({
      from: new Instant(lives.second + 1, 999_000_001),
      to: new Instant(lives.second + 14, 5),
      clean: false,
      rebooted: false,
      clockStepped: false,
    }),
  "gap-after-an-orderly-end": (writer) =>
    writer.writeGap({
      from: new Instant(lives.second, 0),
      to: new Instant(lives.second + 60, 0),
      clean: true,
      rebooted: true,
      clockStepped: true,
    }),
};

/** Every golden line by its name. Each comes from a writer of its own. */
export function goldenLines(): ReadonlyMap<string, string> {
  const lines = new Map<string, string>();
  for (const profile of ["lifecycle", "elastic", "transitions"] as const) {
    for (const [transitions, bits] of Object.entries(profile === "transitions" ? lives.singles : lives.rows)) {
      const writer = new DocumentWriter(lives.options({ profile }));
      lines.set(`${profile}.${transitions}`, writer.write(lives.life(bits)));
    }
  }
  for (const [name, write] of Object.entries(others)) lines.set(name, write(new DocumentWriter(lives.options())));
  const analyzer = new DocumentWriter(lives.options({ profile: "elastic", analyzer: true }));
  lines.set("for-the-analyzer", analyzer.write(lives.life(fork)));
  const minimal = new DocumentWriter(lives.options({ hostFields: "minimal" }));
  return lines.set("host-fields-minimal", minimal.write(lives.life(fork)));
}
