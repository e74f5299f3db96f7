import { Backlog } from "./backlog.ts";
import { BlockPool } from "./blocks.ts";
import type { SpoolCounters } from "./counters.ts";
import { Damage } from "./damage.ts";
import { HeldFrames } from "./held_frames.ts";
import { OpenFrame } from "./open_frame.ts";
import type { FoundSpool } from "./opening.ts";
import type { SpoolOptions, SpoolSystem } from "./options.ts";
import { segmentBytes as segmentBytesFor } from "./options.ts";
import { Room } from "./room.ts";
import { SegmentFiles } from "./segment_files.ts";
import { StateKeeper } from "./state_keeper.ts";
import { Syncing } from "./syncing.ts";
import { WriteQueue } from "./write_queue.ts";

const MIB = 1024 * 1024;

/** What a spool is made of. A document goes open -> queue -> files and held; what memory lets go comes back by backlog. */
export interface SpoolParts {
  readonly open: OpenFrame;
  readonly queue: WriteQueue;
  readonly files: SegmentFiles;
  readonly syncing: Syncing;
  readonly held: HeldFrames;
  readonly backlog: Backlog;
  readonly damage: Damage;
  readonly room: Room;
  readonly state: StateKeeper;
}

/** @param onLive frames have become live */
export function makeParts(
  options: SpoolOptions,
  system: SpoolSystem,
  found: FoundSpool,
  counters: SpoolCounters,
  onLive: () => void,
): SpoolParts {
  const { path: folder, maxBytes, whenFull, syncMs = 5_000, frameBytes = 512 * 1024, onWarn, onRecover } = options;
  const { segments } = found;
  const segmentBytes = segmentBytesFor(maxBytes);
  const events = { ...(onWarn && { onWarn }), ...(onRecover && { onRecover }) };
  const common = { ...events, folder, segments, counters, system };

  const blocks = new BlockPool(frameBytes);
  const held = new HeldFrames(blocks, options.maxLiveBytes ?? 16 * MIB);
  const files = new SegmentFiles({ ...common, segmentBytes, strict: syncMs === "batch" });
  const current = () => files.current;
  const saveMs = options.saveMs ?? 1_000;
  const state = new StateKeeper({ ...common, current, saveMs, onSaved: () => room.checkRelaxed() }, found.notes);
  const damage = new Damage({ ...common, held, onSettled: () => state.changed() });
  const backlog = new Backlog({ ...common, held, damage });
  const reading = () => backlog.reading;
  const room = new Room({ ...common, held, state, maxBytes, whenFull, segmentBytes, current, reading });
  const syncing = new Syncing({ ...common, files, everyMs: syncMs === "batch" ? undefined : syncMs });
  const queue = new WriteQueue({
    ...common,
    files,
    held,
    room,
    maxUnwrittenBytes: options.maxUnwrittenBytes ?? 32 * MIB,
    retryMs: options.retryMs ?? 1_000,
    onLive,
    onWritten: () => syncing.written(),
  });
  return { open: new OpenFrame(blocks, frameBytes), queue, files, syncing, held, backlog, damage, room, state };
}
