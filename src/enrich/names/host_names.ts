import { AccountFile } from "./account_file.ts";
import type { Database } from "./account_lines.ts";
import type { NameAnswer } from "./answer.ts";
import type { NamesCounters } from "./counters.ts";
import { Getent } from "./getent.ts";
import type { NamesSettings } from "./settings.ts";

/**
 * The host's names of one database: its file, and NSS for whoever is not in it. One Map holds both, so that a warm answer is
 * one hit.
 *
 * A file is looked at once per `checkMs` while it is asked for. After a pause it is looked at before the first answer:
 * in the meantime an id may have been given to somebody else.
 */
export class HostNames {
  readonly #settings: NamesSettings;
  readonly #counters: NamesCounters;
  readonly #file: AccountFile;
  readonly #getent: Getent;
  #answers = new Map<number, string | null>();
  /** Answers of NSS and until when they hold, each Map with the oldest first. */
  readonly #nssNames = new Map<number, number>();
  readonly #nssUnknown = new Map<number, number>();
  /** Ids that wait for a look at the file which begins after they were asked for. */
  #wanted = new Set<number>();
  /** Ids under way, wanted ones included. */
  readonly #pending = new Set<number>();
  /** Whether the answers stand on a look at the file that is young enough. */
  #fresh = false;
  #used = false;
  /** Whether somebody was answered `undefined` since answers were last told of. */
  #owing = false;
  /** While onAnswer runs: whoever asks in it has waited for this look, however long it took. */
  #telling = false;
  #checking = false;
  #checkAgain = false;
  /** When the last finished look at the file began. */
  #checkedAt = Number.NEGATIVE_INFINITY;
  #closed = false;

  constructor(database: Database, settings: NamesSettings, counters: NamesCounters) {
    this.#settings = settings;
    this.#counters = counters;
    this.#file = new AccountFile(
      { path: settings[database], database, maxBytes: settings.fileMaxBytes, wall: settings.wall },
      counters,
    );
    this.#getent = new Getent(database, settings.getent, counters, (ids, names, sure) => this.#told(ids, names, sure));
  }

  /** The name of an id of the initial user namespace. */
  of(id: number): NameAnswer {
    this.#used = true;
    const answer = this.#answers.get(id);
    if (answer !== undefined && this.#fresh && (answer !== null || this.#isRecent())) return answer;
    this.#owing = true;
    if (answer === undefined) this.#want(id);
    else this.check();
    return undefined;
  }

  /** Looks at the file, and once more if it is being looked at: what is asked for now must not be older. */
  check(): void {
    if (this.#closed) return;
    this.#checkAgain = this.#checking;
    if (!this.#checking) void this.#check();
  }

  /** Called every `checkMs`. */
  tick(): void {
    if (this.#used) this.check();
    else this.#fresh = false;
    this.#used = false;
    const now = this.#settings.now();
    this.#expire(this.#nssNames, now);
    this.#expire(this.#nssUnknown, now);
  }

  close(): void {
    this.#closed = true;
    this.#getent.close();
  }

  #isRecent(): boolean {
    return this.#telling || this.#settings.now() - this.#checkedAt < this.#settings.unknownCheckMs;
  }

  #want(id: number): void {
    if (this.#pending.has(id)) return;
    this.#pending.add(id);
    this.#wanted.add(id);
    this.check();
  }

  async #check(): Promise<void> {
    this.#checking = true;
    do {
      this.#checkAgain = false;
      const wanted = this.#wanted;
      this.#wanted = new Set();
      const began = this.#settings.now();
      const names = await this.#file.changed();
      if (this.#closed) return;
      if (names !== undefined) this.#replace(names);
      this.#checkedAt = began;
      this.#fresh = true;
      this.#askNss(wanted);
      this.#tell();
    } while (this.#checkAgain);
    this.#checking = false;
  }

  /** A changed file ends every "there is none", and comes before what NSS said. */
  #replace(names: Map<number, string | null>): void {
    for (const id of this.#nssNames.keys()) {
      const answer = this.#answers.get(id);
      if (names.has(id) || answer === undefined) this.#nssNames.delete(id);
      else names.set(id, answer);
    }
    this.#nssUnknown.clear();
    this.#answers = names;
  }

  #askNss(ids: ReadonlySet<number>): void {
    const refused: number[] = [];
    for (const id of ids) {
      if (this.#answers.has(id)) this.#pending.delete(id);
      else if (!this.#getent.ask(id)) refused.push(id);
    }
    if (refused.length > 0) this.#told(refused, new Map(), this.#getent.isAbsent);
  }

  #told(ids: readonly number[], names: ReadonlyMap<number, string>, sure: boolean): void {
    const { ttlMs, unknownTtlMs, failureTtlMs } = this.#settings.getent;
    const now = this.#settings.now();
    for (const id of ids) {
      this.#pending.delete(id);
      // The file has got it meanwhile.
      if (this.#answers.has(id)) continue;
      const name = names.get(id);
      if (name === undefined) this.#counters.unknown++;
      this.#answers.set(id, name ?? null);
      const kept = name === undefined ? this.#nssUnknown : this.#nssNames;
      kept.set(id, now + (name !== undefined ? ttlMs : sure ? unknownTtlMs : failureTtlMs));
      if (this.#nssNames.size + this.#nssUnknown.size > this.#settings.getent.maxAnswers) this.#evict();
    }
    this.#tell();
  }

  #tell(): void {
    if (!this.#owing) return;
    this.#owing = false;
    this.#telling = true;
    this.#settings.onAnswer();
    this.#telling = false;
  }

  /** Unknown ids go first: somebody who makes up ids must not drive out names. */
  #evict(): void {
    const from = this.#nssUnknown.size > 0 ? this.#nssUnknown : this.#nssNames;
    const [oldest] = from.keys();
    if (oldest === undefined) return;
    this.#counters.evicted++;
    from.delete(oldest);
    this.#answers.delete(oldest);
  }

  #expire(answers: Map<number, number>, now: number): void {
    for (const [id, until] of answers) {
      if (until > now) continue;
      answers.delete(id);
      this.#answers.delete(id);
    }
  }
}
