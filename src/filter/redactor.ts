import { CommandWalk, RuleBook } from "./command_walk.ts";
import { type Edit, hiddenIn, replaceSpans } from "./hide.ts";
import { looksAtWords, type Rule } from "./rule.ts";
import { isCommandLine } from "./shell_words.ts";
import { Telltales } from "./telltales.ts";

/** Bits of a Telltales; more groups than this share. */
const BITS = 31;

/** What was hidden. */
export interface RedactionCounters {
  /** Images with something hidden. */
  readonly images: number;
  /** Values hidden, by name of the rule; every rule is there, from 0. */
  readonly rules: Readonly<Record<string, number>>;
}

/** A rule and the bits that must be found, all of them. */
interface Gated {
  readonly rule: Rule;
  readonly needs: number;
}

const NONE: ReadonlySet<Rule> = new Set();

/**
 * Takes secrets out of arguments: what it returns may leave the host. The same arguments and rules give the same result, and a
 * second time changes nothing.
 */
export class Redactor {
  readonly #words: readonly Gated[];
  readonly #texts: readonly Gated[];
  readonly #book: RuleBook;
  /** Bits of the groups that hold a program's name: args[0] need not say it. */
  readonly #ofPrograms = new Map<string, number>();
  readonly #telltales: Telltales;
  readonly #always: boolean;
  readonly #replacements: ReadonlySet<string>;
  readonly #counts: Record<string, number>;
  #images = 0;

  constructor(rules: readonly Rule[]) {
    const groups: (readonly string[])[] = [];
    const gated = rules.map((rule) => ({ rule, needs: needsOf(rule, groups) }));
    this.#telltales = new Telltales(groups);
    this.#words = gated.filter(({ rule }) => looksAtWords(rule) || rule.programs.length > 0);
    this.#texts = gated.filter(({ rule }) => !looksAtWords(rule));
    this.#book = new RuleBook(rules);
    for (const { rule, needs } of gated)
      for (const { name } of rule.programs) this.#ofPrograms.set(name, (this.#ofPrograms.get(name) ?? 0) | needs);
    this.#always = gated.some(({ needs }) => needs === 0);
    this.#replacements = new Set(rules.map(({ replace }) => replace));
    this.#counts = Object.fromEntries(rules.map(({ name }) => [name, 0]));
  }

  get counters(): RedactionCounters {
    return { images: this.#images, rules: this.#counts };
  }

  /**
   * HOT PATH, once an image: 0.1 us for an ordinary command line, which holds nothing.
   * @param args the arguments, as they came
   * @param commandLine the same joined by one space
   * @param name of the program, without folders; args[0] may say something else
   * @returns the same array when nothing is hidden
   */
  redact(args: readonly string[], commandLine: string, name: string | undefined): readonly string[] {
    const found = this.#telltales.in(commandLine);
    const bits = name === undefined ? found : found | (this.#ofPrograms.get(name) ?? 0);
    return bits === 0 && !this.#always ? args : this.#search(args, name, bits);
  }

  /** As `redact`, with every rule tried: what a prefilter must not change. */
  redactWithoutPrefilter(args: readonly string[], name: string | undefined): readonly string[] {
    return this.#search(args, name, -1);
  }

  /** One text that is no list of arguments, such as the title that a process gave itself. */
  redactText(text: string, name: string | undefined): string {
    return this.redact([text], text, name)[0] ?? "";
  }

  #search(args: readonly string[], name: string | undefined, found: number): readonly string[] {
    const may = ({ needs }: Gated): boolean => (found & needs) === needs;
    let result = args;
    const words = this.#words.filter(may);
    let met: ReadonlySet<Rule> = NONE;
    if (words.length > 0) {
      const general = words.filter(({ rule }) => rule.programs.length === 0).map(({ rule }) => rule);
      const walk = new CommandWalk(this.#book, general, args, name);
      met = walk.met;
      result = this.#applied(args, walk.edits);
    }
    for (const { rule } of this.#texts.filter(may))
      if (rule.programs.length === 0 || met.has(rule)) result = this.#applied(result, this.#inTexts(rule, result));
    if (result !== args) this.#images++;
    return result;
  }

  #inTexts(rule: Rule, args: readonly string[]): Edit[] {
    const edits: Edit[] = [];
    for (const [arg, text] of args.entries()) {
      if (rule.pattern?.test(text) !== true) continue;
      const isShell = isCommandLine(text, args[arg - 1]);
      for (const span of hiddenIn(rule, text, [0, text.length], isShell)) edits.push({ arg, span, rule });
    }
    return edits;
  }

  #applied(args: readonly string[], edits: readonly Edit[]): readonly string[] {
    if (edits.length === 0) return args;
    const fresh = edits.filter(({ arg, span }) => !this.#replacements.has((args[arg] ?? "").slice(...span)));
    if (fresh.length === 0) return args;
    const byArgument = new Map<number, Edit[]>();
    for (const edit of fresh) {
      const own = byArgument.get(edit.arg);
      if (own === undefined) byArgument.set(edit.arg, [edit]);
      else own.push(edit);
    }
    const count = ({ name }: Rule): void => {
      this.#counts[name] = (this.#counts[name] ?? 0) + 1;
    };
    return args.map((text, arg) => {
      const own = byArgument.get(arg);
      return own === undefined ? text : replaceSpans(text, own, count);
    });
  }
}

/** The bits of a rule's groups of telltales; new groups are added to `groups`. Those that do not fit share the last bit. */
function needsOf({ telltales }: Rule, groups: (readonly string[])[]): number {
  let needs = 0;
  for (const group of telltales) {
    let bit = groups.findIndex((known) => known.join("\n") === group.join("\n"));
    if (bit < 0 && groups.length < BITS) bit = groups.push(group) - 1;
    if (bit < 0) {
      bit = BITS - 1;
      groups[bit] = [...(groups[bit] ?? []), ...group];
    }
    needs |= 1 << bit;
  }
  return needs;
}
