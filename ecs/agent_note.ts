import type { Gap } from "../src/process/gap.ts";
import type { Instant } from "../src/process/instant.ts";
import { eventModule } from "./envelope.ts";
import { quoted } from "./json.ts";
import { beforeId, beforeTime } from "./line.ts";

/** Of what happened on the host no document was made, or one that lacks facts (ARCHITECTURE.md, What can drop). */
const eventLosses = [
  "fork",
  "exec",
  "exit",
  "change",
  "missed",
  "malformed",
  "failedScans",
  "undecodable",
  "evicted",
] as const;

/** Documents that were made and will not arrive. */
const documentLosses = ["output_full", "spool_full", "spool_unwritable", "spool_damaged", "dead_letter_full"] as const;

export type EventLoss = (typeof eventLosses)[number];
export type DocumentLoss = (typeof documentLosses)[number];

/** Every member that `mayfly.lost` can have. */
export const lossKinds: readonly string[] = [...eventLosses, ...documentLosses];

/** What was lost between two moments, counted by what it was: events or documents, not both. */
export interface Loss {
  /** When it was noticed. */
  readonly time: Instant;
  readonly from: Instant;
  readonly to: Instant;
  /** Kinds that count 0 are left out. */
  readonly lost: Readonly<Partial<Record<EventLoss, number>>> | Readonly<Partial<Record<DocumentLoss, number>>>;
}

/** What every note of mayfly about itself has: its place among the notes, and the constant end of the line. */
export interface NoteFrame {
  readonly id: string;
  readonly created: Instant;
  readonly envelope: string;
}

interface Note {
  readonly time: Instant;
  readonly from: Instant;
  readonly to: Instant;
  readonly action: string;
  readonly message: string;
  /** error.code; undefined where nothing went wrong. */
  readonly code: string | undefined;
  /** The members of `mayfly`. */
  readonly mayfly: string;
}

/** A line of dataset mayfly.agent that tells of a loss. */
export function lossNote({ time, from, to, lost }: Loss, frame: NoteFrame): string {
  const counts = Object.entries(lost).filter(([, count]) => count > 0);
  const noun = counts.some(([kind]) => isDocumentLoss(kind)) ? "documents" : "events";
  const total = counts.reduce((sum, [, count]) => sum + count, 0);
  const kinds = counts.map(([kind, count]) => `${count} ${kind}`).join(", ");
  const note = {
    time,
    from,
    to,
    action: `${noun}_lost`,
    message: `${total} ${noun} were lost between ${from.iso()} and ${to.iso()}: ${kinds}.`,
    code: `${noun.toUpperCase()}_LOST`,
    mayfly: `"lost":{${counts.map(([kind, count]) => `${quoted(kind)}:${count}`).join(",")}}`,
  };
  return noteLine(note, frame);
}

function isDocumentLoss(kind: string): boolean {
  return (documentLosses as readonly string[]).includes(kind);
}

/** A line of dataset mayfly.agent that tells from when to when nobody watched. */
export function gapNote(gap: Gap, frame: NoteFrame): string {
  const { from, to, clean, rebooted, clockStepped } = gap;
  const flags = `"clean":${clean},"rebooted":${rebooted},"clock_stepped":${clockStepped}`;
  const note = {
    time: to,
    from,
    to,
    action: "not_watching",
    message: gapMessage(gap),
    code: clean ? undefined : "NOT_WATCHING",
    mayfly: `"gap":{"from":"${from.iso()}","to":"${to.iso()}",${flags}}`,
  };
  return noteLine(note, frame);
}

function gapMessage({ from, to, clean, rebooted, clockStepped }: Gap): string {
  const seconds = to.seconds - from.seconds + (to.nanos - from.nanos) / 1_000_000_000;
  const why = clean
    ? "it had been stopped; what it had seen before is told"
    : "it ended without a word (killed, crashed or a power cut); what it saw last may be missing, too";
  const boot = rebooted ? " The host was started anew in between." : "";
  const clock = clockStepped ? " The wall clock was set in between: the beginning is the earliest it can be." : "";
  return `mayfly was not watching from ${from.iso()} to ${to.iso()} (${seconds.toFixed(1)} s): ${why}.${boot}${clock}`;
}

/**
 * event.type is `info`: ECS expects no `error` in category process. event.kind says that events may be missing, which is so
 * after an orderly stop as well.
 */
function noteLine({ time, from, to, action, message, code, mayfly }: Note, frame: NoteFrame): string {
  const event = [
    `"kind":"pipeline_error","category":["process"],"type":["info"],"action":"${action}"`,
    `"module":"${eventModule}","dataset":"mayfly.agent","created":"${frame.created.iso()}"`,
    `"start":"${from.iso()}","end":"${to.iso()}"`,
  ];
  const members = [
    `"message":${quoted(message)}`,
    ...(code === undefined ? [] : [`"error":{"code":"${code}","message":${quoted(message)}}`]),
    `"mayfly":{${mayfly}}`,
    frame.envelope,
  ];
  return `${beforeTime}${time.iso()}${beforeId}${frame.id}",${event.join(",")}},${members.join(",")}`;
}
