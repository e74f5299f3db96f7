/** One action of a bulk request. */
export interface BulkItem {
  /** create, index, update or delete. */
  readonly action: string;
  readonly index: string;
  readonly id: string;
  /** Its lines, each with its newline, as they were sent. */
  readonly lines: Buffer;
  /** The document alone; empty for delete. */
  readonly source: Buffer;
}

/** What the server says of one action: `{"create": {...}}`. */
export type ItemAnswer = Readonly<Record<string, ItemOutcome>>;

export interface ItemOutcome {
  readonly _index: string;
  readonly _id: string;
  readonly status: number;
  readonly error?: { readonly type: string; readonly reason: string };
  readonly failure_store?: string;
}

export interface BulkAnswer {
  readonly took: number;
  readonly errors: boolean;
  readonly items: readonly ItemAnswer[];
}

const NEWLINE = 10;

/** Takes a body of NDJSON apart without copying it. Throws on what the server would not take either. */
export function readBulk(body: Buffer): BulkItem[] {
  const items: BulkItem[] = [];
  for (let at = 0; at < body.length; ) {
    const actionEnd = lineEnd(body, at);
    const [action, meta] = readAction(body.toString("utf8", at, actionEnd));
    const end = action === "delete" ? actionEnd : lineEnd(body, actionEnd);
    items.push({
      action,
      index: meta._index ?? "",
      id: meta._id ?? "",
      lines: body.subarray(at, end),
      source: body.subarray(actionEnd, end),
    });
    at = end;
  }
  return items;
}

/** The server's answer to what it was sent, with the answers of the others put in at their positions. */
export function mergeAnswers(
  items: readonly BulkItem[],
  instead: ReadonlyMap<BulkItem, ItemOutcome>,
  answer: BulkAnswer,
): BulkAnswer {
  const fromServer = answer.items.values();
  const merged = items.map((item) => {
    const outcome = instead.get(item);
    if (outcome !== undefined) return { [item.action]: outcome };
    const next = fromServer.next();
    if (next.done === true) throw new Error(`the server answered ${answer.items.length} items, fewer than it was sent`);
    return next.value;
  });
  return { ...answer, errors: answer.errors || instead.size > 0, items: merged };
}

function lineEnd(body: Buffer, from: number): number {
  const newline = body.indexOf(NEWLINE, from);
  if (newline < 0) throw new Error("a bulk body ends with a newline, and every action but delete has a document");
  return newline + 1;
}

function readAction(line: string): [string, { readonly _index?: string; readonly _id?: string }] {
  const [entry] = Object.entries(JSON.parse(line) as Record<string, { _index?: string; _id?: string }>);
  if (entry === undefined) throw new Error(`no action of a bulk request: ${line.slice(0, 200)}`);
  return entry;
}
