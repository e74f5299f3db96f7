import { basename } from "node:path";
import { capabilityNames } from "./capabilities.ts";
import { PATIENCE } from "./deadline.ts";
import { Differences, millis } from "./differences.ts";
import type { Document } from "./document.ts";
import { endDifferences } from "./expect_end.ts";
import { leaderDifferences, previousDifferences } from "./expect_leaders.ts";
import { parentDifferences } from "./expect_parent.ts";
import { readEventId } from "./identity.ts";
import { ancestryOf, type Life } from "./life.ts";
import { hashDifferences, kernelQuality } from "./looked_up.ts";
import { type Self, text } from "./program.ts";
import { type ProfileUnderTest, WORDS } from "./words.ts";

/**
 * Everything in which the documents of one process differ from what the process told of itself; empty when all is true.
 * `expected`: the transitions of its documents, in order.
 */
export function differences(
  life: Life,
  expected: readonly string[],
  all: readonly Document[],
  profile: ProfileUnderTest,
): string[] {
  const found = all.map((document) => document.mayfly?.transitions).join(", ");
  const wanted = expected.join(", ");
  const isSpawnApart = life.role === "main" && found !== wanted && found === wanted.replace("fork+exec", "fork, exec");
  if (found !== wanted && !isSpawnApart) return [`${life.role}: documents are [${found}], expected [${wanted}]`];
  // Between the fork and the exec of `main` stands the test that spawns it: on a busy machine for longer than the hold. Then the
  // fork's document shows the test's image, of which the program can tell nothing.
  const isForkAlone = life.role === "main" && expected[0] === "fork";
  const documents = isSpawnApart || isForkAlone ? all.slice(1) : all;
  const differing: string[] = [];
  const untold = [...life.selves];
  const first = firstSelf(life);
  let self = first;
  let ranOwnImage = false;
  for (const document of documents) {
    const transitions = document.mayfly?.transitions?.split("+") ?? [];
    let before: Self | undefined;
    for (const transition of transitions) {
      if (transition === "exec") before = self === first ? undefined : self;
      self = toldAfter(transition, untold) ?? self;
      if (transition === "exec" || transition === "found") ranOwnImage = true;
    }
    const found = new Differences(`${life.role}, ${transitions.join("+")}`);
    eventDifferences(found, document, life, profile);
    imageDifferences(found, document, self, ranOwnImage);
    idDifferences(found, document, self);
    parentDifferences(found, document, life);
    leaderDifferences(found, document, life, self);
    previousDifferences(found, document, life, before);
    found.compare("process.Ext.ancestry", document.process?.Ext?.ancestry, ancestryOf(life));
    endDifferences(found, document, life, self);
    found.noEmptyValues(document);
    differing.push(...found.list);
  }
  return differing;
}

/**
 * What the process told after this transition; at its end, what it told last. What it told of changes that have no document is
 * passed over.
 */
function toldAfter(transition: string, untold: Self[]): Self | undefined {
  const isChange = ({ after }: Self): boolean => after.endsWith("_change");
  if (transition === "end") return untold.splice(0).filter(isChange).at(-1);
  const next = untold.findIndex((self) => !isChange(self) || self.after === transition);
  return untold[next]?.after === transition ? untold.splice(0, next + 1).at(-1) : undefined;
}

/** A child that could not speak before its exec (vfork) is till then what its parent is. */
function firstSelf({ role, pid, startTicks, selves, parent }: Life): Self {
  const [first] = selves;
  if (first === undefined) throw new Error(`${role} told nothing of itself`);
  const inherited = "selves" in parent ? parent.selves.at(-1) : undefined;
  if (first.after === "fork" || inherited === undefined) return first;
  return { ...inherited, pid, start_ticks: startTicks };
}

