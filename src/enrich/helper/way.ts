import type { Place } from "./backlog.ts";

/** The way to a file, for Job.way: its folder as a process of that mount namespace sees it. */
export function wayTo(mntNs: number, path: string): Place {
  return `${mntNs}:${path.slice(0, path.lastIndexOf("/") + 1)}`;
}
