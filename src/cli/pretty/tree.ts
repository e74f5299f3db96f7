import type { Lifecycle } from "../../process/lifecycle.ts";
import type { Member } from "./family.ts";
import { commandOf, Family } from "./family.ts";
import type { Entry, Sums } from "./folding.ts";
import { chooseRows } from "./folding.ts";
import { countText, durationText, numberText } from "./quantity.ts";
import { visible } from "./sanitise.ts";
import type { Span } from "./span.ts";
import { column, draw, span } from "./span.ts";
import type { Paint, Style } from "./style.ts";

export interface TreeLimits {
  /** Rows that render() draws. Default 2,000. */
  readonly maxRows?: number;
  /** Processes that are kept; of the others only numbers. Default 100,000, some 50 MB. */
  readonly maxProcesses?: number;
}

/** CPU is left out below this many columns. */
const CPU_FROM = 56;
const TOOK = 6;
/** `exit 127`; a tree with a longer ending in it has a wider column, so that its guides stay in line. */
const EXIT = 8;
const SLOW_SECONDS = 1;
/** Columns before the guides. */
const FIGURES = 24;
/** Where lines are not cut, guides of a deep chain would still fill the page. */
const WIDEST_GUIDES = 240;

/** The processes of one command as a tree, in order of start. Feed it the lifecycles of that command's processes only. */
export class ProcessTree {
  readonly #style: Style;
  readonly #maxRows: number;
  readonly #maxProcesses: number;
  #exitColumns = EXIT;
  /** For summaryText(). */
  readonly family: Family;