function eventDifferences(found: Differences, document: Document, life: Life, profile: ProfileUnderTest): void {
  const { event, mayfly } = document;
  const transitions = mayfly?.transitions ?? "";
  const words = WORDS[profile][transitions];
  found.compare("event.kind", event?.kind, "event");
  found.compare("event.category", event?.category, ["process"]);
  found.compare("event.type", event?.type, words?.type);
  found.compare("event.action", event?.action, words?.action);
  found.compare("event.module", event?.module, "mayfly");
  found.compare("event.dataset", event?.dataset, "mayfly.process");
  found.check("event.sequence", event?.sequence, Number.isSafeInteger(event?.sequence), "a count from 1");

  const time = millis(document["@timestamp"]);
  const started = millis(document.process?.start);
  found.check("@timestamp", document["@timestamp"], time >= started - 20, "not before process.start");
  found.check("event.created", event?.created, millis(event?.created) >= time - 1, "not before @timestamp");
  if (transitions === "found") return;

  const id = readEventId(event?.id ?? "");
  const bits = { fork: 1, exec: 2, end: 4, uid_change: 16, gid_change: 32, session_id_change: 64 } as const;
  const expectedBits = transitions.split("+").reduce((sum, one) => sum | bits[one as keyof typeof bits], 0);
  found.compare("event.id (host and boot)", id.sameHost, true);
  found.compare("event.id (pid)", id.pid, life.pid);
  found.compare("event.id (transitions)", id.transitions, expectedBits);
  found.near("event.id (microseconds)", Math.floor(id.micros / 1000), time, 0);
}

function imageDifferences(found: Differences, document: Document, self: Self, ranOwnImage: boolean): void {
  const { process, mayfly } = document;
  const executable = readExecutable(text(self.exe));
  const args = self.args.map(text);
  found.compare("process.pid", process?.pid, self.pid);
  found.compare("process.executable", process?.executable, executable.path);
  found.compare("process.name", process?.name, basename(executable.path));
  found.compare("process.args", process?.args, args);
  found.compare("process.args_count", process?.args_count, args.length);
  found.compare("process.command_line", process?.command_line, args.join(" ") === "" ? undefined : args.join(" "));
  found.compare("process.working_directory", process?.working_directory, ranOwnImage ? folderOf(self) : undefined);
  found.compare("mayfly.script.path", mayfly?.script?.path, self.script === undefined ? undefined : text(self.script));
  found.compare("mayfly.executable.memfd", mayfly?.executable?.memfd ?? false, executable.memfd);
  // A memfd has no link either: whether it counts as deleted is left open.
  if (!executable.memfd)
    found.compare("mayfly.executable.deleted", mayfly?.executable?.deleted ?? false, executable.deleted);
  const readable = self.args.every((arg) => typeof arg === "string");
  found.compare("mayfly.quality", kernelQuality(document), readable ? undefined : ["args_invalid_utf8"]);
  found.compare("mayfly.args.length", mayfly?.args?.length, undefined);
  const isThere = !executable.memfd && !executable.deleted;
  hashDifferences(found, document, isThere ? executable.path : undefined);

  // start_ticks is rounded down to 10 ms, and the program's two clocks are read one after the other.
  const told = (self.real.seconds - self.boot.seconds) * 1000 + (self.real.nanos - self.boot.nanos) / 1e6;
  found.near("process.start", millis(process?.start), told + self.start_ticks * 10 + 5, 12 * PATIENCE);
}

/** What /proc/PID/exe links to, in the words of a document. */
function readExecutable(link: string): { path: string; deleted: boolean; memfd: boolean } {
  const path = link.replace(/ \(deleted\)$/, "");
  const memfd = path.startsWith("/memfd:");
  return { path: memfd ? path.slice(1) : path, deleted: path !== link, memfd };
}

/** What /proc/PID/cwd links to: of a folder that is removed, the path that it had. */
function folderOf(self: Self): string {
  return text(self.cwd).replace(/ \(deleted\)$/, "");
}

function idDifferences(found: Differences, document: Document, self: Self): void {
  const { process } = document;
  const ids: readonly [string, { readonly id?: string } | undefined, number][] = [
    ["user", document.user, self.euid],
    ["group", document.group, self.egid],
    ["process.user", process?.user, self.euid],
    ["process.group", process?.group, self.egid],
    ["process.real_user", process?.real_user, self.uid],
    ["process.real_group", process?.real_group, self.gid],
    ["process.saved_user", process?.saved_user, self.suid],
    ["process.saved_group", process?.saved_group, self.sgid],
  ];
  for (const [name, value, expected] of ids) found.compare(`${name}.id`, value?.id, String(expected));

  for (const set of ["effective", "permitted"] as const) {
    const names = capabilityNames(self[set]);
    const actual = process?.thread?.capabilities?.[set];
    found.compare(`process.thread.capabilities.${set}`, actual, names.length === 0 ? undefined : names);
  }
  found.compare("process.interactive", process?.interactive, self.tty !== undefined);
  found.compare("process.tty.char_device", process?.tty?.char_device, self.tty);
}
