import type { Config } from "../../config/schema.ts";
import type { DocumentWriter } from "../../ecs/document.ts";
import { ConsoleOutput } from "../output/console.ts";
import { type FileOptions, FileOutput } from "../output/file.ts";
import type { Output, OutputEnd, OutputEvents } from "../output/output.ts";
import type { Instant } from "../process/instant.ts";
import type { Log } from "../telemetry/log.ts";
import { isPretty, wallClock } from "./setting.ts";
import type { Shipment } from "./shipment.ts";

/** How long the end of mayfly waits for a reader that stands still, in milliseconds. */
const CLOSE_DEADLINE_MS = 5000;
/** An end by signal takes 5 s at most, the last beat included: what is not delivered by then waits in the spool. */
const SHIPMENT_DEADLINE_MS = 4000;

/** The outputs of one run, what becomes of them, and their end. */
export class Destinations {
  readonly console: Output | undefined;
  readonly file: FileOutput | undefined;
  readonly shipment: Shipment | undefined;
  readonly #log: Log;
  readonly #isPretty: boolean;
  readonly #writer: DocumentWriter | undefined;
  readonly #onEnd: () => void;
  #end: OutputEnd | undefined = undefined;

  /**
   * @param onEnd called when an output ended by itself: nobody reads any more, or it cannot be written
   * @param writer makes the note about documents that were dropped; none: the log alone tells
   * @param shipment the way into Elasticsearch, opened before; closed with the others
   * @throws MayflyError CANNOT_WRITE
   */
  constructor(config: Config, log: Log, onEnd: () => void, writer?: DocumentWriter, shipment?: Shipment) {
    this.shipment = shipment;
    this.#writer = writer;
    this.#log = log;
    this.#isPretty = isPretty(config);
    this.#onEnd = onEnd;
    const { path, rotate } = config.output.file;
    this.file = path === undefined ? undefined : new FileOutput(path, this.#fileOptions(path, rotate));
    this.console = config.output.console.enabled ? new ConsoleOutput(this.#events("standard output")) : undefined;
  }

  /** Why an output ended by itself; undefined when none did. */
  get end(): OutputEnd | undefined {
    return this.#end;
  }

  get all(): Output[] {
    return [this.console, this.file, this.shipment?.output].filter((output) => output !== undefined);
  }

  /** Those that take documents: all but a terminal that shows rows. */
  get forDocuments(): Output[] {
    return this.#isPretty ? this.all.filter((output) => output !== this.console) : this.all;
  }

  /** Waits until everything is written, within bounds, and tells what was not. */
  async close(): Promise<void> {
    await Promise.all([
      this.console?.close(CLOSE_DEADLINE_MS),
      this.file?.close(CLOSE_DEADLINE_MS),
      this.shipment?.close(SHIPMENT_DEADLINE_MS),
    ]);
    const dropped = this.all.reduce((sum, output) => sum + output.stats().droppedLines, 0);
    if (dropped > 0 && this.#end !== "reader gone")
      this.#log.error("documents were dropped: the output did not keep up", { dropped });
  }

  #fileOptions(path: string, { max_size: maxSize, keep }: Config["output"]["file"]["rotate"]): FileOptions {
    const events = this.#events(path);
    if (maxSize === undefined) return events;
    const onRotateFault = (sentence: string): void => this.#log.warn(sentence, { code: "rotation" });
    return { ...events, rotate: { maxSize, keep }, onRotateFault };
  }

  #events(name: string): OutputEvents {
    let from = wallClock();
    return {
      onDrop: () => {
        from = wallClock();
        this.#log.repeated("warn", "output_full", `${name} does not keep up: documents are dropped`);
      },
      onRecover: (lines) => {
        this.#log.warn(`${name} takes documents again`, { dropped: lines });
        this.#noteLoss(from, lines);
      },
      onEnd: (end) => {
        this.#end ??= end;
        this.#onEnd();
      },
    };
  }

  #noteLoss(from: Instant, lines: number): void {
    if (this.#writer === undefined) return;
    const to = wallClock();
    const line = this.#writer.writeLoss({ time: to, from, to, lost: { output_full: lines } });
    for (const output of this.forDocuments) output.write(line);
  }
}
