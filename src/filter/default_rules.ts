import { NativePattern, TEXT_RULES, type TextRule } from "./default_texts.ts";
import { GENERAL, OF_PROGRAMS, type WordRule } from "./default_words.ts";
import { Names } from "./names.ts";
import { programsOf, telltalesOf, withSharedTelltales } from "./program.ts";
import { REDACTED, type Rule } from "./rule.ts";

/** No name of a user's rule begins with it, so that a new default never takes one. */
export const DEFAULT_PREFIX = "default-";

/** What the word `defaults` stands for, in the order in which the rules are tried. */
export const DEFAULT_RULES: readonly Rule[] = [
  ...GENERAL.map(ofWords),
  ...withSharedTelltales(OF_PROGRAMS.map(ofWords)),
  ...TEXT_RULES.map(ofText),
];

function ofWords({
  name,
  programs,
  option,
  until,
  optional,
  attached,
  variable,
  last,
  pattern,
  except,
}: WordRule): Rule {
  const options = option === undefined ? undefined : new Names(option);
  const rule = {
    name: DEFAULT_PREFIX + name,
    programs: programsOf(programs ?? []),
    option: options,
    until: until === undefined ? undefined : new Names(until),
    optional: optional ?? false,
    attached: [...(attached ?? []), ...(options?.letters ?? [])],
    variable: variable === undefined ? undefined : new Names(variable),
    last: last ?? false,
    pattern: pattern === undefined ? undefined : new NativePattern(pattern),
    except: except === undefined ? undefined : new NativePattern(except),
    replace: REDACTED,
  };
  return { ...rule, telltales: telltalesOf(rule) };
}

function ofText({ name, telltales, expression, except }: TextRule): Rule {
  return {
    name: DEFAULT_PREFIX + name,
    programs: [],
    option: undefined,
    until: undefined,
    optional: false,
    attached: [],
    variable: undefined,
    last: false,
    pattern: new NativePattern(expression),
    except: except === undefined ? undefined : new NativePattern(except),
    replace: REDACTED,
    telltales,
  };
}
