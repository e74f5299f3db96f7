import type { RootVisit } from "./root_visit.ts";

/** Where distributions put links to directories of programs: /bin -> usr/bin, /usr/sbin -> bin. */
export const ALIAS_PLACES = ["/", "/usr"];
const MAX_ENTRIES = 1024;

/** A directory that databases may name by a link. Both end with a slash. */
export interface Alias {
  readonly link: string;
  readonly directory: string;
}

/**
 * The links to directories in / and /usr of a root. The kernel names an executable by its real directory; packages
 * from before /usr was merged list it in the other one.
 */
export async function readAliases(visit: RootVisit): Promise<Alias[]> {
  const aliases: Alias[] = [];
  for (const place of ALIAS_PLACES) {
    const within = place === "/" ? "/" : `${place}/`;
    for (const { name, link } of await visit.entries(place, MAX_ENTRIES)) {
      const target = link ? await visit.directory(within + name) : undefined;
      if (target !== undefined) aliases.push({ link: `${within}${name}/`, directory: `${target}/` });
    }
  }
  return aliases;
}

/** The path, and every other name that its links give the same file. */
export function namesOf(path: string, aliases: readonly Alias[]): string[] {
  const names = [path];
  for (const { link, directory } of aliases) {
    if (path.startsWith(directory)) names.push(link + path.slice(directory.length));
  }
  return names;
}
