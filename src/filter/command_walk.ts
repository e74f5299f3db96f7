import { type Edit, hiddenIn } from "./hide.ts";
import type { Names } from "./names.ts";
import type { Rule, Span } from "./rule.ts";
import { isCommandLine, NEXT_COMMAND, shellWords, unquoted } from "./shell_words.ts";

/** A command line in a command line in a command line: `ssh host "sh -c 'mysql -pX'"` is the second. */
const DEPTH_MAX = 4;

/** A rule that waits for its program's further words, or has met them all. */
interface Armed {
  readonly rule: Rule;
  waits: readonly Names[];
}

/** One program and its words, as far as they were walked. */
interface Command {
  armed: Armed[];
  /** Rule of the option in front, whose value the next word is. */
  awaiting: Rule | undefined;
  /** Whether this word is the name of a container or host, and no program: `docker run --name mysql -p 3306:3306 ...`. */
  isName: boolean;
  previous: string | undefined;
  last: (Edit & { readonly isShell: boolean }) | undefined;
}

/** A word and where it stands. */
interface Word {
  readonly text: string;
  readonly span: Span;
  readonly arg: number;
  readonly isShell: boolean;
}

/** Rules by the program they are for. */
export class RuleBook {
  readonly #byProgram = new Map<string, { readonly rule: Rule; readonly following: readonly Names[] }[]>();

  constructor(rules: readonly Rule[]) {
    for (const rule of rules)
      for (const { name, following } of rule.programs)
        this.#byProgram.set(name, [...(this.#byProgram.get(name) ?? []), { rule, following }]);
  }

  /** @param name a program, without folders */
  of(name: string): readonly { readonly rule: Rule; readonly following: readonly Names[] }[] {
    return this.#byProgram.get(name) ?? NONE;
  }
}

const NONE: readonly never[] = [];

/** Goes once through the words of a process's arguments, those of command lines within an argument included. */
export class CommandWalk {
  readonly edits: Edit[] = [];
  /** Rules whose program was met. */
  readonly met = new Set<Rule>();
  readonly #book: RuleBook;
  readonly #general: readonly Rule[];
  readonly #args: readonly string[];

  /**
   * @param book rules for certain programs
   * @param general rules that look at words, whatever the program
   * @param name of the program; args[0] may say something else
   */
  constructor(book: RuleBook, general: readonly Rule[], args: readonly string[], name: string | undefined) {
    this.#book = book;
    this.#general = general;
    this.#args = args;
    const command = newCommand();
    for (const [arg, text] of args.entries()) {
      const word: Word = { text, span: [0, text.length], arg, isShell: false };
      this.#take(command, word, 0);
      if (arg === 0 && name !== undefined) this.#arm(command, name);
    }
    this.#end(command);
  }

