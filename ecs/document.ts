import type { Host } from "../src/enrich/host.ts";
import { ExitCode, MayflyError } from "../src/errors.ts";
import { Quality } from "../src/process/facts.ts";
import type { Gap } from "../src/process/gap.ts";
import type { Instant } from "../src/process/instant.ts";
import type { Lifecycle } from "../src/process/lifecycle.ts";
import { type Happening, happenings, type Profile } from "./actions.ts";
import type { Agent } from "./agent.ts";
import { gapNote, type Loss, lossNote, type NoteFrame } from "./agent_note.ts";
import { type CredentialsText, credentialsText } from "./credentials.ts";
import { envelope, eventModule, type HostFields } from "./envelope.ts";
import { EventIds } from "./event_id.ts";
import { relatedHashes } from "./findings.ts";
import { flat } from "./flat.ts";
import { replacedText } from "./image.ts";
import { quoted, quotedList } from "./json.ts";
import { leadersText } from "./leaders.ts";
import { beforeId, beforeTime } from "./line.ts";
import { mayflyMembers } from "./mayfly.ts";
import { nanoseconds } from "./nanoseconds.ts";
import { originText, originTextOfCut } from "./parent.ts";
import { processHead } from "./process.ts";

/*
 * Hot path: 12,000 documents/s, budget 2 us each for everything in ecs/ (test/bench/serialise.ts).
 *
 * A line is made as a string, not written into a buffer: V8 only links the pieces, and whoever needs bytes gets them in one
 * copy for a whole batch. Measured for 2.7 KB in 20 / 40 pieces: linked and copied 0.72 / 0.87 us, each piece written into a
 * buffer 1.08 / 2.10 us. What counts is the number of pieces (12 to 27 ns each), not their length. So whatever does not
 * change is one piece: the words of the event, the credentials, the whole end of the line.
 */

export interface WriterOptions {
  readonly profile: Profile;
  readonly host: Host;
  readonly hostFields: HostFields;
  readonly agent: Agent;
  /** agent.type `endpoint` in documents of processes: Kibana's analyzer looks at no others. Default false. */
  readonly analyzer?: boolean;
  /** data_stream.namespace: lower case, without `-`; `default` where it is not given. */
  readonly namespace?: string;
  /** The host-and-boot hash: EntityIds.hash. */
  readonly hash: Uint8Array;
  /** The wall clock, for event.created. */
  readonly now: () => Instant;
}

/** The parts of a line that depend on nothing but what happened. */
interface Words {
  /** From event.id to event.created. */
  readonly event: string;
  /** The beginning of `mayfly`. */
  readonly mayfly: string;
}

/** The text of one line, to be written one piece after the other; the last ends in the newline. */
export type LinePieces = readonly string[];

/** Turns lives into lines: one JSON object and a newline each. Field by field: ecs/README.md. */
export class DocumentWriter {
  readonly #words: readonly (Words | undefined)[];
  readonly #ids: EventIds;
  readonly #now: () => Instant;
  readonly #processEnd: string;
  readonly #noteEnd: string;
  #sequence = 0;
  #notes = 0;

  constructor(options: WriterOptions) {
    const { profile, host, hostFields, agent, analyzer = false, namespace = "default", hash, now } = options;
    this.#words = happenings(profile).map((happening) => (happening === undefined ? undefined : wordsOf(happening)));
    this.#ids = new EventIds(hash);
    this.#now = now;
    const asType = { ...agent, type: analyzer ? "endpoint" : "mayfly" } as const;
    this.#processEnd = flat(`},${envelope(host, hostFields, asType, "mayfly.process", namespace)}`);
    this.#noteEnd = envelope(host, hostFields, { ...agent, type: "mayfly" }, "mayfly.agent", namespace);
  }

  /**
   * The document of a life, in pieces that make one line. event.sequence counts these calls, from 1.
   * @throws MayflyError BAD_TRANSITIONS for a set of transitions that no life can have
   */
  pieces(life: Lifecycle): LinePieces {
    const words = this.#words[life.transitions];
    if (words === undefined) throw badTransitions(life);
    const credentials = credentialsText(life.credentials);
    this.#sequence += 1;
    return [
      `${beforeTime}${life.time.iso()}${beforeId}${this.#ids.of(life)}${words.event}${this.#now().iso()}"` +
        `,"sequence":${this.#sequence}${spanText(life)}},"process":${processHead(life)}`,
      credentials.ofProcess,
      isCut(life) ? originTextOfCut(life.origin) : originText(life.origin),
      leadersText(life),
      `${life.replaced === undefined ? "" : replacedText(life.replaced)}},${credentials.ofDocument}${relatedText(life, credentials)}${words.mayfly}${mayflyMembers(life)}`,
      this.#processEnd,
    ];
  }

  /** The same as one string. */
  write(life: Lifecycle): string {
    return this.pieces(life).join("");
  }

  /** A note of dataset mayfly.agent: what was lost, how many, from when to when. */
  writeLoss(loss: Loss): string {
    return lossNote(loss, this.#noteFrame(loss.time));
  }

  /** A note of dataset mayfly.agent: from when to when nobody watched. */
  writeGap(gap: Gap): string {
    return gapNote(gap, this.#noteFrame(gap.to));
  }

  #noteFrame(time: Instant): NoteFrame {
    this.#notes += 1;
    // Their number stands where documents have the pid, so that two notes of one microsecond differ; no document of a
    // transition has the bits 0, and of a found process 40 bits of a hash would have to agree.
    return { id: this.#ids.make(time, this.#notes, 0), created: this.#now(), envelope: this.#noteEnd };
  }
}

function wordsOf({ transitions, type, action }: Happening): Words {
  const actionText = typeof action === "string" ? quoted(action) : quotedList(action);
  return {
    event: flat(
      `","kind":"event","category":["process"],"type":${quotedList(type)},"action":${actionText}` +
        `,"module":"${eventModule}","dataset":"mayfly.process","created":"`,
    ),
    mayfly: flat(`"mayfly":{"transitions":"${transitions}"`),
  };
}

function isCut({ image }: Lifecycle): boolean {
  return image !== undefined && (image.quality & Quality.argsTruncated) !== 0;
}

/** `"related":{...},`, or nothing. */
function relatedText({ image }: Lifecycle, { related: users }: CredentialsText): string {
  const hashes = relatedHashes(image?.findings);
  if (hashes === "") return users === "" ? "" : `"related":{${users}},`;
  return `"related":{${hashes}${users === "" ? "" : `,${users}`}},`;
}

/** From start to end of the process, on documents with an exit. */
function spanText({ identity, exit }: Lifecycle): string {
  if (exit === undefined || exit.status === undefined) return "";
  const duration = nanoseconds(exit.durationSeconds, exit.durationNanos);
  return `,"start":"${identity.start.iso()}","end":"${exit.time.iso()}","duration":${duration}`;
}

function badTransitions({ transitions, identity }: Lifecycle): MayflyError {
  return new MayflyError(
    "BAD_TRANSITIONS",
    ExitCode.internal,
    `Process ${identity.pid} has transitions ${transitions}, which no life can have. This is a fault in mayfly: please ` +
      "report it with a recording (mayfly record FILE).",
  );
}
