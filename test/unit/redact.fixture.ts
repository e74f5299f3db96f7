import assert from "node:assert/strict";
import { parseRules } from "../../src/filter/parse_rules.ts";
import { Redactor } from "../../src/filter/redactor.ts";

/** A redactor with the rules of a list `redact`; fails where the list is at fault. */
export function redactorOf(...items: readonly unknown[]): Redactor {
  const parsed = parseRules(items);
  if ("faults" in parsed) assert.fail(parsed.faults.map(({ message }) => message).join("\n"));
  return new Redactor(parsed.rules);
}

/** What is left of a command. Its program is the one that its first argument names. */
export function redacted(redactor: Redactor, args: readonly string[]): readonly string[] {
  const name = (args[0] ?? "").split("/").at(-1);
  return redactor.redact(args, args.join(" "), name);
}