  #take(command: Command, word: Word, depth: number): void {
    const { awaiting, previous } = command;
    command.previous = word.text;
    if (awaiting !== undefined) {
      command.awaiting = undefined;
      if (!isOption(word.text, awaiting.optional)) {
        this.#hide(awaiting, word, word.span);
        return;
      }
    }
    if (depth < DEPTH_MAX && isCommandLine(word.text, previous)) {
      this.#walkLine(word, depth + 1);
      this.#takeLast(command, word);
      return;
    }
    this.#look(command, word);
  }

  #walkLine({ span, arg }: Word, depth: number): void {
    const line = this.#args[arg] as string;
    let command = newCommand();
    for (const found of shellWords(line, span[0], span[1])) {
      if (found === NEXT_COMMAND) {
        this.#end(command);
        command = newCommand();
        continue;
      }
      const inner = unquoted(line, found);
      const text = line.slice(inner[0], inner[1]);
      // Its quotes tell whether a shell would fill in a variable: they stay with the span.
      const isLine = isCommandLine(text, command.previous) && command.awaiting === undefined;
      this.#take(command, { text, span: isLine ? inner : found, arg, isShell: true }, depth);
    }
    this.#end(command);
  }

  #look(command: Command, word: Word): void {
    const { text } = word;
    const { isName } = command;
    command.isName = NAMING.test(text);
    this.#takeLast(command, word);
    for (const armed of command.armed) {
      if (armed.waits[0]?.test(text) === true) {
        armed.waits = armed.waits.slice(1);
        if (armed.waits.length === 0) this.met.add(armed.rule);
      }
    }
    const isDashed = text.startsWith("-");
    const equals = text.indexOf("=");
    for (const { rule, waits } of command.armed)
      if (waits.length === 0 && this.#option(command, rule, word, equals)) return;
    if (isDashed) {
      for (const rule of this.#general) if (this.#option(command, rule, word, equals)) return;
      if (equals >= 0) this.#variable(command, word, equals + 1);
    } else if (!this.#variable(command, word, 0) && !isName) {
      this.#arm(command, text.slice(text.lastIndexOf("/") + 1));
    }
  }

  /** Whether the word is an option of the rule: then it holds the value or the next word does. */
  #option(command: Command, rule: Rule, word: Word, equals: number): boolean {
    const { option, attached } = rule;
    const { text } = word;
    if (option?.test(equals < 0 ? text : text.slice(0, equals)) === true) {
      if (equals < 0) command.awaiting = rule;
      else this.#hide(rule, word, inside(word, equals + 1));
      return true;
    }
    const prefix = attached.find((letters) => text.length > letters.length && text.startsWith(letters));
    if (prefix !== undefined) this.#hide(rule, word, inside(word, prefix.length));
    return prefix !== undefined;
  }

  /** Whether the word, or what is behind its first `from` characters, is NAME=value of a rule. */
  #variable(command: Command, word: Word, from: number): boolean {
    const equals = word.text.indexOf("=", from);
    if (equals < 0) return false;
    const name = word.text.slice(from, equals);
    if (!/^["']?[\w.:/@-]+$/.test(name)) return false;
    const bare = name.replace(/^["']/, "");
    const matches = (rule: Rule): boolean => rule.variable?.test(bare) === true;
    const rule =
      command.armed.find((armed) => armed.waits.length === 0 && matches(armed.rule))?.rule ??
      this.#general.find(matches);
    if (rule !== undefined) this.#hide(rule, word, inside(word, equals + 1));
    return true;
  }

  #arm(command: Command, name: string): void {
    if (command.armed.some(({ rule }) => rule.until?.test(name)))
      command.armed = command.armed.filter(({ rule }) => rule.until?.test(name) !== true);
    for (const { rule, following } of this.#book.of(name)) {
      if (command.armed.some((armed) => armed.rule === rule && armed.waits.length <= following.length)) continue;
      command.armed.push({ rule, waits: following });
      if (following.length === 0) this.met.add(rule);
    }
  }

  #takeLast(command: Command, { text, span, arg, isShell }: Word): void {
    if (text.startsWith("-")) return;
    for (const { rule, waits } of command.armed)
      if (rule.last && waits.length === 0) command.last = { rule, span, arg, isShell };
  }

  #end({ last }: Command): void {
    if (last === undefined) return;
    const { rule, span, arg, isShell } = last;
    this.#hide(rule, { text: "", span, arg, isShell }, span);
  }

  #hide(rule: Rule, { arg, isShell }: Word, value: Span): void {
    for (const span of hiddenIn(rule, this.#args[arg] as string, value, isShell)) this.edits.push({ arg, span, rule });
  }
}

function newCommand(): Command {
  return { armed: [], awaiting: undefined, isName: false, previous: undefined, last: undefined };
}

const NAMING = /^--(?:name|hostname|network-alias)$/;

/**
 * The span behind the first characters of a word. In quotes as a whole ("--token=X") the closing quote is no part of it.
 */
function inside({ text, span }: Word, from: number): Span {
  const quotes = (span[1] - span[0] - text.length) / 2;
  return [span[0] + quotes + from, span[1] - quotes];
}

/** Whether a word behind an option is an option itself rather than its value. */
function isOption(word: string, valueIsOptional: boolean): boolean {
  return valueIsOptional ? word.startsWith("-") : /^(?:-[a-zA-Z]?|--[a-zA-Z][\w-]*(?:=.*)?|--)$/s.test(word);
}
