import { readFileSync } from "node:fs";

/** The rows of the tables of fields in ecs/README.md: name and type. A name `a.{b,c}.d` is the rows a.b.d and a.c.d. */
export function fieldRows(): readonly (readonly [name: string, type: string])[] {
  const rows = readFileSync("ecs/README.md", "utf8").matchAll(/^\| `([^`]+)` \| ([a-z_]+(?:\[\])?) \|/gm);
  return [...rows].flatMap(([, name = "", type = ""]) => unfolded(name).map((one) => [one, type] as const));
}

/** `a.{b,c}` is a.b and a.c. */
export function unfolded(name: string): string[] {
  const [, before = "", among, after = ""] = /^(.*?)\{(.*?)\}(.*)$/.exec(name) ?? [];
  return among === undefined ? [name] : among.split(",").flatMap((one) => unfolded(`${before}${one}${after}`));
}
