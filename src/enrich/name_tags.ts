import type { CredentialNames, Credentials } from "../process/facts.ts";
import type { Pid } from "../record/record.ts";
import type { NameAnswer, NameScope } from "./names/answer.ts";

/** Who knows names: src/enrich/names. */
export interface NameSource {
  user(id: number, scope: NameScope): NameAnswer;
  group(id: number, scope: NameScope): NameAnswer;
}

/**
 * Puts names to Credentials. HOT PATH: nearly all processes share a few Credentials, so this is one comparison of a number, and once a
 * second for each of them some 60 ns an id.
 */
export class NameTags {
  readonly #source: NameSource;
  readonly #ownMntNs: number;
  #round = 0;
  #isWhole = true;

  /** @param ownMntNs of mayfly: the host's, by inode number */
  constructor(source: NameSource, ownMntNs: number) {
    this.#source = source;
    this.#ownMntNs = ownMntNs;
  }

  /** From now on every name is asked for once more. */
  nextRound(): void {
    this.#round++;
  }

  /**
   * Whether the names stand in `credentials.names`, so far as there are any.
   * @param pid a process that has them
   */
  tag(credentials: Credentials, pid: Pid): boolean {
    if (credentials.names !== undefined && credentials.names.checked >= this.#round) return true;
    const names = this.#ask(credentials, { mntNs: credentials.mntNs, userNs: credentials.userNs, pid });
    const known = credentials.names;
    // While a known name is being checked anew it stands.
    if (!this.#isWhole && known !== undefined && !Number.isNaN(known.checked)) return true;
    // The same object as long as nothing changed: whoever wrote it down compares that.
    if (known !== undefined && areSame(known, names)) known.checked = names.checked;
    else credentials.names = names;
    return this.#isWhole;
  }

  #ask(credentials: Credentials, scope: NameScope): CredentialNames {
    const { uid, gid, euid, egid, suid, sgid, groups } = credentials;
    this.#isWhole = true;
    const user = this.#known(this.#source.user(euid, scope));
    const group = this.#known(this.#source.group(egid, scope));
    const names: CredentialNames = {
      user,
      group,
      realUser: uid === euid ? user : this.#known(this.#source.user(uid, scope)),
      realGroup: gid === egid ? group : this.#known(this.#source.group(gid, scope)),
      savedUser: suid === euid ? user : this.#known(this.#source.user(suid, scope)),
      savedGroup: sgid === egid ? group : this.#known(this.#source.group(sgid, scope)),
      groups: groups === undefined ? [] : groups.map((id) => this.#known(this.#source.group(id, scope))),
      // What is not whole is asked for again next time. (No whole number: V8 keeps apart objects that begin with one.)
      checked: Number.NaN,
    };
    // Of another root the first answer stands: its mount namespace may end, and its number be given to another one.
    const isHost = scope.mntNs === this.#ownMntNs;
    if (this.#isWhole) names.checked = isHost ? this.#round : Number.POSITIVE_INFINITY;
    return names;
  }

  #known(answer: NameAnswer): string | undefined {
    if (answer === undefined) this.#isWhole = false;
    return answer ?? undefined;
  }
}

function areSame(a: CredentialNames, b: CredentialNames): boolean {
  return (
    a.user === b.user &&
    a.group === b.group &&
    a.realUser === b.realUser &&
    a.realGroup === b.realGroup &&
    a.savedUser === b.savedUser &&
    a.savedGroup === b.savedGroup &&
    a.groups.length === b.groups.length &&
    a.groups.every((name, index) => name === b.groups[index])
  );
}
