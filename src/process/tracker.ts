import {
  type ChangeRecord,
  type ClockRecord,
  type ExecRecord,
  type ExitRecord,
  type ForkRecord,
  ImageFlag,
  type Moment,
  type Pid,
  type RecordHandler,
  type Subject,
  type TaskRef,
  type TaskState,
} from "../record/record.ts";
import { Aggregation, type AggregationSettings, type LifeTaker, milliseconds, Pending } from "./aggregation.ts";
import type { Clock } from "./clock.ts";
import { exitOf, unseenExit } from "./exit.ts";
import { type Identity, type Image, type Origin, Quality } from "./facts.ts";
import type { EntityIds } from "./identity.ts";
import { type ArgsRedactor, imageOf } from "./image.ts";
import { LeaderBook } from "./leaders.ts";
import { Transition } from "./lifecycle.ts";
import { Process } from "./process.ts";
import { Scan } from "./scan.ts";
import { ProcessTable } from "./table.ts";

/*
 * HOT PATH: records -> table -> lifecycles, budget 2 us a lifecycle.
 *
 * Records come in causal order (one ring): a fork before anything the child does, an exit before its pid is given again.
 */

/** Lives that one record may push out of the hold: more than one record can bring in. */
const ADVANCE_MOST = 2;

/** Who is told of an image when its record arrives, while its document still waits. */
export interface ImageListener {
  /** HOT PATH. @param record an exec, or a process that a scan found or whose fork was not seen */
  onImage(process: Process, record: ExecRecord, clock: Clock): void;
}

/** Who is told of what is no life. */
export interface TrackerListener {
  /** Both clocks, about once a second. */
  onClock(record: ClockRecord): void;
  /** A scan is applied. */
  onScanned(): void;
}

export interface TrackerSettings extends AggregationSettings {
  /** Whether a process that the first scan finds has a document. */
  readonly tellFound: boolean;
  /** Processes kept at most; one more evicts the oldest entry, which is counted. */
  readonly maxProcesses: number;
  /** Works on the arguments of every image, before anybody sees them. Default: they stay as they are. */
  readonly redactor?: ArgsRedactor | undefined;
  /** Looks up what is told of images and credentials besides what the kernel says. Default: nobody. */
  readonly lookUp?: ImageListener | undefined;
}

/** What a tracker has met that it could not make whole. */
export interface TrackerCounters {
  forks: number;
  execs: number;
  exits: number;
  /** Processes that the first scan found. */
  found: number;
  /** A second record of one end: two last threads that died together on kernels before 6.16. Dropped. */
  doubleExits: number;
  /** Ends that were noticed, not seen: the pid was given again, or a scan missed the process. */
  lostExits: number;
  /** Starts that were noticed, not seen. */
  unseenForks: number;
  /** Entries that were evicted because the table was full. */
  evicted: number;
}

export class Tracker implements RecordHandler {
  readonly counters: TrackerCounters = {
    forks: 0,
    execs: 0,
    exits: 0,
    found: 0,
    doubleExits: 0,
    lostExits: 0,
    unseenForks: 0,
    evicted: 0,
  };
  readonly table = new ProcessTable();
  readonly aggregation: Aggregation;
  readonly #leaders = new LeaderBook(this.table);
  readonly #listener: TrackerListener | undefined;
  readonly #clock: Clock;
  readonly #ids: EntityIds;
  readonly #scan: Scan;
  readonly #hold: number;
  readonly #merges: boolean;
  readonly #maxProcesses: number;
  readonly #redactor: ArgsRedactor | undefined;
  readonly #lookUp: ImageListener | undefined;
  #pageSize = 4096;
  #followedPid: Pid | undefined = undefined;

  constructor(settings: TrackerSettings, clock: Clock, ids: EntityIds, taker: LifeTaker, listener?: TrackerListener) {
    this.#listener = listener;
    this.#clock = clock;
    this.#ids = ids;
    this.#hold = settings.hold;
    this.#merges = settings.merge ?? true;
    this.#maxProcesses = settings.maxProcesses;
    this.#redactor = settings.redactor;
    this.#lookUp = settings.lookUp;
    this.aggregation = new Aggregation(settings, taker);
    this.#scan = new Scan(this, settings.tellFound);
  }

  /** Marks the next process that is forked as `pid`, and all its descendants. */
  follow(pid: Pid): void {
    this.#followedPid = pid;
    const holder = this.table.holder(pid);
    if (holder !== undefined) {
      holder.followed = true;
      if (holder.pending !== undefined) holder.pending.followed = true;
    }
  }

