import type { Ending } from "./ending.ts";
import type { Family, Member, Totals } from "./family.ts";
import { commandOf } from "./family.ts";
import { bytesText, countText, durationText, numberText } from "./quantity.ts";
import type { Span } from "./span.ts";
import { column, draw, span } from "./span.ts";
import type { Style } from "./style.ts";

/** What the run knows beside its processes. */
export interface RunFacts {
  /** From the command's start to its end. */
  readonly wallSeconds: number;
  /** Records the kernel had no room for, or that could not be read. */
  readonly lostRecords: number;
}

const FAILURES_SHOWN = 5;
const SLOWEST_SHOWN = 3;
const LABEL = 9;
/** Faster ones are not worth a line. */
const SLOW_SECONDS = 0.01;

/** What one wants to know of a build or a cron job; at most a dozen lines, ending in a newline. */
export function summaryText(family: Family, facts: RunFacts, style: Style): string {
  const members = [...family.members];
  const lines = [
    headline(family, members, facts),
    [label("cpu"), span(cpuText(family.totals, facts.wallSeconds))],
    ...section("failed", failedRows(members, family.totals.failures, style)),
    ...section("slowest", slowestRows(family.leaves(), style)),
    ...section("largest", largestRow(members, style)),
    ...section("lost", lostRow(facts.lostRecords)),
  ];
  return lines.map((spans) => `${draw(spans, style.columns, style)}\n`).join("");
}

function headline({ totals }: Family, members: readonly Member[], { wallSeconds }: RunFacts): Span[] {
  const { processes, failures } = totals;
  const running = members.filter((member) => member.ending === undefined).length;
  return [
    span(countText(processes, "process", "processes"), "bold"),
    ...(failures > 0 ? [span(", "), span(`${numberText(failures)} failed`, "red")] : []),
    ...(running > 0 ? [span(`, ${numberText(running)} still running`, "yellow")] : []),
    span(` in ${durationText(wallSeconds)}`),
  ];
}

function cpuText({ userSeconds, systemSeconds }: Totals, wallSeconds: number): string {
  const cpu = userSeconds + systemSeconds;
  const cores = wallSeconds > 0 ? `, ${(cpu / wallSeconds).toFixed(1)} cores` : "";
  return `${durationText(cpu)} (user ${durationText(userSeconds)}, system ${durationText(systemSeconds)})${cores}`;
}

function label(text: string): Span {
  return span(text.padEnd(LABEL), "dim");
}

function section(name: string, rows: readonly (readonly Span[])[]): Span[][] {
  return rows.map((row, index) => [label(index === 0 ? name : ""), ...row]);
}

/** Failures of one name that ended the same way share a row, so that a script's hundred greps do not hide a crash. */
function failedRows(members: readonly Member[], failures: number, style: Style): Span[][] {
  const groups = [...failureGroups(members)].sort((a, b) => rankOf(a) - rankOf(b)).slice(0, FAILURES_SHOWN);
  const width = Math.max(0, ...groups.map(({ ending }) => ending.text.length));
  const rows = groups.map(({ ending, first, count }) => [
    span(`${ending.text.padEnd(width)}  `, ending.paint),
    span(count === 1 ? `pid ${first.pid}  ` : `${style.signs.times} ${numberText(count)}  `, "dim"),
    ...commandOf(first, style),
  ]);
  const shown = groups.reduce((sum, { count }) => sum + count, 0);
  if (failures > shown) rows.push([span(`and ${numberText(failures - shown)} more`, "red")]);
  return rows;
}

interface FailureGroup {
  readonly ending: Ending;
  readonly first: Member;
  /** True when a child had failed before: make only passes on what its compiler said. */
  readonly isPassedOn: boolean;
  count: number;
}

function failureGroups(members: readonly Member[]): Iterable<FailureGroup> {
  const parentsOfFailed = new Set<string | undefined>();
  for (const { ending, parentId } of members) if (ending?.failed === true) parentsOfFailed.add(parentId);
  const groups = new Map<string, FailureGroup>();
  for (const member of members) {
    const { ending, name, entityId } = member;
    if (ending?.failed !== true) continue;
    const isPassedOn = parentsOfFailed.has(entityId);
    const key = `${isPassedOn}\0${ending.text}\0${name}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { ending, first: member, isPassedOn, count: 1 });
    else group.count++;
  }
  return groups.values();
}

/** Crashes first, then what failed by itself, then what passed a failure on. */
function rankOf({ ending, isPassedOn }: FailureGroup): number {
  if (ending.paint === "boldRed") return 0;
  return isPassedOn ? 2 : 1;
}

/** Leaves only: a shell is as slow as what it waits for. */
function slowestRows(leaves: readonly Member[], style: Style): Span[][] {
  return leaves
    .filter(({ seconds }) => seconds >= SLOW_SECONDS)
    .sort((a, b) => b.seconds - a.seconds)
    .slice(0, SLOWEST_SHOWN)
    .map((leaf) => [span(`${column(durationText(leaf.seconds), 6, "right", style)}  `), ...commandOf(leaf, style)]);
}

function largestRow(members: readonly Member[], style: Style): Span[][] {
  let largest: Member | undefined;
  for (const member of members) {
    if (member.maxRssBytes > (largest?.maxRssBytes ?? 0)) largest = member;
  }
  return largest === undefined ? [] : [[span(`${bytesText(largest.maxRssBytes)}  `), ...commandOf(largest, style)]];
}

function lostRow(lost: number): Span[][] {
  return lost === 0 ? [] : [[span(`${countText(lost, "record")}: processes or ends are missing above`, "boldRed")]];
}
