import type { Earliest, LifeTaker } from "../process/aggregation.ts";
import type { Clock } from "../process/clock.ts";
import type { Credentials, Leader } from "../process/facts.ts";
import { type Lifecycle, Transition } from "../process/lifecycle.ts";
import type { Process } from "../process/process.ts";
import type { ImageListener } from "../process/tracker.ts";
import type { ExecRecord, Pid } from "../record/record.ts";
import type { ImageLookUp } from "./image_look_up.ts";
import type { NameTags } from "./name_tags.ts";
import { WaitingRoom } from "./waiting_room.ts";

export interface EnrichmentSettings {
  /** enrichment.deadline: how long a life waits for what is under way. Milliseconds. */
  readonly deadline: number;
  readonly images: ImageLookUp;
  readonly names: NameTags;
  /** Milliseconds of a clock that never steps. Default performance.now(). */
  readonly now?: () => number;
}

/** Who takes the lives, and says whether it is behind and should be waited for. */
export interface EnrichedTaker extends LifeTaker {
  behind(): boolean;
}

/** What became of lives on their way. */
export interface EnrichmentCounters {
  /** Lives that wait now. */
  readonly waiting: number;
  /** Lives that left while something was still missing: their time was over. */
  readonly late: number;
  /** The same, because too many waited. */
  readonly crowdedOut: number;
}

/** Lives that may wait at once: about 50 MB. */
const MOST = 16_384;
/** Of processes that the first scan found: nobody waits for those, and hundreds of executables are hashed for them. Milliseconds. */
const FOUND_MS = 5000;
/** Lives that leave at one look: 10,000 processes found at the start become ready together, and whoever takes them needs a turn in between. */
const RELEASE_MOST = 1000;
/** So many are looked at for each answer: 0.2 us each. */
const FEW = 64;
/** Between two looks at those who wait, and between two rounds of asking for names anew. Milliseconds. */
const LOOK_MS = 20;
const ROUND_MS = 1000;

/**
 * Between the hold and the outputs: lives whose image has its hash and package and whose ids have their names pass at once, the others
 * wait a while. HOT PATH: budget 0.3 us a life with everything known.
 */
export class Enrichment implements LifeTaker, ImageListener {
  readonly #settings: EnrichmentSettings;
  readonly #now: () => number;
  readonly #room = new WaitingRoom(MOST);
  #next: EnrichedTaker = { onLife: () => undefined, behind: () => false };
  #look: NodeJS.Timeout | undefined = undefined;
  #round: NodeJS.Timeout | undefined = undefined;
  #late = 0;
  #crowdedOut = 0;

  constructor(settings: EnrichmentSettings) {
    this.#settings = settings;
    this.#now = settings.now ?? (() => performance.now());
  }

  /** Who takes the lives from here. Before the first. */
  handTo(next: EnrichedTaker): void {
    this.#next = next;
    this.#round ??= setInterval(() => this.#settings.names.nextRound(), ROUND_MS).unref();
  }

  get counters(): EnrichmentCounters {
    return { waiting: this.#room.size, late: this.#late, crowdedOut: this.#crowdedOut };
  }

  onImage({ image, credentials }: Process, record: ExecRecord, clock: Clock): void {
    this.#tag(credentials, record.pid);
    if (image !== undefined) this.#settings.images.begin(image, record, clock);
  }

  onLife(life: Lifecycle): void {
    const isReady = this.#isReady(life);
    if (isReady && (this.#room.size === 0 || !this.#room.hasProcessOf(life))) {
      this.#next.onLife(life);
      return;
    }
    if (this.#room.isFull) {
      this.#crowdedOut++;
      this.#room.letOutFirst(this.#out);
    }
    const found = (life.transitions & Transition.found) !== 0;
    const patience = found ? Math.max(FOUND_MS, this.#settings.deadline) : this.#settings.deadline;
    this.#room.enter(life, this.#now() + patience);
    this.#look ??= setTimeout(this.#lookAround, LOOK_MS);
  }

  /** When the earliest of the lives here began. */
  earliest(): Earliest | undefined {
    return this.#room.earliest();
  }

  /**
   * Resolves when nobody waits any more: who is not ready at the deadline leaves as it is. To be called when no more lives come.
   * @param catchUp resolves when the takers have had their turn
   */
  async drain(catchUp: () => Promise<void>): Promise<void> {
    clearInterval(this.#round);
    const until = this.#now() + this.#settings.deadline;
    while (this.#room.size > 0 && this.#now() < until)
      await new Promise((resolve) => {
        setTimeout(resolve, LOOK_MS);
      });
    clearTimeout(this.#look);
    while (this.#room.size > 0) {
      await catchUp();
      for (let left = RELEASE_MOST; left > 0 && this.#room.size > 0; left--) {
        this.#room.letOutFirst((life) => {
          if (!this.#isReady(life)) this.#late++;
          this.#out(life);
        });
      }
    }
  }

  #isReady(life: Lifecycle): boolean {
    // All are asked for, also when the first is missing already.
    const isNamed = this.#isNamed(life);
    const findings = life.image?.findings;
    return isNamed && (findings === undefined || findings.settled);
  }

  /** Everybody of whom ids stand in the document. A parent or leader may have had no document of its own, and never get one. */
  #isNamed({ credentials, identity, origin: { parent }, leaders }: Lifecycle): boolean {
    const own = this.#tag(credentials, identity.pid);
    const parents = parent?.credentials === undefined || this.#tag(parent.credentials, parent.identity.pid);
    const { entry, group, session } = leaders;
    const entrys = this.#isLeaderNamed(entry);
    const groups = this.#isLeaderNamed(group);
    const sessions = this.#isLeaderNamed(session);
    return own && parents && entrys && groups && sessions;
  }

  #isLeaderNamed(leader: Leader | undefined): boolean {
    return leader?.credentials === undefined || this.#tag(leader.credentials, leader.pid);
  }

  #tag(credentials: Credentials, pid: Pid): boolean {
    return this.#settings.names.tag(credentials, pid);
  }

  /** Something that lives may wait for is known now. Answers come by the thousand: where many wait, they leave at the next regular look. */
  look(): void {
    if (this.#room.size > 0 && this.#room.size <= FEW) this.#letOut();
  }

  readonly #lookAround = (): void => {
    this.#letOut();
    this.#look = this.#room.size === 0 ? undefined : setTimeout(this.#lookAround, LOOK_MS);
  };

  #letOut(): void {
    if (this.#next.behind()) return;
    this.#room.letOut(
      this.#now(),
      RELEASE_MOST,
      (life) => this.#isReady(life),
      (life, isLate) => {
        if (isLate) this.#late++;
        this.#out(life);
      },
    );
  }

  readonly #out = (life: Lifecycle): void => this.#next.onLife(life);
}
