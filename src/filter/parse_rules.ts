import { DEFAULT_PREFIX, DEFAULT_RULES } from "./default_rules.ts";
import { Names } from "./names.ts";
import { programsOf, telltalesOf } from "./program.ts";
import { faultOf, Re2Pattern } from "./re2.ts";
import { looksAtWords, REDACTED, type Rule } from "./rule.ts";

/** What is wrong with an item of the list `redact`. */
export interface RuleFault {
  /** Its place in the list, from 0. */
  readonly index: number;
  /** One sentence. */
  readonly message: string;
}

export type ParsedRules = { readonly rules: readonly Rule[] } | { readonly faults: readonly RuleFault[] };

/** The keys of an item, and what they may hold. docs/redaction.md says what they mean. */
const KEYS: Readonly<Record<string, "text" | "texts" | "switch">> = {
  name: "text",
  pattern: "text",
  option: "texts",
  variable: "texts",
  last: "switch",
  program: "texts",
  except: "text",
  replace: "text",
  contains: "text",
};

interface Item {
  readonly name: string;
  readonly pattern?: string;
  readonly option?: string | readonly string[];
  readonly variable?: string | readonly string[];
  readonly last?: boolean;
  readonly program?: string | readonly string[];
  readonly except?: string;
  readonly replace?: string;
  readonly contains?: string;
}

/**
 * The rules of a list `redact`: its items are `defaults`, the name of one default rule, `!NAME` to leave one out, or a rule of
 * the user's own. Faults of all items are told at once.
 */
export function parseRules(items: readonly unknown[]): ParsedRules {
  const faults: RuleFault[] = [];
  const rules = new Map<string, Rule>();
  const leftOut: string[] = [];
  for (const [index, item] of items.entries()) {
    const chosen = typeof item === "string" ? chosenDefaults(item, leftOut) : ownRule(item, rules);
    if (typeof chosen === "string") faults.push({ index, message: chosen });
    else for (const rule of chosen) rules.set(rule.name, rule);
  }
  if (faults.length > 0) return { faults };
  for (const name of leftOut) rules.delete(name);
  return { rules: [...rules.values()] };
}

function chosenDefaults(word: string, leftOut: string[]): readonly Rule[] | string {
  if (word === "defaults") return DEFAULT_RULES;
  const name = word.replace(/^!/, "");
  const rule = DEFAULT_RULES.find((known) => known.name === name);
  if (rule === undefined)
    return `${JSON.stringify(word)} is no default rule: write defaults, the name of one such as default-token, or a rule as a mapping.`;
  if (word === name) return [rule];
  leftOut.push(name);
  return [];
}

function ownRule(item: unknown, others: ReadonlyMap<string, Rule>): readonly [Rule] | string {
  const shape = shapeFault(item);
  if (shape !== undefined) return shape;
  const given = item as Item;
  const fault = nameFault(given, others) ?? patternFault(given) ?? wordsFault(given) ?? replaceFault(given);
  return fault ?? [ruleOf(given)];
}

function shapeFault(item: unknown): string | undefined {
  if (typeof item !== "object" || item === null || Array.isArray(item))
    return "A rule is a word (defaults) or a mapping with name and pattern, option, variable or last.";
  for (const [key, value] of Object.entries(item)) {
    const kind = KEYS[key];
    if (kind === undefined)
      return `A rule has no key ${JSON.stringify(key)}: there are ${Object.keys(KEYS).join(", ")}.`;
    if (kind === "switch" && typeof value !== "boolean") return `${key} is true or false.`;
    if (kind === "text" && (typeof value !== "string" || value === "")) return `${key} is a text that is not empty.`;
    const list: readonly unknown[] = Array.isArray(value) ? value : [value];
    if (kind === "texts" && (list.length === 0 || list.some((text) => typeof text !== "string" || text.trim() === "")))
      return `${key} is a text or a list of texts, none of them empty.`;
  }
  return undefined;
}

function nameFault({ name }: Item, others: ReadonlyMap<string, Rule>): string | undefined {
  if (name === undefined) return "A rule needs a name: its counter in /metrics and doctor is called by it.";
  if (!/^[a-z0-9][a-z0-9_-]{0,63}$/.test(name))
    return `${JSON.stringify(name)} cannot name a rule: up to 64 of a-z, 0-9, - and _, beginning with a letter or digit.`;
  if (name.startsWith(DEFAULT_PREFIX))
    return `Names that begin with ${DEFAULT_PREFIX} are mayfly's own: choose another.`;
  if (others.has(name)) return `There is another rule with the name ${name}: choose another.`;
  return undefined;
}

function patternFault({ pattern, except }: Item): string | undefined {
  const fault = pattern === undefined ? undefined : faultOf(pattern);
  if (fault !== undefined) return `pattern ${JSON.stringify(pattern)} cannot be used: ${fault}.`;
  const other = except === undefined ? undefined : faultOf(except);
  return other === undefined ? undefined : `except ${JSON.stringify(except)} cannot be used: ${other}.`;
}

function wordsFault({ pattern, option, variable, last, program }: Item): string | undefined {
  if (pattern === undefined && option === undefined && variable === undefined && last !== true)
    return "A rule needs pattern, option, variable or last: they say what to hide.";
  const names = [...listOf(option), ...listOf(variable)];
  const starry = names.find((name) => name.split("*").length > 3 || !/[^*!-]/.test(name));
  if (starry !== undefined) return `${JSON.stringify(starry)} needs a letter or digit and has at most two stars.`;
  if (names.some((name) => /[\s=]/.test(name))) return "A name of an option or variable has no space and no =.";
  const letter = listOf(option).find((name) => /^-[^-*]$/.test(name));
  if (program !== undefined) return undefined;
  if (letter !== undefined)
    return `${letter} means something else in every program: say in program for which ones it holds a secret.`;
  return last === true ? "last needs program: the last word of every command would be hidden." : undefined;
}

function replaceFault({ replace }: Item): string | undefined {
  if (replace === undefined || /^[!#-[\]-~]{1,64}$/.test(replace)) return undefined;
  return 'replace is 1 to 64 characters of ASCII without white space, " and \\: it stands in JSON and in tables.';
}

function ruleOf({ name, pattern, option, variable, last, program, except, replace, contains }: Item): Rule {
  const options = option === undefined ? undefined : new Names(listOf(option));
  const rule = {
    name,
    programs: programsOf(listOf(program)),
    option: options,
    until: undefined,
    optional: false,
    attached: options?.letters ?? [],
    variable: variable === undefined ? undefined : new Names(listOf(variable)),
    last: last ?? false,
    pattern: pattern === undefined ? undefined : new Re2Pattern(pattern),
    except: except === undefined ? undefined : new Re2Pattern(except),
    replace: replace ?? REDACTED,
  };
  const own = contains === undefined ? [] : [[contains]];
  const ofWords = looksAtWords({ ...rule, telltales: [] }) || rule.programs.length > 0 ? telltalesOf(rule) : [];
  return { ...rule, telltales: [...ofWords, ...own] };
}

function listOf(texts: string | readonly string[] | undefined): readonly string[] {
  return texts === undefined ? [] : typeof texts === "string" ? [texts] : texts;
}
