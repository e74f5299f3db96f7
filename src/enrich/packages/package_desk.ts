import { LRUCache } from "lru-cache";
import type { FileIdentity, Pid } from "../../record/record.ts";
import { isSameIdentity } from "../hash/file_identity.ts";
import type { Job, Outcome } from "../helper/backlog.ts";
import { wayTo } from "../helper/way.ts";
import type { Package } from "./package.ts";
import type { PackageAnswer, PackageBody } from "./service.ts";

/** The executable of an exec record. */
export interface PackageQuestion {
  readonly pid: Pid;
  /** Absolute, below the process's own root. */
  readonly path: string;
  readonly mntNs: number;
  readonly file: FileIdentity;
}

/** An answer that is there or will come; shared by everyone who asks for the same executable. */
export interface PackageTicket {
  /** null: no database lists it, or it could not be looked up. undefined: under way. */
  readonly result: Package | null | undefined;
  /** Until when it is an answer to the next who asks the same. Milliseconds of the desk's clock. */
  readonly until: number;
}

export interface PackageDeskSettings {
  /** Inode number of mayfly's own mount namespace. */
  readonly ownMntNs: number;
  /** Executables whose package is remembered. */
  readonly cacheSize: number;
  /** Hands a job to the helper process; why not, where it is refused. */
  readonly submit: (job: Job) => string | undefined;
  readonly onSettled: (ticket: PackageTicket) => void;
  /** Milliseconds of a clock that never steps. Default performance.now(). */
  readonly now?: () => number;
}

/**
 * How long an answer holds. An upgraded executable is another file, and asked for anew; but it may be there before its package manager
 * has written that down.
 */
const HOLDS_MS = 60_000;
/** The same where the executable could not be reached: the next process may live long enough. Milliseconds. */
const UNREACHED_MS = 1000;

/** Packages of executables. The helper process reads the databases; here is what it answered. */
export class PackageDesk {
  readonly #settings: PackageDeskSettings;
  readonly #now: () => number;
  readonly #cache: LRUCache<string, Ticket>;
  /** Requests that the helper refused or could not answer. */
  failed = 0;
  /** Answers that name a package. */
  found = 0;
  /** Answers that no database lists the executable. */
  unknown = 0;
  /** Answers that nothing led to the executable any more. */
  gone = 0;

  constructor(settings: PackageDeskSettings) {
    this.#settings = settings;
    this.#now = settings.now ?? (() => performance.now());
    this.#cache = new LRUCache({ max: settings.cacheSize });
  }

  /** HOT PATH: whether the ticket is an answer to one more who asks the same. */
  holds({ until }: PackageTicket): boolean {
    return this.#now() < until;
  }

  /** HOT PATH when the executable is known: one lookup. */
  request({ pid, path, mntNs, file }: PackageQuestion): PackageTicket {
    // Numbers of the file as text would cost twice the time. Two files of one path in one namespace are an upgrade, or a chroot.
    const key = `${mntNs}:${path}`;
    const cached = this.#cache.get(key);
    const known = cached !== undefined && isSameIdentity(cached.file, file) ? cached : undefined;
    if (known !== undefined && this.holds(known)) return known;
    // Meanwhile the old answer stands.
    const ticket: Ticket = { file, result: known?.result, until: this.#now() + HOLDS_MS };
    const body: PackageBody = { pid, mntNs, ownMntNs: mntNs === this.#settings.ownMntNs, path, file };
    const refused = this.#settings.submit({
      kind: "package",
      body,
      heavy: false,
      place: `package:${mntNs}`,
      way: wayTo(mntNs, path),
      onSent: () => undefined,
      onSettled: (outcome) => this.#settle(ticket, outcome),
    });
    if (refused !== undefined) {
      this.failed++;
      ticket.result ??= null;
      return ticket;
    }
    this.#cache.set(key, ticket);
    return ticket;
  }

  #settle(ticket: Ticket, outcome: Outcome): void {
    const answer = outcome.kind === "answer" ? (outcome.answer as PackageAnswer) : undefined;
    if (answer === undefined) this.failed++;
    else if (answer === "gone") this.gone++;
    else if (answer === null) this.unknown++;
    else this.found++;
    if (answer === undefined || answer === "gone") {
      // What was known of the same file stands.
      ticket.result ??= null;
      ticket.until = this.#now() + UNREACHED_MS;
    } else ticket.result = answer;
    this.#settings.onSettled(ticket);
  }
}

interface Ticket extends PackageTicket {
  readonly file: FileIdentity;
  result: Package | null | undefined;
  until: number;
}
