import { readFileSync } from "node:fs";

/** The name of an id in a file such as /etc/passwd or /etc/group: the first one, as NSS has it. */
export function nameIn(file: string, id: string): string | undefined {
  const lines = readFileSync(file, "utf8").split("\n");
  return lines.map((line) => line.split(":")).find((fields) => fields[2] === id)?.[0];
}
