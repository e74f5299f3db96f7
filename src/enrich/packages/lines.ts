const NEWLINE = 0x0a;
const RETURN = 0x0d;

/** Calls `line` with the bounds of each line. What follows the last newline is left out: a file cut off there would name a path that is not. */
export function eachLine(bytes: Uint8Array, line: (from: number, to: number) => void): void {
  let from = 0;
  for (let to = bytes.indexOf(NEWLINE); to !== -1; to = bytes.indexOf(NEWLINE, from)) {
    line(from, bytes[to - 1] === RETURN ? to - 1 : to);
    from = to + 1;
  }
}

/** What stands for a version or a name in any of the databases: printable, without a space, of sane length. */
export function isWord(text: string | undefined): text is string {
  return text !== undefined && text.length <= 256 && /^[\x21-\x7e]+$/.test(text);
}
