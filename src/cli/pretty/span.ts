import type { Paint, Style } from "./style.ts";
import { columnsOf, cut } from "./width.ts";

/** A piece of a line, drawn in one way. Its text is safe for a terminal. */
export interface Span {
  readonly text: string;
  readonly paint: Paint;
}

export function span(text: string, paint: Paint = "plain"): Span {
  return { text, paint };
}

/** Draws spans in at most `columns`; what does not fit is cut, and an ellipsis says so. */
export function draw(spans: readonly Span[], columns: number, style: Style): string {
  const fitting = columns === Number.POSITIVE_INFINITY ? spans : fit(spans, columns, style.signs.ellipsis);
  let text = "";
  for (const { text: piece, paint } of fitting) text += style.paint(piece, paint);
  return text;
}

/** A text in exactly `columns`: filled up with blanks, or cut with an ellipsis. */
export function column(text: string, columns: number, align: "left" | "right", style: Style): string {
  const width = columnsOf(text);
  if (width > columns) {
    const { ellipsis } = style.signs;
    const kept = cut(text, columns - ellipsis.length) + ellipsis;
    return kept + " ".repeat(Math.max(0, columns - columnsOf(kept)));
  }
  const blanks = " ".repeat(columns - width);
  return align === "left" ? text + blanks : blanks + text;
}

function fit(spans: readonly Span[], columns: number, ellipsis: string): Span[] {
  const fitting: Span[] = [];
  let left = columns;
  for (const piece of spans) {
    const width = columnsOf(piece.text);
    if (width > left) return cutToFit([...fitting, piece], columns, ellipsis);
    left -= width;
    fitting.push(piece);
  }
  return fitting;
}

/** Only the last span reaches over the edge, but making room for the ellipsis may take from those before it too. */
function cutToFit(spans: readonly Span[], columns: number, ellipsis: string): Span[] {
  let left = columns - ellipsis.length;
  const kept: Span[] = [];
  for (const piece of spans) {
    const text = cut(piece.text, left);
    left -= columnsOf(text);
    kept.push({ text, paint: piece.paint });
    if (text !== piece.text) break;
  }
  kept.push(span(ellipsis, "dim"));
  return kept;
}
