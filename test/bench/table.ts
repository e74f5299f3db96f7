/** A middle value with its range. */
export function spread(values: readonly number[], digits: number): string {
  const sorted = [...values].sort((a, b) => a - b);
  const [least, most] = [sorted[0] ?? Number.NaN, sorted.at(-1) ?? Number.NaN];
  if (sorted.length < 2) return least.toFixed(digits);
  return `${median(sorted).toFixed(digits)} (${least.toFixed(digits)}..${most.toFixed(digits)})`;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  return ((low ?? Number.NaN) + (high ?? Number.NaN)) / 2;
}

/** `12,345` */
export function count(value: number): string {
  return value.toLocaleString("en", { maximumFractionDigits: 0 });
}

export interface Column {
  readonly title: string;
  /** By the name of the row. */
  readonly cells: ReadonlyMap<string, string>;
}

/** One line a row, in the order of the first column; a cell that a column lacks is left empty. */
export function table(title: string, columns: readonly Column[]): string {
  const rows = [...new Set(columns.flatMap(({ cells }) => [...cells.keys()]))];
  const lines = [
    [title, ...columns.map((column) => column.title)],
    ...rows.map((row) => [row, ...columns.map(({ cells }) => cells.get(row) ?? "")]),
  ];
  const widths = lines[0]?.map((_, place) => Math.max(...lines.map((line) => line[place]?.length ?? 0))) ?? [];
  const text = lines.map((line) =>
    line
      .map((cell, place) => cell.padEnd(widths[place] ?? 0))
      .join("  ")
      .trimEnd(),
  );
  text.splice(1, 0, widths.map((width) => "-".repeat(width)).join("  "));
  return `${text.join("\n")}\n`;
}
