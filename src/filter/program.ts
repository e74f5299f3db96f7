import { Names } from "./names.ts";
import type { ProgramCondition, Rule } from "./rule.ts";

/** Programs as they are written in rules: `mysql`, or `docker login` where further words must follow. */
export function programsOf(texts: readonly string[]): ProgramCondition[] {
  return texts.map((text) => {
    const [name = "", ...words] = text.trim().split(/\s+/);
    return { name, following: words.map((word) => new Names([word])) };
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
    const words = programs.map(({ following }) => following.at(-1)?.literals()[0] ?? "");
    // Of `-*b*` there is not enough left to tell.
    return words.some((word) => word.length < 3) ? [names] : [names, words.map((word) => ` ${word} `)];
  }
  const names = [...(option?.literals() ?? []), ...(variable?.literals() ?? [])];
  // A name of stars alone tells nothing.
  return names.length === 0 || names.includes("") ? [] : [[...new Set(names)]];
}

/**
 * The same rules with fewer groups: those with as many groups share them. Which program of many it is, is seen soon enough when
 * one of them was found; and bits are few.
 */
export function withSharedTelltales(rules: readonly Rule[]): Rule[] {
  const shared = new Map<number, string[][]>();
  for (const { telltales } of rules) {
    const groups = shared.get(telltales.length) ?? telltales.map(() => []);
    for (const [index, group] of telltales.entries()) groups[index]?.push(...group);
    shared.set(telltales.length, groups);
  }
  return rules.map((rule) => ({ ...rule, telltales: shared.get(rule.telltales.length) ?? rule.telltales }));
}
