import type { Config } from "../../config/schema.ts";
import type { DocumentLoss } from "../../ecs/agent_note.ts";
import type { DocumentWriter } from "../../ecs/document.ts";
import type { Agent } from "../agent.ts";
import type { Host } from "../enrich/host.ts";
import { ElasticsearchOutput } from "../output/elasticsearch/output.ts";
import { Spool } from "../output/spool/spool.ts";
import type { SpoolStats } from "../output/spool/stats.ts";
import { gapBetween } from "../process/gap.ts";
import type { Watermark } from "../process/watermark.ts";
import { Heartbeat } from "../source/heartbeat.ts";
import type { Log } from "../telemetry/log.ts";
import { version } from "../version.ts";
import { ephemeralId, type Setting, wallClock } from "./setting.ts";
import { elasticsearchEvents, elasticsearchSettings, spoolOptions } from "./shipping.ts";

/** Between two beats, and two looks at what the spool had to drop. */
const BEAT_MS = 1000;

/**
 * One run's way into Elasticsearch: the spool, the delivery, and what is told of it: the heartbeat, the gap since the last
 * run, and documents about documents that were dropped. The heartbeat belongs to whoever holds the spool's lock.
 */
export class Shipment {
  readonly output: ElasticsearchOutput;
  readonly #spool: Spool;
  readonly #heartbeat: Heartbeat;
  readonly #host: Host;
  readonly #log: Log;
  readonly #writer: DocumentWriter;
  #agent: Agent | undefined = undefined;
  #timer: NodeJS.Timeout | undefined = undefined;
  #beating = Promise.resolve();
  /** What was lost up to the last note, and when that was. */
  #told: Readonly<Record<DocumentLossHere, number>> = nothingLost;
  #toldAt = wallClock();

  /** @throws MayflyError SPOOL_LOCKED, CANNOT_WRITE, BAD_CREDENTIALS, ... */
  static async open({ config, log }: Setting, host: Host, writer: DocumentWriter): Promise<Shipment> {
    const spool = await Spool.open(spoolOptions(config, log));
    try {
      const settings = elasticsearchSettings(config, host.id);
      const output = await ElasticsearchOutput.open(settings, spool, elasticsearchEvents(log));
      return new Shipment(config, log, host, writer, spool, output);
    } catch (error) {
      await spool.close(BEAT_MS);
      throw error;
    }
  }

  private constructor(
    config: Config,
    log: Log,
    host: Host,
    writer: DocumentWriter,
    spool: Spool,
    output: ElasticsearchOutput,
  ) {
    this.#log = log;
    this.#host = host;
    this.#writer = writer;
    this.#spool = spool;
    this.output = output;
    const identity = { version, bootId: host.bootId, ephemeralId };
    this.#heartbeat = new Heartbeat(config.state.path, identity, (sentence) =>
      log.warn(sentence, { code: "heartbeat" }),
    );
  }

  /** The probes watch: tells the gap since the last run, and begins to beat. */
  watching(agent: Agent, since: Watermark): void {
    this.#agent = agent;
    const { last, warning } = this.#heartbeat.previous();
    if (warning !== undefined) this.#log.warn(warning, { code: "heartbeat" });
    if (last !== undefined) this.output.write(this.#writer.writeGap(gapBetween(last, since, this.#host.bootId)));
    // At once, so that a first run that is killed within a second leaves the beginning of a gap.
    this.#beating = this.#beat(agent, since);
    this.#timer = setInterval(() => {
      this.#beating = this.#beat(agent, since);
    }, BEAT_MS);
  }

  /** Heartbeats that could not be written. */
  get heartbeatErrors(): number {
    return this.#heartbeat.faults;
  }

  /** What the spool holds. */
  spoolStats(): SpoolStats {
    return this.#spool.stats();
  }

  /** Writes the last beat and ends the output. True when nothing is left behind that the spool does not have. */
  async close(deadlineMs: number): Promise<boolean> {
    clearInterval(this.#timer);
    await this.#beating;
    this.#tellLosses();
    const mark = this.#agent?.watermark();
    const complete = await this.output.close(deadlineMs);
    this.#tellEnd();
    if (mark !== undefined && complete) await this.#heartbeat.end(mark);
    return complete;
  }

  #tellEnd(): void {
    const { accepted, alreadyThere } = this.output.deliveryStats();
    const { documents: waiting } = this.#spool.stats();
    const delivered = accepted + alreadyThere;
    const rest = waiting === 0 ? "none waits" : `${waiting} wait in the spool for the next start`;
    this.#log.info(`${delivered} documents are in Elasticsearch, ${rest}`, { delivered, waiting });
  }

  /** The mark is taken before the commit, and said after it: so everything older than it is on the disk. */
  async #beat(agent: Agent, since: Watermark): Promise<void> {
    const mark = agent.watermark() ?? since;
    this.#tellLosses();
    await this.output.flush();
    // What the disk refuses is in memory only: it would be missing after a crash.
    if (this.#spool.stats().fault === undefined) await this.#heartbeat.beat(mark);
  }

  #tellLosses(): void {
    const now = wallClock();
    const losses = this.#losses();
    const lost = {
      spool_full: losses.spool_full - this.#told.spool_full,
      spool_unwritable: losses.spool_unwritable - this.#told.spool_unwritable,
      spool_damaged: losses.spool_damaged - this.#told.spool_damaged,
      dead_letter_full: losses.dead_letter_full - this.#told.dead_letter_full,
    };
    const isNothing = Object.values(lost).every((count) => count === 0);
    // A spool without room refuses the note as well: the next one tells what this one would have told.
    if (!isNothing && !this.output.write(this.#writer.writeLoss({ time: now, from: this.#toldAt, to: now, lost })))
      return;
    this.#told = losses;
    this.#toldAt = now;
  }

  /** Since the start. */
  #losses(): Record<DocumentLossHere, number> {
    const { droppedFull, droppedUnwritable, damagedDocuments } = this.#spool.stats();
    return {
      spool_full: droppedFull,
      spool_unwritable: droppedUnwritable,
      spool_damaged: damagedDocuments,
      dead_letter_full: this.output.deliveryStats().deadLetterLost,
    };
  }
}

type DocumentLossHere = Exclude<DocumentLoss, "output_full">;

/** Before the spool was opened: what it cut off then is told with the first beat. */
const nothingLost = { spool_full: 0, spool_unwritable: 0, spool_damaged: 0, dead_letter_full: 0 } as const;
