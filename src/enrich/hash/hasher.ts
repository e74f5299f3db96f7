import { createHash } from "node:crypto";
import { LRUCache } from "lru-cache";
import { ExitCode, MayflyError } from "../../errors.ts";
import type { Outcome } from "../helper/backlog.ts";
import type { Helper } from "../helper/helper.ts";
import { wayTo } from "../helper/way.ts";
import type { ExecutableBody, HashAnswer, HashBody, ScriptBody } from "./body.ts";
import { identityKey, isSameIdentity } from "./file_identity.ts";
import {
  type ExecutedFile,
  type ExecutedScript,
  type HashResult,
  type HashType,
  type NoHashReason,
  noHashReasons,
} from "./hashes.ts";
import { FileTicket, HashJob, type HashTicket, ScriptTicket, type Ticket } from "./ticket.ts";

export interface HasherSettings {
  /** At least one. */
  readonly types: readonly HashType[];
  /** Bytes; a larger file is not read. */
  readonly maxFileSize: number;
  /** Files whose hash is kept. */
  readonly cacheSize: number;
  /** Inode number of mayfly's own mount namespace (/proc/self/ns/mnt). */
  readonly ownMntNs: number;
  /** Reads the files. It does other work as well, and is started and closed by its owner. */
  readonly helper: Pick<Helper, "submit">;
  /** How long a file that hung is not asked for again: as long as the helper leaves its device alone. Milliseconds. */
  readonly quarantineMs: number;
  /** Called for each ticket that had no result when `request` gave it out, once, when it has. */
  readonly onSettled: (ticket: HashTicket) => void;
  /** Milliseconds of a clock that never steps. Default performance.now(). */
  readonly now?: () => number;
}

/** Counts since the start. */
export interface HashCounters {
  /** Files read and hashed. */
  readonly hashed: number;
  /** Requests answered by what was known, or under way, already. */
  readonly cacheHits: number;
  /** Bytes read. */
  readonly bytes: number;
  /** Requests without a hash, by reason; those that shared a ticket count as one. */
  readonly none: Readonly<Record<NoHashReason, number>>;
}

/** A file above it waits for smaller ones: hashing it takes longer than all else that is done for a file. */
const HEAVY_BYTES = 1024 * 1024;
/** For how long no hash is an answer to the next who asks: the next process may live long enough to lead to the file. */
const NONE_MS = 1_000;
/** Scripts whose last look is remembered. */
const SCRIPTS = 1_024;

/**
 * Hashes of what was executed. Files are read by a helper process; here are the cache and the tickets. A hash is known by the file
 * identity that comes with each exec record, so the record itself tells when a file has changed.
 */
export class Hasher {
  readonly #settings: HasherSettings;
  readonly #now: () => number;
  readonly #cache: LRUCache<number, FileTicket>;
  readonly #scripts = new LRUCache<string, ScriptTicket>({ max: SCRIPTS });
  readonly #none = Object.fromEntries(noHashReasons.map((reason) => [reason, 0])) as Record<NoHashReason, number>;
  #hashed = 0;
  #cacheHits = 0;
  #bytes = 0;

  /** @throws MayflyError HASH_TYPE_UNAVAILABLE when this Node does not offer one of the types (FIPS mode) */
  constructor(settings: HasherSettings) {
    for (const type of settings.types) checkType(type);
    this.#settings = settings;
    this.#now = settings.now ?? (() => performance.now());
    this.#cache = new LRUCache({ max: settings.cacheSize });
  }

  get counters(): HashCounters {
    return {
      hashed: this.#hashed,
      cacheHits: this.#cacheHits,
      bytes: this.#bytes,
      none: this.#none,
    };
  }

  /** HOT PATH when the file is known: a hash of seven numbers and one lookup, 40 ns. To be called when the exec record arrives. */
  request(executed: ExecutedFile): HashTicket {
    const { file } = executed;
    const key = identityKey(file);
    const known = this.#cache.get(key);
    if (known !== undefined && isSameIdentity(known.file, file) && this.#holds(known)) {
      this.#cacheHits++;
      return known;
    }
    return this.#requestFile(executed, key);
  }