  constructor(style: Style, limits: TreeLimits = {}) {
    this.#style = style;
    this.#maxRows = limits.maxRows ?? 2_000;
    this.#maxProcesses = limits.maxProcesses ?? 100_000;
    this.family = new Family(this.#maxProcesses);
  }

  add(life: Lifecycle): void {
    this.family.add(life);
  }

  /** Ends in a newline; "" when nothing was added. */
  render(): string {
    const roots = this.family.roots();
    if (roots.length === 0) return "";
    const rows = chooseRows(roots, this.#maxRows);
    this.#exitColumns = Math.max(EXIT, ...[...rows.values()].map(longestEnding));
    const lines = [this.#header()];
    /** Not recursive: a chain of forks can be deeper than the call stack. */
    const open: Level[] = [{ entries: rows.get(undefined) ?? [], next: 0, guides: "", isRoot: true }];
    for (let level = open.at(-1); level !== undefined; level = open.at(-1)) {
      const entry = level.entries[level.next++];
      if (entry === undefined) {
        open.pop();
        continue;
      }
      const isLast = level.next === level.entries.length;
      lines.push(this.#row(entry, level, isLast));
      const children = entry.kind === "process" ? rows.get(entry.member) : undefined;
      if (children !== undefined)
        open.push({ entries: children, next: 0, guides: this.#below(level, isLast), isRoot: false });
    }
    const { unkept, unkeptFailures } = this.family.totals;
    if (unkept > 0) lines.push(this.#unkeptLine(unkept, unkeptFailures));
    return `${lines.join("\n")}\n`;
  }

  #header(): string {
    const style = this.#style;
    const cpu = this.#showsCpu ? `${column("CPU", TOOK, "right", style)} ` : "";
    const text = `${column("TOOK", TOOK, "right", style)} ${cpu} ${column("EXIT", this.#exitColumns, "left", style)} COMMAND`;
    return draw([span(text, "dim")], style.columns, style);
  }

  #row(entry: Entry, level: Level, isLast: boolean): string {
    const sign = level.isRoot ? "" : isLast ? this.#style.signs.lastBranch : this.#style.signs.branch;
    const guides = span(this.#narrow(level.guides) + sign, "dim");
    const spans = [...this.#figures(entry), guides, ...this.#what(entry)];
    return draw(spans, this.#style.columns, this.#style);
  }

  #figures(entry: Entry): Span[] {
    if (entry.kind === "process") {
      const { member } = entry;
      const cpu = member.userSeconds + member.systemSeconds;
      if (member.ending === undefined) return this.#figureSpans(undefined, undefined, "running", "dim");
      return this.#figureSpans(member.seconds, cpu, member.ending.text, member.ending.paint);
    }
    if (entry.kind === "more") return this.#figureSpans(undefined, entry.sums.cpuSeconds, "", "plain");
    const { ending } = entry.first;
    return this.#figureSpans(undefined, entry.sums.cpuSeconds, ending?.text ?? "running", ending?.paint ?? "dim");
  }

  #figureSpans(seconds: number | undefined, cpuSeconds: number | undefined, exit: string, paint: Paint): Span[] {
    const spans = [this.#durationSpan(seconds)];
    if (this.#showsCpu) spans.push(this.#durationSpan(cpuSeconds));
    spans.push(span(" "), span(exit.padEnd(this.#exitColumns), paint), span(" "));
    return spans;
  }

  #durationSpan(seconds: number | undefined): Span {
    const text = seconds === undefined ? "" : durationText(seconds);
    return span(`${column(text, TOOK, "right", this.#style)} `, (seconds ?? 0) < SLOW_SECONDS ? "dim" : "plain");
  }

  #what(entry: Entry): Span[] {
    if (entry.kind === "process") return this.#processSpans(entry.member);
    if (entry.kind === "more")
      return [
        span(`${this.#style.signs.ellipsis} ${numberText(entry.sums.count)} more`),
        ...this.#failedSpans(entry.sums),
      ];
    const { count, seconds, longestSeconds } = entry.sums;
    const many = span(` ${this.#style.signs.times} ${numberText(count)}`);
    const took = seconds > 0 ? ` (total ${durationText(seconds)}, longest ${durationText(longestSeconds)})` : "";
    return [...this.#nameSpans(entry.first), many, span(took, "dim")];
  }

  #failedSpans({ failures }: Sums): Span[] {
    return failures === 0 ? [] : [span(` (${numberText(failures)} failed)`, "red")];
  }

  /** sh → true: the images it had, then what ran last with its arguments. */
  #processSpans(member: Member): Span[] {
    if (!member.ownImage) return this.#nameSpans(member);
    const earlier = member.earlier.flatMap((name) => [
      ...visible(name, this.#style.unicode, "dim"),
      span(` ${this.#style.signs.arrow} `, "dim"),
    ]);
    return [...earlier, ...commandOf(member, this.#style)];
  }

  #nameSpans(member: Member): Span[] {
    const name = visible(member.name, this.#style.unicode, "bold");
    return member.ownImage ? name : [span("fork of ", "dim"), ...name];
  }

  #unkeptLine(unkept: number, failures: number): string {
    const failed = failures > 0 ? ` (${numberText(failures)} failed)` : "";
    const text = `and ${countText(unkept, "process", "processes")} beyond the ${numberText(this.#maxProcesses)} that are kept, only counted${failed}`;
    return draw([span(text, failures > 0 ? "red" : "plain")], this.#style.columns, this.#style);
  }

  #below(level: Level, isLast: boolean): string {
    if (level.isRoot) return "";
    return level.guides + (isLast ? "   " : this.#style.signs.guide);
  }

  /** Guides leave half of what the figures leave; the nearest levels stay, and an ellipsis stands for the others. */
  #narrow(guides: string): string {
    const { columns, signs } = this.#style;
    const room = Math.floor((Math.min(columns, WIDEST_GUIDES) - FIGURES) / 2);
    if (guides.length <= room) return guides;
    const levels = Math.max(1, Math.floor(room / 3) - 1);
    return signs.ellipsis.padEnd(3) + guides.slice(-levels * 3);
  }

  get #showsCpu(): boolean {
    return this.#style.columns >= CPU_FROM;
  }
}

/** The rows below one parent, on their way to the screen. */
interface Level {
  readonly entries: readonly Entry[];
  next: number;
  readonly guides: string;
  readonly isRoot: boolean;
}

function longestEnding(entries: readonly Entry[]): number {
  let longest = 0;
  for (const entry of entries) {
    if (entry.kind === "more") continue;
    const { ending } = entry.kind === "process" ? entry.member : entry.first;
    longest = Math.max(longest, ending?.text.length ?? 0);
  }
  return longest;
}
