import type { StatusReport } from "../status_report.ts";
import { bytesText, countText, durationText, numberText } from "./quantity.ts";
import { visibleText } from "./sanitise.ts";
import { draw, type Span, span } from "./span.ts";
import type { Paint, Style } from "./style.ts";
import { columnsOf } from "./width.ts";

const LABEL = 11;
const RATE = 9;
/** Sentences are not squeezed into less, however narrow the terminal. */
const SENTENCE_LEAST = 30;

/** How mayfly is, in about ten lines, ending in a newline. */
export function statusText(report: StatusReport, style: Style): string {
  const { ready, reasons, worries } = report;
  const rows = [
    headline(report),
    livesRow(report),
    ...lookUpRows(report),
    ...deliveryRows(report),
    ...outputRows(report),
    costRow(report),
  ];
  const lines = rows.map((spans) => `${draw(spans, style.columns, style)}\n`);
  if (!ready)
    lines.push(...reasons.flatMap(({ message }, at) => sentence(at === 0 ? "not ready" : "", message, "red", style)));
  if (worries.length === 0) lines.push(...sentence("lost", "nothing", "plain", style));
  const counted = worries.map(({ count, words }) => `${numberText(count)} ${words}`);
  lines.push(...counted.flatMap((text, at) => sentence(at === 0 ? "look at" : "", text, "yellow", style)));
  return lines.join("");
}

function headline({ version, ready, state, up_seconds, since }: StatusReport): Span[] {
  return [
    span(`mayfly ${visible(version)} `, "bold"),
    ready ? span("ready", "green") : span("not ready", "boldRed"),
    span(`, ${visible(state)}, up ${durationText(up_seconds)} since ${localTime(since)}`),
  ];
}

function livesRow({ lives }: StatusReport): Span[] {
  const { per_second, ended, running, pending } = lives;
  const text = `${numberText(ended)} ended, ${numberText(running)} running, ${numberText(pending)} in the hold`;
  return [label("lives"), rate(per_second), span(text)];
}

function lookUpRows({ enrichment }: StatusReport): Span[][] {
  if (enrichment === undefined) return [];
  const { waiting, left_without, hashed_files, hashed_bytes } = enrichment;
  const hashed = `${countText(hashed_files, "file")} hashed (${bytesText(hashed_bytes)})`;
  const without = left_without === 0 ? "" : `, ${numberText(left_without)} left without`;
  return [[label("looked up"), span(`${hashed}, ${countText(waiting, "life", "lives")} waiting${without}`)]];
}

function deliveryRows({ delivery, spool }: StatusReport): Span[][] {
  const rows: Span[][] = [];
  if (delivery !== undefined) {
    const { state, per_second, delivered, lag_p50_seconds, lag_p99_seconds } = delivery;
    const paint = state === "delivering" ? "green" : state === "retrying" ? "yellow" : "red";
    const text = `${countText(delivered, "document")} in Elasticsearch, `;
    rows.push([label("delivered"), rate(per_second), span(text), span(visible(state), paint)]);
    if (lag_p50_seconds !== undefined && lag_p99_seconds !== undefined)
      rows.push([
        label("lag"),
        span(`p50 ${durationText(lag_p50_seconds)}, p99 ${durationText(lag_p99_seconds)} from the kernel to there`),
      ]);
  }
  if (spool !== undefined) {
    const { documents, size_bytes, max_size_bytes, oldest_age_seconds } = spool;
    const oldest = documents === 0 ? "" : `, the oldest ${durationText(oldest_age_seconds)} old`;
    const text = `${countText(documents, "document")} wait${documents === 1 ? "s" : ""}${oldest}; `;
    rows.push([label("spool"), span(`${text}${bytesText(size_bytes)} of ${bytesText(max_size_bytes)}`)]);
  }
  return rows;
}

function outputRows({ outputs }: StatusReport): Span[][] {
  return Object.entries(outputs).map(([name, { lines, waiting_bytes }]) => {
    const waiting = waiting_bytes === 0 ? "" : `, ${bytesText(waiting_bytes)} wait`;
    return [label(name), span(`${countText(lines, "line")}${waiting}`)];
  });
}

function costRow({ cpu_cores, resident_bytes }: StatusReport): Span[] {
  return [label("costs"), span(`${(cpu_cores * 100).toFixed(1)} % of a core, ${bytesText(resident_bytes)} resident`)];
}

function label(text: string): Span {
  return span(text.padEnd(LABEL), "dim");
}

function rate(perSecond: number): Span {
  const text = perSecond >= 10 || perSecond === 0 ? numberText(Math.round(perSecond)) : perSecond.toFixed(1);
  return span(`${text}/s`.padEnd(RATE), "bold");
}

/** A sentence is wrapped, never cut: its end says what to do. */
function sentence(name: string, text: string, paint: Paint, style: Style): string[] {
  const width = Math.max(style.columns - LABEL, SENTENCE_LEAST);
  return wrapped(visible(text, style.unicode), width).map((line, at) => {
    const head = style.paint((at === 0 ? name : "").padEnd(LABEL), "dim");
    return `${head}${style.paint(line, paint)}\n`;
  });
}

function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && columnsOf(line) + 1 + columnsOf(word) > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

/** It came over a socket: whoever listens there is not to write on this terminal. */
function visible(text: string, unicode = false): string {
  return visibleText(text, unicode);
}

/** 2026-11-21 09:42:02 */
function localTime(iso: string): string {
  const date = new Date(iso);
  const two = (amount: number): string => String(amount).padStart(2, "0");
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}
