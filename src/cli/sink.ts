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
  /** Whether the outputs are behind by so much that it is better to wait. */
  behind(): boolean;
  /** Resolves when they have written what they had, or after 100 ms. */
  catchUp(): Promise<void>;
}

/** Outputs begin to be waited for when they are behind by this much, in bytes; they drop at four times as much. */
const BEHIND_BYTES = 8 * 1024 * 1024;
const TURN_MS = 100;

function isBehind(output: Output): boolean {
  return output.waitingBytes > BEHIND_BYTES;
}

async function catchUp(outputs: readonly Output[]): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const turn = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, TURN_MS);
  });
  await Promise.race([Promise.all(outputs.filter(isBehind).map((output) => output.flush())), turn]);
  clearTimeout(timer);
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
    // An earlier run may have told of a found process under the same event.id.
    const repeatable = isFound(life);
    for (const output of this.#outputs) output.writePieces(pieces, repeatable);
  }

  onWatching(found: number): void {
    this.#log.info(`watching; ${found} processes were already running`, { found });
  }

  behind(): boolean {
    return this.#outputs.some(isBehind);
  }

  catchUp(): Promise<void> {
    return catchUp(this.#outputs);
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

  behind(): boolean {
    return isBehind(this.#output);
  }

  catchUp(): Promise<void> {
    return catchUp([this.#output]);
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

  /** The tree is memory, bounded by itself. */
  behind(): boolean {
    return false;
  }

  async catchUp(): Promise<void> {
    // Never behind.
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
    behind: () => sinks.some((sink) => sink.behind()),
    catchUp: async () => {
      await Promise.all(sinks.map((sink) => sink.catchUp()));
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
    behind: () => sink.behind(),
    catchUp: () => sink.catchUp(),
  };
}

function isFound(life: Lifecycle): boolean {
  return life.transitions === Transition.found;
}
