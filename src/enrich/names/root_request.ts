/** What the helper is asked: names below the root of a namespace's processes. */
export interface RootRequest {
  /** Processes to try, in this order. */
  readonly pids: readonly number[];
  /** A process that has another mount namespace by now is passed over. */
  readonly mntNs: number;
  /** Ids are translated to those of this user namespace; 0: it is the host's. */
  readonly userNs: number;
  /** The stamp of the answer before; "" when there is none. */
  readonly stamp: string;
  /** Asked for before: answered when the stamp has changed. */
  readonly knownUsers: readonly number[];
  readonly knownGroups: readonly number[];
  readonly users: readonly number[];
  readonly groups: readonly number[];
}

/** Ids with their names, null when they have none. */
export type NamedIds = readonly (readonly [id: number, name: string | null])[];

export type RootAnswer =
  | {
      readonly outcome: "read";
      /** The oldest ancestor of the process in its namespaces: the likeliest to be there next time. */
      readonly pid: number;
      /** Changes with the files and the id maps. */
      readonly stamp: string;
      /** The namespace has the host's root, passwd and group: there are no names of its own, ids are the host's. */
      readonly host: boolean;
      /** The user namespace has no id map yet. */
      readonly unmapped: boolean;
      readonly users: NamedIds;
      readonly groups: NamedIds;
      /** Files that are there and were not read. */
      readonly refused: number;
    }
  /** None of the processes is there, or they have another root than their namespace. */
  | { readonly outcome: "gone" }
  | { readonly outcome: "denied" };

/** Where files are read that may hang. Rejects with a RootTimeout, or with what went wrong. */
export interface RootReader {
  ask(request: RootRequest): Promise<RootAnswer>;
  close(): void;
}

/** The read did not come back in time. */
export class RootTimeout extends Error {
  override readonly name = "RootTimeout";
}

/** What the helper needs to know once. */
export interface RootLookupSettings {
  readonly proc: string;
  readonly root: string;
  readonly passwd: string;
  readonly group: string;
  readonly fileMaxBytes: number;
}
