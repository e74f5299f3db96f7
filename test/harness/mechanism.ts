import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { PROGRAM_SOURCES } from "./checkout.ts";

/**
 * A truth program and what must come of it. All of it stands in the program's own opening comment, so a new mechanism
 * is one new file in test/programs/:
 *
 *     run: 11 core                                             arguments; one line a run, none: one run without any
 *     together: main fork+exec+end | child fork+end            documents by role, when the hold outlasts the program
 *     apart: main fork+exec, end | child fork, end             documents by role, when every transition leaves alone
 *     transitions: main fork, exec, end | child fork, end      documents by role in the profile transitions, where ids or sessions
 *                                                              change without an exec; without this line those of `apart`
 *
 * A document is named by its mayfly.transitions; roles are those that the program tells (test/programs/truth.h).
 * A program without `together` is no mechanism but a tool of other tests.
 */
export interface Mechanism {
  readonly program: string;
  readonly args: readonly string[];
  readonly together: Expectation;
  readonly apart: Expectation;
  readonly transitions: Expectation;
}

/** The documents of each role, in order. */
export type Expectation = ReadonlyMap<string, readonly string[]>;

export function mechanisms(): readonly Mechanism[] {
  const files = readdirSync(PROGRAM_SOURCES).filter((file) => file.endsWith(".c"));
  return files.sort().flatMap((file) => {
    const source = readFileSync(join(PROGRAM_SOURCES, file), "utf8");
    return readMechanism(file.slice(0, -2), source);
  });
}

function readMechanism(program: string, source: string): Mechanism[] {
  const [together, apart] = [lines(source, "together")[0], lines(source, "apart")[0]];
  if (together === undefined) return [];
  if (apart === undefined) throw new Error(`${program}.c says what comes together, but not what comes apart`);
  const runs = lines(source, "run");
  return (runs.length === 0 ? [""] : runs).map((run) => ({
    program,
    args: run.split(" ").filter((arg) => arg !== ""),
    together: readExpectation(together),
    apart: readExpectation(apart),
    transitions: readExpectation(lines(source, "transitions")[0] ?? apart.replaceAll("+", ", ")),
  }));
}

function lines(source: string, key: string): string[] {
  return [...source.matchAll(new RegExp(`^ \\* ${key}: (.*)$`, "gm"))].map((match) => match[1] ?? "");
}

function readExpectation(line: string): Expectation {
  const roles = line.split("|").map((part) => {
    const [, role = "", documents = ""] = /^\s*(\S+)\s+(.*?)\s*$/.exec(part) ?? [];
    return [role, documents.split(/\s*,\s*/)] as const;
  });
  return new Map(roles);
}