  onFork(record: ForkRecord): void {
    this.counters.forks++;
    this.#advance(record);
    const creator = this.table.find(record.creator);
    const parent = record.parent.pid === record.creator.pid ? creator : this.table.find(record.parent);
    const unknown = creator === undefined || parent === undefined ? Quality.parentUnknown : 0;
    const process = new Process(
      this.identity(record, record.state),
      parent?.childOrigin() ?? this.#originOf(record.parent),
      creator?.image,
      record.state,
      creator,
      unknown,
    );
    this.#insert(process, record);
    this.#leaders.forked(process, creator, parent);
    this.begin(process, Transition.fork, record);
  }

  onExec(record: ExecRecord): void {
    this.counters.execs++;
    this.#advance(record);
    const known = this.table.find(record);
    const replaced = known?.image;
    const process = known ?? this.#unseen(record);
    if (known !== undefined) this.#become(known, record);
    const pending = this.#held(process, record);
    if (pending !== undefined && pending.transitions === Transition.fork) {
      pending.image = process.image;
      pending.replaced = replaced;
      pending.leaders = process.leaders();
      pending.credentials = process.credentials;
      pending.session = process.session;
      pending.comm = process.comm;
      pending.transitions |= Transition.exec;
      pending.ownImage = true;
      pending.quality = process.quality | (process.image?.quality ?? 0) | this.#clockQuality();
      return;
    }
    if (pending !== undefined) this.aggregation.release(pending);
    this.begin(process, Transition.exec, record, replaced);
  }

  onExit(record: ExitRecord): void {
    this.#advance(record);
    let process = this.table.find(record);
    if (process === undefined) {
      if (this.table.hasEnded(record.pid, record.startTicks)) {
        this.counters.doubleExits++;
        return;
      }
      const quality = Quality.forkUnseen | Quality.parentUnknown;
      this.counters.unseenForks++;
      const identity = this.identity(record, record.state);
      process = new Process(identity, NO_ORIGIN, undefined, record.state, undefined, quality);
      this.#leaders.met(process, undefined);
    }
    this.counters.exits++;
    if (process.update(record.state)) this.#leaders.moved(process);
    if (record.comm !== "") process.comm = record.comm;
    this.#end(process, record);
  }

