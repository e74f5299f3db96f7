import { DocumentWriter } from "../../ecs/document.ts";
import { Instant } from "../../src/process/instant.ts";
import { type Lifecycle, Transition } from "../../src/process/lifecycle.ts";
import * as lives from "../unit/ecs_lives.ts";

/*
 * What a document costs: node dist/test/bench/serialise.js
 *
 * Every life is made anew outside the measured time, as in the stream: facts of its own, a parent and credentials that it
 * shares with others. "line" is the string, "bytes" its pieces copied into a buffer one after the other, as outputs do.
 */

const batch = 512;
const rounds = 200;

const { fork, exec, end } = Transition;
const all = fork | exec | end;

const shellArgs = ["/bin/sh", "-e", "./configure", "--prefix=/usr"];
const shell = lives.parent({ image: lives.image({ executable: "/usr/bin/dash", name: "dash", args: shellArgs }) });
const user = lives.credentials();
const root = lives.credentials(lives.root);
const compilerArgs = ["cc", "-O2", "-g", "-Wall", "-Iinclude", "-DNDEBUG", "-c", "-o", "build/main.o", "src/main.c"];
const manyArgs = Array.from({ length: 400 }, (_, i) => `src/generated/module_${i}.c`);

/** Ancestors of an ordinary process: shell, login, ..., init. */
const ancestry = [900, 870, 850, 412, 1].map((pid) => lives.identity(pid, 1_200_000).entityId);

/** Children of one process share their origin. */
const origin = lives.origin({ parent: shell, ancestry });
/** Those of one session share their leaders, those of one executable what was found of it. */
const leaders = lives.leaders();
const findings = lives.findings();

const shapes: Readonly<Record<string, (i: number) => Lifecycle>> = {
  "short life of a user: fork+exec+end": (i) =>
    made(i, all, { credentials: user, image: lives.image({ findings, args: [...compilerArgs, String(i)] }) }),
  "short life of root, all capabilities": (i) =>
    made(i, all, { credentials: root, image: lives.image({ findings, args: ["/bin/true"], executable: "/bin/true" }) }),
  "bare fork of a shell: fork+end": (i) => made(i, fork | end, { credentials: user, image: shell.image }),
  "leader of its own group: fork+exec+end": (i) => {
    const ran = { credentials: user, image: lives.image({ findings, args: [...compilerArgs, String(i)] }) };
    const life = made(i, all, ran);
    const { identity } = life;
    const group = lives.leader({ pid: identity.pid, identity, ...ran });
    return { ...life, leaders: { ...leaders, group, rendered: undefined } };
  },
  "leader of its own session: fork+exec+end": (i) => {
    const ran = { credentials: user, image: lives.image({ findings, args: [...compilerArgs, String(i)] }) };
    const life = made(i, all, ran);
    const { identity } = life;
    const own = lives.leader({ pid: identity.pid, identity, ...ran });
    return { ...life, leaders: { ...leaders, group: own, session: own, rendered: undefined } };
  },
  "400 arguments, 11 KB: fork+exec": (i) =>
    made(i, fork | exec, { credentials: user, image: lives.image({ findings, args: manyArgs }) }),
};

function made(i: number, transitions: number, changed: Partial<Lifecycle>): Lifecycle {
  current = lives.second + (i >> 14);
  const start = new Instant(current, (i & 16383) * 61_000 + 789);
  return lives.life(transitions, {
    ...changed,
    identity: lives.identity(10_000 + i, 1_234_567 + i, start),
    time: new Instant(start.seconds, start.nanos + 400),
    origin,
    leaders,
    replaced: (transitions & exec) === 0 ? undefined : shell.image,
    ...((transitions & end) === 0
      ? {}
      : { exit: lives.exit(0, { time: new Instant(start.seconds, start.nanos + 500_000) }) }),
  });
}

/** Documents of short lives are made in the second in which they began. */
function wallClock(): Instant {
  return new Instant(current, 900_000_000);
}

let current = lives.second;

interface Cost {
  readonly line: number;
  readonly bytes: number;
  readonly size: number;
}

function measure(make: (i: number) => Lifecycle): Cost {
  const writer = new DocumentWriter(lives.options({ profile: "elastic", now: wallClock }));
  const target = Buffer.allocUnsafe(4 << 20);
  const line: number[] = [];
  const bytes: number[] = [];
  let size = 0;
  for (let round = 0; round < rounds; round++) {
    line.push(
      perLife(make, round, (all) => {
        for (const life of all) size = writer.write(life).length;
      }),
    );
    bytes.push(
      perLife(make, round, (all) => {
        for (const life of all) {
          size = 0;
          for (const piece of writer.pieces(life)) size += target.write(piece, size, "utf8");
        }
      }),
    );
  }
  return { line: median(line), bytes: median(bytes), size };
}

/** Nanoseconds per life; making the lives is not counted. */
function perLife(make: (i: number) => Lifecycle, round: number, write: (all: readonly Lifecycle[]) => void): number {
  const all = Array.from({ length: batch }, (_, i) => make(round * batch + i));
  const before = process.hrtime.bigint();
  write(all);
  return Number(process.hrtime.bigint() - before) / batch;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

console.log("document".padEnd(40), "line ns".padStart(9), "bytes ns".padStart(9), "size B".padStart(8));
for (const [name, make] of Object.entries(shapes)) {
  const { line, bytes, size } = measure(make);
  console.log(name.padEnd(40), line.toFixed(0).padStart(9), bytes.toFixed(0).padStart(9), size.toFixed(0).padStart(8));
}
