import type { Span } from "./span.ts";
import { span } from "./span.ts";
import type { Paint } from "./style.ts";

const PRINTABLE_ASCII = /^[\x20-\x7e]*$/;

/**
 * What is never sent to a terminal as it is: controls (C0, DEL, C1), formatting (bidi overrides and isolates, zero-width,
 * soft hyphen, tags), line and paragraph separators, lone surrogates, blanks that are no blank, what draws nothing, and
 * what has no meaning or width that all agree on (private use, unassigned).
 */
const UNSAFE =
  /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]/u;

/**
 * On a terminal that does not speak UTF-8 everything beyond ASCII: the bytes of harmless letters are controls there
 * (0x9b, the second byte of U+011B, opens an escape sequence).
 */
const UNSAFE_WITHOUT_UTF8 = /[^\x20-\x7e]/u;

/** Characters that no shell treats specially anywhere in a word. */
const SHELL_SAFE = /^[A-Za-z0-9_@%+=:,./\u00a1-\u{10ffff}-]+$/u;

const NAMED: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** Text from a process, such as a name or a path: what is unsafe is shown as an escape, dim. */
export function visible(text: string, unicode: boolean, paint: Paint = "plain"): Span[] {
  if (PRINTABLE_ASCII.test(text)) return [span(text, paint)];
  return escaped(text, unicode, paint, (safe) => safe);
}

/** As visible(), without colour: for columns of a fixed width. */
export function visibleText(text: string, unicode: boolean): string {
  return visible(text, unicode)
    .map((piece) => piece.text)
    .join("");
}

/**
 * An argument as one would type it: bare where that is safe, in quotes otherwise, and as bash's $'...' when it holds
 * something unsafe, whose escapes are the ones shown by visible(). So a line can be copied and run.
 */
export function shellWord(arg: string, unicode: boolean, paint: Paint = "plain"): Span[] {
  const unsafe = unicode ? UNSAFE : UNSAFE_WITHOUT_UTF8;
  if (!PRINTABLE_ASCII.test(arg) && unsafe.test(arg)) {
    const inside = escaped(arg, unicode, paint, (safe) => safe.replace(/[\\']/g, "\\$&"));
    return [span("$'", paint), ...inside, span("'", paint)];
  }
  if (SHELL_SAFE.test(arg)) return [span(arg, paint)];
  return [span(`'${arg.replaceAll("'", "'\\''")}'`, paint)];
}

function escaped(text: string, unicode: boolean, paint: Paint, ofSafe: (safe: string) => string): Span[] {
  const unsafe = unicode ? UNSAFE : UNSAFE_WITHOUT_UTF8;
  const spans: Span[] = [];
  let safe = "";
  for (const character of text) {
    if (!unsafe.test(character)) {
      safe += character;
      continue;
    }
    if (safe !== "") spans.push(span(ofSafe(safe), paint));
    safe = "";
    spans.push(span(escapeOf(character), "dim"));
  }
  if (safe !== "") spans.push(span(ofSafe(safe), paint));
  return spans;
}

/** \xNN only below 0x80: above it a byte is not a character, so U+009B is \u009b. */
function escapeOf(character: string): string {
  const named = NAMED[character];
  if (named !== undefined) return named;
  const code = character.codePointAt(0) ?? 0;
  const hex = code.toString(16);
  if (code < 0x80) return `\\x${hex.padStart(2, "0")}`;
  return code <= 0xffff ? `\\u${hex.padStart(4, "0")}` : `\\U${hex.padStart(8, "0")}`;
}