  /**
   * The hash of an interpreter's script. A look at the file answers everyone whose exec lies between the exec that it was made for
   * and its beginning: nothing that changed in between would have passed. So a script that runs a thousand times a second is read
   * ten times, once for each batch of records.
   */
  requestScript(script: ExecutedScript): HashTicket {
    const key = `${script.mntNs}:${identityKey(script.interpreter)}:${script.path}`;
    const known = this.#scripts.get(key);
    if (
      known !== undefined &&
      isSameIdentity(known.interpreter, script.interpreter) &&
      known.interpreterPath === script.interpreterPath &&
      known.execMs <= script.execMs &&
      script.execMs <= known.begunMs &&
      known.result?.kind !== "none"
    ) {
      this.#cacheHits++;
      return known;
    }
    const ticket = new ScriptTicket(script);
    const body: ScriptBody = { ...this.#body(script), ...scriptFields(script) };
    const way = wayTo(script.mntNs, script.path);
    const job = new HashJob("script", body, false, way, way, ticket, this.#settled);
    if (this.#submit(job, ticket)) this.#scripts.set(key, ticket);
    return ticket;
  }

  #requestFile(executed: ExecutedFile, key: number): HashTicket {
    const { file } = executed;
    const ticket = new FileTicket(file);
    if (file.size > this.#settings.maxFileSize) {
      this.#finish(ticket, tooLarge);
      return ticket;
    }
    const path = executed.memfd || executed.deleted ? undefined : executed.path;
    const body: ExecutableBody = { ...this.#body(executed), path, file };
    const heavy = file.size > HEAVY_BYTES;
    const way = wayTo(executed.mntNs, path ?? "");
    const job = new HashJob("executable", body, heavy, file.device, way, ticket, this.#settled);
    if (this.#submit(job, ticket)) this.#cache.set(key, ticket);
    return ticket;
  }

  #body({ pid, mntNs }: { readonly pid: number; readonly mntNs: number }): HashBody {
    const { types, maxFileSize, ownMntNs } = this.#settings;
    return { types, maxFileSize, pid, mntNs, ownMntNs: mntNs === ownMntNs };
  }

  /** No hash is an answer for a short time only. */
  #holds(ticket: FileTicket): boolean {
    return ticket.result?.kind !== "none" || this.#now() < ticket.untilMs;
  }

  /** @returns whether it is under way; else the ticket has its result */
  #submit(job: HashJob, ticket: Ticket): boolean {
    const refused = this.#settings.helper.submit(job);
    if (refused === undefined) return true;
    this.#finish(ticket, none(refused === "full" ? "overload" : refused === "hung" ? "timeout" : "failed"));
    return false;
  }

  readonly #settled = (ticket: Ticket, outcome: Outcome): void => {
    if (outcome.kind === "answer") {
      const answer = outcome.answer as HashAnswer;
      this.#bytes += answer.bytes;
      this.#finish(ticket, "reason" in answer ? none(answer.reason) : { kind: "hashed", hashes: answer.hashes });
    } else {
      this.#finish(ticket, none(outcome.kind === "hung" ? "timeout" : "failed"));
    }
    this.#settings.onSettled(ticket);
  };

  #finish(ticket: Ticket, result: HashResult): void {
    ticket.result = result;
    if (result.kind === "hashed") {
      this.#hashed++;
      return;
    }
    this.#none[result.reason]++;
    const { quarantineMs } = this.#settings;
    ticket.untilMs = this.#now() + (result.reason === "timeout" ? quarantineMs : NONE_MS);
  }
}

const tooLarge: HashResult = { kind: "none", reason: "too_large" };

function none(reason: NoHashReason): HashResult {
  return { kind: "none", reason };
}

function scriptFields({
  path,
  startTicks,
  execMs,
  interpreterPath,
  interpreter,
}: ExecutedScript): Omit<ScriptBody, keyof HashBody> {
  return { path, startTicks, execMs, interpreterPath, interpreter };
}

function checkType(type: HashType): void {
  try {
    createHash(type);
  } catch (error) {
    throw new MayflyError(
      "HASH_TYPE_UNAVAILABLE",
      ExitCode.config,
      `This Node.js does not offer ${type} (${error instanceof Error ? error.message : String(error)}). Take it out of hash.types.`,
      { cause: error },
    );
  }
}
