import type { Span } from "./rule.ts";

/*
 * Where the words of a command line stand that is one argument: `sh -c "mysql -pX"`, `ssh host "..."`. As a shell splits it, but
 * nothing is expanded and quotes stay where they are. One pass, whatever the text.
 */

/** Between two commands: the words behind it belong to another program. */
export const NEXT_COMMAND = undefined;

/** Words as spans, NEXT_COMMAND where a command ends. Unclosed quotes end with the text. */
export function* shellWords(text: string, from: number, to: number): Generator<Span | typeof NEXT_COMMAND> {
  let start = -1;
  for (let at = from; at < to; ) {
    if (start < 0) start = at;
    const next = behindPlain(text, at);
    const character = text[next];
    if (next < to && (character === "\\" || character === "'" || character === '"')) {
      at = character === "\\" ? next + 2 : behindQuotes(text, next);
      continue;
    }
    if (Math.min(next, to) > start) yield [start, Math.min(next, to)];
    start = -1;
    if (next < to && COMMAND_ENDS.includes(character as string)) yield NEXT_COMMAND;
    at = next + 1;
  }
  if (start >= 0) yield [start, to];
}

/** Redirections end a word too, but not the command. */
const PLAIN = /[^ \t\r\n<>;|&()`'"\\]*/y;
const COMMAND_ENDS = "\n;|&()`";

function behindPlain(text: string, at: number): number {
  PLAIN.lastIndex = at;
  PLAIN.test(text);
  return PLAIN.lastIndex;
}

function behindQuotes(text: string, opening: number): number {
  const piece = text[opening] === "'" ? SINGLE : DOUBLE;
  piece.lastIndex = opening;
  piece.test(text);
  return piece.lastIndex;
}

const SINGLE = /'[^']*'?/y;
const DOUBLE = /"[^"\\]*(?:\\[\s\S][^"\\]*)*"?/y;

/** Without the quotes around it, where a word is one quoted piece. */
export function unquoted(text: string, [start, end]: Span): Span {
  const quote = text[start];
  const isQuoted = end - start >= 2 && (quote === '"' || quote === "'") && text[end - 1] === quote;
  return isQuoted ? [start + 1, end - 1] : [start, end];
}

/** A word that a shell fills in only when it runs the command: a variable or the output of another command, no secret itself. */
export function isReference(word: string): boolean {
  return /^(?:\$\w*|\$\{\w+\}|\$\(.*|`.*)$/s.test(word);
}

/**
 * Whether an argument is a command line itself: it has more than one word, is no option, and does not begin as `NAME=value`
 * unless it follows the -c of a shell. In doubt it is one value, so that no end of a secret is left behind.
 */
export function isCommandLine(arg: string, previous: string | undefined): boolean {
  if (arg.startsWith("-") || !/[ \t\n]/.test(arg)) return false;
  return !/^[\w.-]+=/.test(arg) || (previous !== undefined && /^-[a-zA-Z]{0,8}c$/.test(previous));
}
