import { readFileSync, readlinkSync } from "node:fs";
import { ancestorIds, entityId, procIdentity } from "./identity.ts";
import type { Death, Self, Told } from "./program.ts";
import type { RecordedStarter } from "./recorded.ts";

/** One process of a truth program: all that was told about it. */
export interface Life {
  readonly role: string;
  readonly pid: number;
  readonly startTicks: number;
  readonly entityId: string;
  /** Its images and forks, in order. */
  readonly selves: readonly Self[];
  readonly parent: Life | TestProcess;
  /** As wait(2) gives it; undefined when nobody told. */
  readonly status: number | undefined;
  /** Present when its parent waited for it. */
  readonly death: Death | undefined;
  /** wait4 adds what reaped children used, so such a process's usage cannot be compared. */
  readonly hadChildren: boolean;
}

/** The process that runs the test: the parent of every `main`. */
export interface TestProcess {
  readonly role: "test";
  readonly pid: number;
  readonly startTicks: number;
  readonly entityId: string;
}

const own = procIdentity(process.pid);
if (own === undefined) throw new Error("/proc is not mounted");

export let testProcess: TestProcess = {
  role: "test",
  pid: own.pid,
  startTicks: own.startTicks,
  entityId: entityId(own),
};

/** What the test process runs, for children's process.parent. */
export let testImage: { readonly executable: string; readonly args: readonly string[] } = {
  executable: readlinkSync("/proc/self/exe"),
  args: readFileSync("/proc/self/cmdline", "utf8").slice(0, -1).split("\0"),
};

let testAncestors: readonly string[] = ancestorIds(process.pid);

/** From now on lives are those that a recording tells of: started by another process than this one, which is long gone. */
export function startedBy({ pid, startTicks, executable, args, parent }: RecordedStarter): void {
  testProcess = { role: "test", pid, startTicks, entityId: entityId({ pid, startTicks }) };
  testImage = { executable, args };
  testAncestors = [entityId(parent)];
}

/** Ancestors as process.Ext.ancestry has them: nearest first, at most 20. */
export function ancestryOf(life: Life): string[] {
  const ids: string[] = [];
  let next: Life | TestProcess = life.parent;
  for (; "parent" in next; next = next.parent) ids.push(next.entityId);
  return [...ids, next.entityId, ...testAncestors].slice(0, 20);
}

/** The processes of one run, by role. */
export function livesOf(told: Told): ReadonlyMap<string, Life> {
  const lives = new Map<string, Life>();
  for (const { role, made_by, pid, start_ticks } of told.selves) {
    if (lives.has(role)) continue;
    const parent = made_by === "test" ? testProcess : lives.get(made_by);
    if (parent === undefined) throw new Error(`${told.program}: ${role} was made by ${made_by}, who told nothing yet`);
    const death = told.deaths.find((one) => one.role === role);
    lives.set(role, {
      role,
      pid,
      startTicks: start_ticks,
      entityId: entityId({ pid, startTicks: start_ticks }),
      selves: told.selves.filter((self) => self.role === role),
      parent,
      status: role === "main" ? told.status : death?.status,
      death,
      hadChildren: told.selves.some((self) => self.made_by === role),
    });
  }
  return lives;
}