  onChange(record: ChangeRecord): void {
    this.#advance(record);
    const process = this.table.find(record);
    // Its start was not seen, which is counted when a record with its image comes.
    if (process === undefined) return;
    const { credentials: old, session } = process;
    if (process.update(record.state, record.groups)) this.#leaders.moved(process);
    if (this.#merges) return;
    const { uid, euid, suid, gid, egid, sgid } = process.credentials;
    // A found process is told of as it was found, before what happened to it then.
    this.#held(process, record);
    if (uid !== old.uid || euid !== old.euid || suid !== old.suid) this.begin(process, Transition.uidChange, record);
    if (gid !== old.gid || egid !== old.egid || sgid !== old.sgid) this.begin(process, Transition.gidChange, record);
    if (process.session.session !== session.session) this.begin(process, Transition.sessionChange, record);
  }

  onTask(record: ExecRecord): void {
    this.#scan.add(record);
  }

  onScanned(record: ClockRecord): void {
    this.#scan.finish(record);
    this.#listener?.onScanned();
  }

  onClock(record: ClockRecord): void {
    this.#clock.sample(record);
    this.#listener?.onClock(record);
    this.#pageSize = record.pageSize;
    this.#scan.settle(record);
    this.aggregation.advance(milliseconds(record.time), ADVANCE_MOST);
  }

  /** @param state of the same process, where there is a record of it */
  identity(ref: TaskRef, state?: TaskState): Identity {
    return {
      pid: ref.pid,
      startTicks: ref.startTicks,
      start: this.#clock.startInstant(ref.start),
      entityId: this.#ids.of(ref.pid, ref.startTicks),
      vpid: state === undefined || state.vpid === ref.pid ? undefined : state.vpid,
    };
  }

  /** A process that a scan found, or whose fork was not seen, with its image. */
  admit(record: ExecRecord, quality: number): Process {
    const parent = this.table.find(record.parent);
    const unknown = parent === undefined && record.parent.pid !== 0 ? Quality.parentUnknown : 0;
    const origin = parent?.childOrigin() ?? this.#originOf(record.parent);
    const identity = this.identity(record, record.state);
    const process = new Process(identity, origin, undefined, record.state, parent, quality | unknown, record.groups);
    if ((record.flags & ImageFlag.noExecutable) === 0)
      process.exec(imageOf(record, this.#redactor), record.state, record.groups);
    process.comm = record.comm === "" ? undefined : record.comm;
    this.#lookUp?.onImage(process, record, this.#clock);
    this.#insert(process, record);
    this.#leaders.met(process, parent);
    return process;
  }

  /** Opens a document of a process; Aggregation hands it on. */
  begin(process: Process, transition: number, record: Subject, replaced?: Image): void {
    this.aggregation.add(this.#lifeOf(process, transition, record.time, this.#clockQuality(), replaced));
  }

  #lifeOf(process: Process, transition: number, time: Moment, quality: number, replaced?: Image): Pending {
    return new Pending(process, transition, this.#clock.instant(time), milliseconds(time), quality, replaced);
  }

  /** An end that nobody saw: noticed at `record`, because the pid is another's or a scan did not find the process. */
  endUnseen(process: Process, time: Subject["time"]): void {
    this.counters.lostExits++;
    const pending = process.pending;
    if (pending !== undefined) this.aggregation.release(pending);
    const life = this.#lifeOf(process, Transition.end, time, Quality.exitLost);
    life.exit = unseenExit(life.time);
    this.aggregation.handOn(life);
    this.#remove(process);
  }

  /** Who is known now may be whom others were waiting for. */
  settleEntries(): void {
    for (const process of this.table.values()) if (process.entry === undefined) this.#leaders.reconsider(process);
  }

  #become(process: Process, record: ExecRecord): void {
    const hasMoved = process.exec(imageOf(record, this.#redactor), record.state, record.groups);
    process.comm = record.comm === "" ? undefined : record.comm;
    this.#lookUp?.onImage(process, record, this.#clock);
    if (hasMoved) this.#leaders.moved(process);
    else this.#leaders.reconsider(process);
  }

  #advance(record: Subject): void {
    this.aggregation.advance(milliseconds(record.time), ADVANCE_MOST);
  }

  /** The life that this record may still join. One whose hold is over, or that a scan found, leaves first. */
  #held(process: Process, record: Subject): Pending | undefined {
    const { pending } = process;
    if (pending === undefined) return undefined;
    const isOver = pending.since + this.#hold <= milliseconds(record.time);
    if (!isOver && pending.transitions !== Transition.found) return pending;
    this.aggregation.release(pending);
    return undefined;
  }

  #clockQuality(): number {
    return this.#clock.stepped ? Quality.clockStepped : 0;
  }

  #insert(process: Process, record: Subject): void {
    const holder = this.table.holder(record.pid);
    if (holder !== undefined) {
      if (holder.identity.startTicks !== record.startTicks) this.endUnseen(holder, record.time);
      else this.#forgetScanned(holder, process);
    } else if (this.table.size >= this.#maxProcesses) {
      this.#evict();
    }
    if (record.pid === this.#followedPid) process.followed = true;
    this.table.add(process);
  }

  /** A scan met the process before its fork record came: what it would have told of it, the record tells better. */
  #forgetScanned(scanned: Process, process: Process): void {
    const { pending } = scanned;
    process.lead(scanned.leadership());
    if (pending === undefined) return;
    const isUnseenFork = (pending.quality & Quality.forkUnseen) !== 0;
    if (pending.transitions !== Transition.found && !isUnseenFork) return;
    if (isUnseenFork) this.counters.unseenForks--;
    this.aggregation.drop(pending);
  }

  #evict(): void {
    const oldest = this.table.oldest();
    if (oldest === undefined) return;
    this.counters.evicted++;
    if (oldest.pending !== undefined) this.aggregation.release(oldest.pending);
    this.#remove(oldest);
  }

  #remove(process: Process): void {
    this.table.remove(process);
    this.#leaders.ended(process);
  }

  #unseen(record: ExecRecord): Process {
    this.counters.unseenForks++;
    return this.admit(record, Quality.forkUnseen);
  }

  #end(process: Process, record: ExitRecord): void {
    const pending = this.#held(process, record);
    this.#remove(process);
    if (pending === undefined) {
      const life = this.#lifeOf(process, Transition.end, record.time, this.#clockQuality());
      life.exit = exitOf(record, life.time, this.#pageSize);
      this.aggregation.handOn(life);
      return;
    }
    pending.transitions |= Transition.end;
    pending.leaders = process.leaders();
    pending.credentials = process.credentials;
    pending.session = process.session;
    pending.comm = process.comm;
    pending.exit = exitOf(record, this.#clock.instant(record.time), this.#pageSize);
    this.aggregation.release(pending);
  }

  /** A parent that is not in the table: its identity is certain, its facts are not known. */
  #originOf(parent: TaskRef): Origin {
    if (parent.pid === 0) return NO_ORIGIN;
    const identity = this.identity(parent);
    return {
      parent: {
        identity,
        image: undefined,
        ownImage: false,
        credentials: undefined,
        session: undefined,
        groupLeader: undefined,
        sessionLeader: undefined,
      },
      ancestry: [identity.entityId],
      rendered: undefined,
    };
  }
}

const NO_ORIGIN: Origin = { parent: undefined, ancestry: [], rendered: undefined };
