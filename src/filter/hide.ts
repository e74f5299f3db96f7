import type { Rule, Span } from "./rule.ts";
import { isReference, unquoted } from "./shell_words.ts";

/** A piece of one argument that a rule hides. */
export interface Edit {
  /** Index of the argument. */
  readonly arg: number;
  readonly span: Span;
  readonly rule: Rule;
}

/**
 * What a rule hides of a value: nothing where it is empty, excepted, or hidden already.
 * @param isShell whether a shell is still to read the text: then quotes are no part of the value, and `$NAME` is no secret
 */
export function hiddenIn(rule: Rule, text: string, value: Span, isShell: boolean): readonly Span[] {
  const [from, to] = isShell ? unquoted(text, value) : value;
  // In single quotes a dollar is a dollar.
  const expands = isShell && (from === value[0] || text[value[0]] === '"');
  const whole = text.slice(from, to);
  if (whole === "" || whole === rule.replace) return [];
  const spans: readonly Span[] = rule.pattern === undefined ? [[0, whole.length]] : rule.pattern.find(whole);
  return spans
    .filter(([start, end]) => {
      const part = whole.slice(start, end);
      return part !== "" && !(expands && isReference(part)) && rule.except?.test(part) !== true;
    })
    .map(([start, end]): Span => [from + start, from + end]);
}

/** The text with each span replaced, and how many were. Spans that overlap an earlier one are left out. */
export function replaceSpans(text: string, edits: readonly Edit[], count: (rule: Rule) => void): string {
  let result = "";
  let done = 0;
  for (const { span, rule } of edits.toSorted((a, b) => a.span[0] - b.span[0])) {
    const [start, end] = span;
    if (start < done) continue;
    result += text.slice(done, start) + rule.replace;
    done = end;
    count(rule);
  }
  return result + text.slice(done);
}
