/** Control characters (C0, DEL, C1), line separators, and the marks that turn the direction of text round. */
const unsafe = /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu;
const short: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/**
 * Text that a terminal shows and cannot obey: escape sequences, carriage returns and the like are written as `\n` or
 * `\u001b`. Both forms are also valid inside a JSON string.
 */
export function printable(text: string): string {
  return text.replace(unsafe, (c) => short[c] ?? `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
