import type { Instant } from "../../process/instant.ts";
import type { Lifecycle } from "../../process/lifecycle.ts";
import { Transition } from "../../process/lifecycle.ts";
import { commandSpans } from "./command.ts";
import { endingOf } from "./ending.ts";
import type { Layout } from "./layout.ts";
import { headerText, layoutFor } from "./layout.ts";
import { countText, durationText } from "./quantity.ts";
import { visibleText } from "./sanitise.ts";
import type { Span } from "./span.ts";
import { column, draw, span } from "./span.ts";
import type { Style } from "./style.ts";

/** Levels that are shown as such; deeper ones stand at the last. */
const DEEPEST = 6;
/** Below this a duration steps back: most processes live for milliseconds, and one looks for those that do not. */
const SLOW_SECONDS = 1;

/**
 * One lifecycle, one line that never wraps. A row is indented under its parent's while that is among the last lines that
 * fit on the screen; memory is bounded by the same number. Every text ends in a newline.
 */
export class PrettyRows {
  readonly #style: Style;
  readonly #users: (uid: number) => string | undefined;
  /** Depth of the rows on the screen by entity id, oldest first. */
  readonly #depths = new Map<string, number>();
  #layout: Layout | undefined = undefined;

  /** `users` names a uid; undefined: the number is shown. */
  constructor(style: Style, users: (uid: number) => string | undefined) {
    this.#style = style;
    this.#users = users;
  }

  header(): string {
    this.#layout = layoutFor(this.#style.columns);
    return `${draw([span(headerText(this.#layout, this.#style), "dim")], this.#style.columns, this.#style)}\n`;
  }

  /** All that the start-up scan has to say. */
  watching(count: number): string {
    const text = `watching; ${countText(count, "process was", "processes were")} already running`;
    return `${draw([span(text, "dim")], this.#style.columns, this.#style)}\n`;
  }

  /** With a new header before it when a resize has changed the columns. */
  row(life: Lifecycle): string {
    const { columns } = this.#style;
    const layout = layoutFor(columns);
    const header = this.#layout !== undefined && this.#layout !== layout ? this.header() : "";
    const depth = this.#depthOf(life);
    const limit = columns === Number.POSITIVE_INFINITY ? columns : columns * 2;
    const spans = [
      ...this.#factSpans(life, layout),
      ...this.#indent(depth),
      ...commandSpans(life.image, this.#style, limit),
    ];
    return `${header}${draw(spans, columns, this.#style)}\n`;
  }

  #factSpans(life: Lifecycle, layout: Layout): Span[] {
    const style = this.#style;
    const spans: Span[] = [];
    if (layout.time > 0) spans.push(span(`${timeText(life.time).slice(0, layout.time)} `, "dim"));
    if (layout.user > 0) spans.push(span(`${column(this.#userText(life), layout.user, "left", style)} `));
    spans.push(span(`${column(String(life.identity.pid), layout.pid, "right", style)} `, "dim"));

    const { exit } = life;
    const seconds = exit === undefined ? 0 : exit.durationSeconds + exit.durationNanos / 1e9;
    const took = exit === undefined ? "" : durationText(seconds);
    spans.push(span(`${column(took, layout.took, "right", style)} `, seconds < SLOW_SECONDS ? "dim" : "plain"));

    const ending = exit === undefined ? undefined : endingOf(exit);
    spans.push(span(`${(ending?.text ?? "").padEnd(layout.exit)} `, ending?.paint ?? "plain"));
    spans.push(this.#signSpan(life.transitions));
    return spans;
  }

  #userText(life: Lifecycle): string {
    const uid = life.credentials.euid;
    const name = this.#users(uid);
    return name === undefined ? String(uid) : visibleText(name, this.#style.unicode);
  }

  /** A whole life, from fork over exec to its end, is the usual case and has no sign. */
  #signSpan(transitions: number): Span {
    const { fork, exec, end, found } = Transition;
    const made = transitions & (fork | exec);
    if ((transitions & found) !== 0) return span(". ", "dim");
    if (made === fork) return span("& ", "dim");
    if (made === exec) return span(`${this.#style.signs.execAgain} `, "dim");
    if (made === 0) return span((transitions & end) === 0 ? "* " : "- ", "dim");
    return (transitions & end) === 0 ? span("+ ", "green") : span("  ");
  }

  #indent(depth: number): Span[] {
    if (depth === 0) return [];
    return [span("  ".repeat(depth - 1) + this.#style.signs.child, "dim")];
  }

  #depthOf(life: Lifecycle): number {
    const { entityId } = life.identity;
    const parent = life.origin.parent?.identity.entityId;
    const parentDepth = parent === undefined ? undefined : this.#depths.get(parent);
    const depth = parentDepth === undefined ? (this.#depths.get(entityId) ?? 0) : Math.min(parentDepth + 1, DEEPEST);
    this.#depths.delete(entityId);
    this.#depths.set(entityId, depth);
    for (const oldest of this.#depths.keys()) {
      if (this.#depths.size <= this.#style.rows) break;
      this.#depths.delete(oldest);
    }
    return depth;
  }
}

let cachedSecond = Number.NaN;
let cachedText = "";

/** Local time, 09:42:02.123. Consecutive rows share their second. */
function timeText({ seconds, nanos }: Instant): string {
  if (seconds !== cachedSecond) {
    const date = new Date(seconds * 1000);
    cachedSecond = seconds;
    cachedText = [date.getHours(), date.getMinutes(), date.getSeconds()]
      .map((n) => String(n).padStart(2, "0"))
      .join(":");
  }
  return `${cachedText}.${String(Math.floor(nanos / 1e6)).padStart(3, "0")}`;
}
