import type { Readable } from "node:stream";

/**
 * Calls `onLine` for each line of a stream of UTF-8, without its newline, and once more for a last line that has none.
 * Resolves at the end of the stream; rejects on bytes that are no UTF-8 and on what `onLine` throws.
 */
export async function eachLine(stream: Readable, onLine: (line: string) => void): Promise<void> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let rest = "";
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) onLine(line);
  }
  rest += decoder.decode();
  if (rest !== "") onLine(rest);
}
