import { column } from "./span.ts";
import type { Style } from "./style.ts";

/** Which columns stand before the command, and how wide. 0: the column is left out. */
export interface Layout {
  /** 12: 09:42:02.123; 8: 09:42:02. */
  readonly time: 0 | 8 | 12;
  readonly user: number;
  readonly pid: number;
  readonly took: number;
  /** A longer text ("segfault (core)") pushes this row's command to the right. */
  readonly exit: number;
}

/** pid_max is at most 4,194,304. The longest duration is `0.84ms`. */
const PID = 7;
const TOOK = 6;

const WIDE: Layout = { time: 12, user: 10, pid: PID, took: TOOK, exit: 15 };
const USUAL: Layout = { time: 12, user: 8, pid: PID, took: TOOK, exit: 8 };
const SMALL: Layout = { time: 8, user: 0, pid: PID, took: TOOK, exit: 8 };
const TINY: Layout = { time: 0, user: 0, pid: PID, took: TOOK, exit: 6 };

/** The command is what one reads: it keeps 30 columns of 80, and 17 of 40. */
export function layoutFor(columns: number): Layout {
  if (columns >= 110) return WIDE;
  if (columns >= 72) return USUAL;
  return columns >= 56 ? SMALL : TINY;
}

export function headerText(layout: Layout, style: Style): string {
  return [
    layout.time > 0 ? column("TIME", layout.time, "left", style) : "",
    layout.user > 0 ? column("USER", layout.user, "left", style) : "",
    column("PID", layout.pid, "right", style),
    column("TOOK", layout.took, "right", style),
    column("EXIT", layout.exit, "left", style),
    "  COMMAND",
  ]
    .filter((text) => text !== "")
    .join(" ");
}
