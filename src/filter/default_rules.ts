import { NativePattern, TEXT_RULES, type TextRule } from "./default_texts.ts";
import { WORD_RULES, type WordRule } from "./default_words.ts";
import { Names } from "./names.ts";
import { programsOf, telltalesOf } from "./program.ts";
import { REDACTED, type Rule } from "./rule.ts";

/** What the word `defaults` stands for, in the order in which the rules are tried. */
export const DEFAULT_RULES: readonly Rule[] = [...WORD_RULES.map(ofWords), ...TEXT_RULES.map(ofText)];

function ofWords({ name, programs, option, optional, attached, variable, last, pattern, except }: WordRule): Rule {
  const options = option === undefined ? undefined : new Names(option);
  const rule = {
    name,
    programs: programsOf(programs ?? []),
    option: options,
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

function ofText({ name, telltales, expression }: TextRule): Rule {
  return {
    name,
    programs: [],
    option: undefined,
    optional: false,
    attached: [],
    variable: undefined,
    last: false,
    pattern: new NativePattern(expression),
    except: undefined,
    replace: REDACTED,
    telltales,
  };
}
