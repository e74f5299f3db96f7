import type { DocumentWriter } from "../../ecs/document.ts";
import type { AgentLoss } from "../agent.ts";
import type { Output } from "../output/output.ts";
import { type Lifecycle, Transition } from "../process/lifecycle.ts";
import type { Log } from "../telemetry/log.ts";
import type { PrettyRows } from "./pretty/row.ts";
import type { ProcessTree } from "./pretty/tree.ts";

/** Takes what an agent tells and shows or ships it. */
export interface Sink {
  onLife(life: Lifecycle): void;
  onWatching(found: number): void;
  onLoss(loss: AgentLoss): void;
  /** Resolves when the outputs can take more, or will not. */
  room(): Promise<void>;
}

/** Outputs begin to be waited for when they are behind by this much, in bytes; they drop at four times as much. */
const BEHIND_BYTES = 8 * 1024 * 1024;
/** A reader that stands still this long, in milliseconds, is not waited for again until it moves. */
const PATIENCE_MS = 5000;

/** Waits for outputs that are behind. */
async function roomIn(outputs: readonly Output[]): Promise<void> {
  const behind = outputs.filter((output) => output.stats().waitingBytes > BEHIND_BYTES);
  if (behind.length === 0) return;
  await Promise.race([
    Promise.all(behind.map((output) => output.flush())),
    new Promise((resolve) => {
      setTimeout(resolve, PATIENCE_MS).unref();
    }),
  ]);
}

/** ECS documents, a line each. HOT PATH. */
export class DocumentSink implements Sink {
  readonly #writer: DocumentWriter;
  readonly #outputs: readonly Output[];
  readonly #log: Log;

  constructor(writer: DocumentWriter, outputs: readonly Output[], log: Log) {
    this.#writer = writer;
    this.#outputs = outputs;
    this.#log = log;
  }

  onLife(life: Lifecycle): void {
    const pieces = this.#writer.pieces(life);
    for (const output of this.#outputs) output.writePieces(pieces);
  }

  onWatching(found: number): void {
    this.#log.info(`watching; ${found} processes were already running`, { found });
  }

  room(): Promise<void> {
    return roomIn(this.#outputs);
  }

  onLoss({ from, to, lost }: AgentLoss): void {
    const line = this.#writer.writeLoss({ time: to, from, to, lost: { ...lost } });
    for (const output of this.#outputs) output.write(line);
  }
}

/** Rows on a terminal. */
export class RowSink implements Sink {
  readonly #rows: PrettyRows;
  readonly #output: Output;

  constructor(rows: PrettyRows, output: Output) {
    this.#rows = rows;
    this.#output = output;
    output.write(rows.header());
  }

  onLife(life: Lifecycle): void {
    if (!isFound(life)) this.#output.write(this.#rows.row(life));
  }

  onWatching(found: number): void {
    this.#output.write(this.#rows.watching(found));
  }

  room(): Promise<void> {
    return roomIn([this.#output]);
  }

  onLoss(): void {
    // The agent's warning in the log is on the same terminal.
  }
}

/** The tree of one command, shown at its end. */
export class TreeSink implements Sink {
  readonly #tree: ProcessTree;
  #lost = 0;

  constructor(tree: ProcessTree) {
    this.#tree = tree;
  }

  /** Records lost while the command ran. */
  get lost(): number {
    return this.#lost;
  }

  onLife(life: Lifecycle): void {
    this.#tree.add(life);
  }

  onWatching(): void {
    // The command's own words are all that stands on the terminal until it ends.
  }

  async room(): Promise<void> {
    // The tree is memory, bounded by itself.
  }

  onLoss({ lost }: AgentLoss): void {
    this.#lost += lost.fork + lost.exec + lost.exit + lost.undecodable + lost.malformed;
  }
}

/** Several sinks as one. Built once; the usual single sink is used as it is. */
export function allOf(sinks: readonly Sink[]): Sink {
  const [only] = sinks;
  if (only !== undefined && sinks.length === 1) return only;
  return {
    onLife: (life) => {
      for (const sink of sinks) sink.onLife(life);
    },
    onWatching: (found) => {
      for (const sink of sinks) sink.onWatching(found);
    },
    onLoss: (loss) => {
      for (const sink of sinks) sink.onLoss(loss);
    },
    room: async () => {
      await Promise.all(sinks.map((sink) => sink.room()));
    },
  };
}

/** Passes on only the lives of the followed command's tree. */
export function followedOnly(sink: Sink): Sink {
  return {
    onLife: (life) => {
      if (life.followed) sink.onLife(life);
    },
    onWatching: (found) => sink.onWatching(found),
    onLoss: (loss) => sink.onLoss(loss),
    room: () => sink.room(),
  };
}

function isFound(life: Lifecycle): boolean {
  return life.transitions === Transition.found;
}
