import type { TestContext } from "node:test";
import { DocumentWriter } from "../../ecs/document.ts";
import { Enrichment } from "../../src/enrich/enrichment.ts";
import type { ExecutedFile, ExecutedScript, HashResult } from "../../src/enrich/hash/hashes.ts";
import type { HashTicket } from "../../src/enrich/hash/ticket.ts";
import { ImageLookUp, type PackageSource } from "../../src/enrich/image_look_up.ts";
import { NameTags } from "../../src/enrich/name_tags.ts";
import type { NameAnswer } from "../../src/enrich/names/answer.ts";
import type { Package } from "../../src/enrich/packages/package.ts";
import type { PackageQuestion } from "../../src/enrich/packages/package_desk.ts";
import { Clock } from "../../src/process/clock.ts";
import type { Lifecycle } from "../../src/process/lifecycle.ts";
import { Tracker } from "../../src/process/tracker.ts";
import type { ExecRecord, FileIdentity, Pid, TaskState } from "../../src/record/record.ts";
import type { Document } from "../harness/document.ts";
import * as lives from "./ecs_lives.ts";
import { clock, exec, exit, fork, ref, state } from "./world.fixture.ts";

/** Between two regular looks at those who wait. */
export const LOOK_MS = 20;
export const DEADLINE_MS = 500;
export const HOST_MNT_NS = 1;

export function fileOf(inode: number): FileIdentity {
  const times = { mtimeSeconds: 1, mtimeNanos: 0, ctimeSeconds: 1, ctimeNanos: 0 };
  return { inode, size: 4096, ...times, device: 2 ** 20, mode: 0o100755, uid: 0, gid: 0, nlink: 1 };
}

/** Of both kinds. */
export interface FakeTicket<Result> {
  result: Result | undefined;
  kept: unknown;
  until: number;
}

/** Tickets by what they are for, which have their result when the test says so, and hold until the test says otherwise. */
export class Tickets<Result> {
  readonly asked: string[] = [];
  readonly #tickets = new Map<string, FakeTicket<Result>>();

  of(key: string): FakeTicket<Result> {
    this.asked.push(key);
    return this.get(key);
  }

  get(key: string): FakeTicket<Result> {
    let ticket = this.#tickets.get(key);
    if (ticket === undefined)
      this.#tickets.set(key, (ticket = { result: undefined, kept: undefined, until: Number.POSITIVE_INFINITY }));
    return ticket;
  }
}

/** @param now of the clock of `until` */
export function packagesFrom(
  tickets: Tickets<Package | null>,
  now: () => number,
  onRequest: (question: PackageQuestion) => void = () => undefined,
): PackageSource {
  return {
    request: (question) => {
      onRequest(question);
      return tickets.of(question.path);
    },
    holds: ({ until }) => now() < until,
  };
}

/** Names that are known when the test says so. */
export class FakeNames {
  readonly known = new Map<number, string | null>();
  asked = 0;
  user(id: number): NameAnswer {
    this.asked++;
    return this.known.get(id);
  }
  group(id: number): NameAnswer {
    return this.user(id);
  }
}

/**
 * Enrichment between a tracker, in which every record is a life of its own, and a list. What is looked up comes when the test says so;
 * time passes by `pass`.
 */
export class Stage {
  readonly hashes = new Tickets<HashResult>();
  readonly packages = new Tickets<Package | null>();
  readonly names = new FakeNames();
  readonly tags = new NameTags(this.names, HOST_MNT_NS);
  readonly images: ImageLookUp;
  readonly enrichment: Enrichment;
  readonly tracker: Tracker;
  /** Lives that came out, with when, and as what they were written then. */
  readonly left: { readonly life: Lifecycle; readonly ms: number; readonly line: string }[] = [];
  behind = false;
  readonly #test: TestContext;
  readonly #writer = new DocumentWriter(lives.options({ profile: "transitions" }));

  constructor(t: TestContext, deadline = DEADLINE_MS) {
    this.#test = t;
    t.mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"] });
    const hashSource = {
      request: ({ file }: ExecutedFile): HashTicket => this.hashes.of(String(file.inode)),
      requestScript: ({ path }: ExecutedScript): HashTicket => this.hashes.of(path),
    };
    this.images = new ImageLookUp(
      hashSource,
      packagesFrom(this.packages, () => Date.now()),
    );
    this.enrichment = new Enrichment({ deadline, images: this.images, names: this.tags, now: () => Date.now() });
    this.enrichment.handTo({
      onLife: (life) => void this.left.push({ life: { ...life }, ms: Date.now(), line: this.#writer.write(life) }),
      behind: () => this.behind,
    });
    this.tracker = new Tracker(
      { hold: 1000, maxPending: 65_536, maxProcesses: 1000, tellFound: true, merge: false, lookUp: this.enrichment },
      new Clock({ seconds: 1_700_000_000, nanos: 0 }),
      lives.entityIds,
      this.enrichment,
    );
    this.tracker.onClock(clock(0));
    for (const id of [0, 1000]) this.names.known.set(id, id === 0 ? "root" : "ada");
  }

  /** `pid action` of everything that came out. */
  get told(): readonly string[] {
    return this.left.map(({ life }) => `${life.identity.pid} ${actions[life.transitions]}`);
  }

  get documents(): readonly Document[] {
    return this.left.map(({ line }) => JSON.parse(line) as Document);
  }

  pid(number: number): Pid {
    return number as Pid;
  }

  /** Time passes, in steps of `LOOK_MS`. */
  pass(ms: number): void {
    for (let left = ms; left > 0; left -= LOOK_MS) this.#test.mock.timers.tick(Math.min(left, LOOK_MS));
  }

  fork(pid: number, parent = 1, over: Partial<TaskState> = {}): void {
    this.tracker.onFork(fork(ref(pid, pid), ref(parent, parent), 1, { state: state(over) }));
  }

  /** An exec of the file with that inode number, at `/bin/INODE`. */
  exec(pid: number, inode: number, over: Partial<ExecRecord> = {}): void {
    this.tracker.onExec(exec(ref(pid, pid), `/bin/${inode}`, 2, { file: fileOf(inode), ...over }));
  }

  exit(pid: number): void {
    this.tracker.onExit(exit(ref(pid, pid), 0, 3));
  }

  /** The first scan finds a process that runs that file. */
  find(pid: number, inode: number, over: Partial<ExecRecord> = {}): void {
    const record = exec(ref(pid, pid), `/bin/${inode}`, 1, { file: fileOf(inode), ...over });
    this.tracker.onTask(record);
    this.tracker.onScanned(clock(1));
    while (this.tracker.aggregation.flush(1000));
  }

  /** A hash is there: of the file with that inode number, or of a script. */
  hashed(key: number | string, result: HashResult = { kind: "hashed", hashes: { sha256: `hash of ${key}` } }): void {
    const ticket = this.hashes.get(String(key));
    ticket.result = result;
    this.images.settled(ticket);
    this.enrichment.look();
  }

  /** It is known whether the file with that inode number belongs to a package. */
  packaged(inode: number, result: Package | null = null): void {
    const ticket = this.packages.get(`/bin/${inode}`);
    ticket.result = result;
    this.images.settled(ticket);
    this.enrichment.look();
  }

  named(id: number, name: string | null): void {
    this.names.known.set(id, name);
    this.enrichment.look();
  }

  /** Everything about a file. */
  know(inode: number): void {
    this.hashed(inode);
    this.packaged(inode);
  }
}

const actions: Readonly<Record<number, string>> = { 1: "fork", 2: "exec", 4: "end", 8: "found" };
