import { PrettyRows } from "./pretty/row.ts";
import { Style } from "./pretty/style.ts";
import { UserNames } from "./users.ts";

/** How standard output looks like: colours, columns, characters. */
export function terminalStyle(): Style {
  return new Style({
    env: process.env,
    isTTY: process.stdout.isTTY,
    columns: () => process.stdout.columns,
    rows: () => process.stdout.rows,
  });
}

export function terminalRows(): PrettyRows {
  const users = new UserNames();
  return new PrettyRows(terminalStyle(), (uid) => users.of(uid));
}
