import type { Pid } from "../record/record.ts";
import type { Identity, Leader, LeaderName } from "./facts.ts";
import type { Process } from "./process.ts";

/**
 * A process as leader of others: what it is while it lives, what it was last when it is dead. Members of a session or group
 * hold this, never the Process: nothing links the living to a chain of the dead. A leader that ended before mayfly came
 * has only its pid, until a scan meets it after all.
 */
export class Leadership {
  readonly #name: { readonly pid: Pid; identity: Identity | undefined };
  #process: Process | undefined;
  #facts: Leader | undefined = undefined;

  constructor(pid: Pid, process: Process | undefined) {
    this.#name = { pid, identity: process?.identity };
    this.#process = process;
  }

  get pid(): Pid {
    return this.#name.pid;
  }

  get name(): LeaderName {
    return this.#name;
  }

  get lives(): boolean {
    return this.#process !== undefined;
  }

  /** As it is now, or was last. The same object as long as nothing changes. */
  facts(): Leader {
    return (this.#facts ??= this.#process?.asLeader() ?? onlyNamed(this.#name));
  }

  /** Who it is, learnt from a child of it: what else it is stays unknown. */
  identify(identity: Identity): void {
    if (this.#name.identity !== undefined) return;
    this.#name.identity = identity;
    this.#facts = undefined;
  }

  /** Its image, credentials or session are others than before. */
  changed(): void {
    if (this.#process !== undefined) this.#facts = undefined;
  }

  /** It is this process, as is known only now. */
  belongsTo(process: Process): void {
    this.#name.identity = process.identity;
    this.#process = process;
    this.#facts = undefined;
  }

  /** The process has ended: its facts stay, itself can go. */
  end(): void {
    this.facts();
    this.#process = undefined;
  }
}

function onlyNamed({ pid, identity }: LeaderName): Leader {
  return {
    pid,
    identity,
    image: undefined,
    ownImage: false,
    credentials: undefined,
    session: undefined,
    parent: undefined,
    rendered: undefined,
    renderedParent: undefined,
  };
}
