/**
 * An argument block as the kernel lays it out, as an array. Every argument is closed by a NUL, so an empty one counts, also
 * the last; a block that was cut ends without NUL and its last piece is what is left of an argument.
 * @param text the block, one character a byte or decoded; never holds a NUL for anything else
 */
export function splitArgs(text: string): string[] {
  if (text === "") return [];
  const whole = text.charCodeAt(text.length - 1) === 0 ? text.slice(0, -1) : text;
  return whole.split("\0");
}

/**
 * The same for a process that was met while it ran and may have written over its arguments (setproctitle): then the old
 * room behind the new text is filled with NULs, which are no arguments. A single empty one at the end may be real and stays.
 */
export function splitTitle(text: string): string[] {
  const args = splitArgs(text);
  let end = args.length;
  while (end > 0 && args[end - 1] === "") end--;
  return args.length - end > 1 ? args.slice(0, Math.max(end, 1)) : args;
}
