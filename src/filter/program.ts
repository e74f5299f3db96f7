import { Names } from "./names.ts";
import type { ProgramCondition, Rule } from "./rule.ts";

/** Programs as they are written in rules: `mysql`, or `docker login` where further words must follow. */
export function programsOf(texts: readonly string[]): ProgramCondition[] {
  return texts.map((text) => {
    const [name = "", ...words] = text.trim().split(/\s+/);
    return { name, then: words.map((word) => new Names([word])) };
  });
}

/** The literals without which a rule that looks at words has nothing to hide (Telltales). */
export function telltalesOf({
  programs,
  option,
  variable,
}: Pick<Rule, "programs" | "option" | "variable">): string[][] {
  // A space is any boundary: what a program's name stands between when words follow it.
  if (programs.length > 0) {
    const names = programs.map(({ name }) => ` ${name} `);
    const words = programs.map(({ then }) => then.at(-1)?.literals()[0] ?? "");
    return words.some((word) => word.length < 2) ? [names] : [names, words];
  }
  const names = [...(option?.literals() ?? []), ...(variable?.literals() ?? [])];
  // A name of stars alone tells nothing.
  return names.length === 0 || names.includes("") ? [] : [[...new Set(names)]];
}
