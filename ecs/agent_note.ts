import type { Instant } from "../src/process/instant.ts";
import { eventModule } from "./envelope.ts";
import { quoted } from "./json.ts";

/** Events that were lost between two moments, counted by what they were. */
export interface Loss {
  /** When it was noticed. */
  readonly time: Instant;
  readonly from: Instant;
  readonly to: Instant;
  /** By kind (`fork`, `exec`, `exit`, ...): how many. Kinds that count 0 are left out. */
  readonly lost: Readonly<Record<string, number>>;
}

/** What every note of mayfly about itself has: its place among the notes, and the constant end of the line. */
export interface NoteFrame {
  readonly id: string;
  readonly created: Instant;
  readonly envelope: string;
}

/**
 * A line of dataset mayfly.agent that tells of a loss. event.type is `info`: ECS expects no `error` in category process,
 * event.kind says that it is one.
 */
export function lossNote({ time, from, to, lost }: Loss, frame: NoteFrame): string {
  const counts = Object.entries(lost).filter(([, count]) => count > 0);
  const total = counts.reduce((sum, [, count]) => sum + count, 0);
  const kinds = counts.map(([kind, count]) => `${count} ${kind}`).join(", ");
  const message = `${total} events were lost between ${from.iso()} and ${to.iso()}: ${kinds}.`;
  const event = [
    `"id":"${frame.id}","kind":"pipeline_error","category":["process"],"type":["info"],"action":"events_lost"`,
    `"module":"${eventModule}","dataset":"mayfly.agent","created":"${frame.created.iso()}"`,
    `"start":"${from.iso()}","end":"${to.iso()}"`,
  ];
  const members = [
    `"@timestamp":"${time.iso()}"`,
    `"event":{${event.join(",")}}`,
    `"message":${quoted(message)}`,
    `"error":{"code":"EVENTS_LOST","message":${quoted(message)}}`,
    `"mayfly":{"lost":{${counts.map(([kind, count]) => `${quoted(kind)}:${count}`).join(",")}}}`,
    frame.envelope,
  ];
  return `{${members.join(",")}`;
}
