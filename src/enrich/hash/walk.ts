import type { BigIntStats } from "node:fs";
import { type FileHandle, readlink } from "node:fs/promises";
import type { NoHashReason } from "./hashes.ts";
import { find, isInProc, throughDescriptor } from "./open_file.ts";

/** As the kernel's own limit of symbolic links in one path. */
const LINKS_MOST = 40;
/** Of all lookups for one path; `..` and absolute links begin again at the root. */
const STEPS_MOST = 256;

/**
 * Finds what a path leads to below `root`, as the kernel would for a process with that root: absolute links begin at `root`, and `..`
 * does not leave it. Done here, component by component, because the kernel would take an absolute link from *our* root.
 * Never through /proc: its links (`/proc/self/fd/3`) mean another file for each who follows them.
 * @param root stays open
 * @param execMs milliseconds since the epoch: a link that changed later leads nowhere
 * @returns open with O_PATH, no link; or why there is nothing
 */
export async function walkInside(root: FileHandle, path: string, execMs: number): Promise<FileHandle | NoHashReason> {
  const todo = componentsOf(path);
  /** How `here` was come to: no links, no `..`. */
  let names: string[] = [];
  let here = root;
  let device = (await root.stat({ bigint: true })).dev;
  let links = 0;
  const goTo = async (next: FileHandle): Promise<void> => {
    if (here !== root) await here.close();
    here = next;
  };
  try {
    for (let steps = 0; steps < STEPS_MOST; steps++) {
      const name = todo.pop();
      if (name === undefined) return here;
      if (name === "..") {
        todo.push(...names.slice(0, -1).reverse());
        names = [];
        await goTo(root);
        continue;
      }
      const at = `${throughDescriptor(here)}/${name}`;
      const next = await find(at);
      const stat = await statOrClose(next);
      if (stat.isSymbolicLink()) {
        await next.close();
        if (++links > LINKS_MOST) return await leave("unreadable");
        if (Number(stat.ctimeNs) / 1e6 > execMs) return await leave("changed");
        const target = await readlink(at);
        todo.push(...componentsOf(target));
        if (target.startsWith("/")) {
          names = [];
          await goTo(root);
        }
        continue;
      }
      await goTo(next);
      names.push(name);
      if (stat.dev !== device && (await isInProc(next))) return await leave("unreadable");
      device = stat.dev;
    }
    return await leave("unreadable");
  } catch (error) {
    await goTo(root);
    throw error;
  }

  async function leave(reason: NoHashReason): Promise<NoHashReason> {
    await goTo(root);
    return reason;
  }
}

async function statOrClose(found: FileHandle): Promise<BigIntStats> {
  try {
    return await found.stat({ bigint: true });
  } catch (error) {
    await found.close();
    throw error;
  }
}

/** Last first. */
function componentsOf(path: string): string[] {
  return path
    .split("/")
    .filter((name) => name !== "" && name !== ".")
    .reverse();
}
