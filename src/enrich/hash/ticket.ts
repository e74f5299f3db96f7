import type { FileIdentity } from "../../record/record.ts";
import type { Job, Outcome, Place } from "../helper/backlog.ts";
import type { HashBody } from "./body.ts";
import type { ExecutedScript, HashResult } from "./hashes.ts";

/** A hash that is there or will come; shared by everyone who asked for the same file. */
export interface HashTicket {
  /** undefined: under way. */
  readonly result: HashResult | undefined;
  /** A place for whoever asks: what it made of the result. */
  kept: unknown;
}

export class Ticket implements HashTicket {
  result: HashResult | undefined = undefined;
  kept: unknown = undefined;
  /** Until when no hash is an answer. */
  untilMs = 0;
  /** Of the epoch: when the helper was told to look. */
  begunMs = Number.POSITIVE_INFINITY;
}

export class FileTicket extends Ticket {
  readonly file: FileIdentity;

  constructor(file: FileIdentity) {
    super();
    this.file = file;
  }
}

export class ScriptTicket extends Ticket {
  readonly execMs: number;
  readonly interpreter: FileIdentity;
  readonly interpreterPath: string | undefined;

  constructor({ execMs, interpreter, interpreterPath }: ExecutedScript) {
    super();
    this.execMs = execMs;
    this.interpreter = interpreter;
    this.interpreterPath = interpreterPath;
  }
}

/** A ticket on its way through the helper. */
export class HashJob implements Job {
  readonly kind: Job["kind"];
  readonly body: HashBody;
  readonly heavy: boolean;
  readonly place: Place;
  readonly way: Place;
  readonly #ticket: Ticket;
  readonly #settled: (ticket: Ticket, outcome: Outcome) => void;

  constructor(
    kind: Job["kind"],
    body: HashBody,
    heavy: boolean,
    place: Place,
    way: Place,
    ticket: Ticket,
    settled: (ticket: Ticket, outcome: Outcome) => void,
  ) {
    this.kind = kind;
    this.body = body;
    this.heavy = heavy;
    this.place = place;
    this.way = way;
    this.#ticket = ticket;
    this.#settled = settled;
  }

  onSent(): void {
    this.#ticket.begunMs = Date.now();
  }

  onSettled(outcome: Outcome): void {
    this.#settled(this.#ticket, outcome);
  }
}
