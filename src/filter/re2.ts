import { RE2JS } from "re2js";
import type { Pattern, Span } from "./rule.ts";

/**
 * A pattern in the syntax of RE2 (https://github.com/google/re2/wiki/Syntax), which takes time linear in the text: whoever starts
 * a process chooses its arguments, and must not be able to choose one that makes mayfly stand still.
 */
export class Re2Pattern implements Pattern {
  readonly #expression: RE2JS;
  readonly #groups: number;

  /** @throws an Error of re2js; `faultOf` says it in words */
  constructor(source: string) {
    this.#expression = RE2JS.compile(source);
    this.#groups = this.#expression.groupCount();
  }

  test(text: string): boolean {
    return this.#expression.test(text);
  }

  find(text: string): readonly Span[] {
    // Without groups to fill it uses the automaton: 2 to 10 ns a character against 150.
    if (!this.#expression.test(text)) return [];
    const spans: Span[] = [];
    const matcher = this.#expression.matcher(text);
    while (matcher.find()) {
      let took = false;
      for (let group = 1; group <= this.#groups; group++) {
        const [start, end] = [matcher.start(group), matcher.end(group)];
        took ||= start >= 0;
        if (start >= 0 && end > start) spans.push([start, end]);
      }
      if (!took && matcher.end() > matcher.start()) spans.push([matcher.start(), matcher.end()]);
    }
    return spans;
  }
}

const UNSUPPORTED: readonly (readonly [RegExp, string])[] = [
  [
    /\(\?=|\(\?!/,
    "RE2 has no look-ahead, (?= or (?!: capture in a group what shall be hidden, and put what shall stay in except",
  ],
  [
    /\(\?<[=!]/,
    "RE2 has no look-behind, (?<= or (?<!: match what stands before, and capture what shall be hidden in a group",
  ],
  [/\(\?>/, "RE2 has no atomic groups, (?>: leave out the >, it never backtracks"],
  [/\\[1-9]|\\k[<{']/, "RE2 has no references to earlier groups (\\1): write the alternatives out"],
  [/[*+?}]\+/, "RE2 has no possessive quantifiers (*+, ++): leave out the second +, it never backtracks"],
];

/** What is wrong with a pattern, or undefined. A clause, without full stop. */
export function faultOf(source: string): string | undefined {
  try {
    const pattern = new Re2Pattern(source);
    return pattern.test("") ? "the pattern matches the empty text, so it says nothing of what to hide" : undefined;
  } catch (fault) {
    const known = UNSUPPORTED.find(([part]) => part.test(source.replaceAll("\\\\", "")));
    if (known !== undefined) return known[1];
    const message = fault instanceof Error ? fault.message : String(fault);
    return `not RE2 syntax: ${message.replace(/^error parsing regexp:\s*/, "")}`;
  }
}
