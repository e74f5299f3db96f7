import { type CST, type Document, Parser, parseDocument, type YAMLError } from "yaml";
import { position } from "./source.ts";
import type { Fault } from "./tree.ts";

/**
 * The YAML library descends by recursion, and running out of stack inside its regular expressions ends the process
 * (seen with 100,000 brackets). So depth is measured first, without recursion. The schema is four levels deep.
 */
const maxDepth = 64;

/** A document to read on, or the faults that make it unreadable. */
export type Syntax = { readonly document: Document.Parsed } | { readonly faults: readonly Fault[] };

/** Parses YAML 1.2 (core schema). Duplicate keys are left to the tree, which also knows the dotted ones. */
export function parseSyntax(text: string): Syntax {
  const tooDeep = findTooDeep(text);
  if (tooDeep !== undefined) {
    return { faults: [{ path: "", offset: tooDeep, message: `nested deeper than ${maxDepth} levels` }] };
  }
  const document = parseDocument(text, { version: "1.2", uniqueKeys: false, prettyErrors: false });
  const errors = [...document.errors, ...document.warnings];
  if (errors.length === 0) return { document };
  // One slip makes several errors on its line; the first says it.
  const byLine = new Map<number, Fault>();
  for (const error of errors) {
    const offset = error.pos[0];
    const { line } = position(text, offset);
    if (!byLine.has(line)) byLine.set(line, { path: "", offset, message: sentence(error, text) });
  }
  return { faults: [...byLine.values()] };
}

/** The offset of the first thing that is nested too deep. */
function findTooDeep(text: string): number | undefined {
  for (const root of new Parser().parse(text)) {
    const waiting: { token: CST.Token; depth: number }[] = [{ token: root, depth: 0 }];
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const { token, depth } = next;
      if (depth > maxDepth) return token.offset;
      if ("value" in token && typeof token.value === "object") waiting.push({ token: token.value, depth });
      if (!("items" in token)) continue;
      for (const { key, value } of token.items) {
        if (key) waiting.push({ token: key, depth: depth + 1 });
        if (value) waiting.push({ token: value, depth: depth + 1 });
      }
    }
  }
  return undefined;
}

function sentence(error: YAMLError, text: string): string {
  switch (error.code) {
    case "TAB_AS_INDENT":
      return "indented with a tab: YAML allows only spaces";
    case "MULTIPLE_DOCS":
      return 'a second document begins here: the file must hold one, so remove the "---" and what follows';
    case "TAG_RESOLVE_FAILED":
      return `unknown tag: ${error.message.replace("Unresolved tag: ", "")} has no meaning here, remove it`;
    case "BLOCK_AS_IMPLICIT_KEY":
    case "MULTILINE_IMPLICIT_KEY":
      return "a key stands where none can: check the indentation, or quote a value that holds a colon";
    default:
      return `not YAML: ${error.message}${quoteHint(error, text)}`;
  }
}

/** `{a: ${X}}` and `a: ${X: y}` are no YAML without quotes, which is easily overlooked. */
function quoteHint(error: YAMLError, text: string): string {
  const start = text.lastIndexOf("\n", error.pos[0] - 1) + 1;
  const line = text.slice(start).split("\n", 1)[0] ?? "";
  return line.includes("${") ? '; quote a value that holds "${…}"' : "";
}
