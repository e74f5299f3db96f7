/** What the databases did and where they gave up. All only grow; an answer that is undefined for another reason is "no package owns it". */
export interface PackageCounters {
  lookups: number;
  /** Lookups that named a package. */
  found: number;
  /** Times the databases of a root were read, the first time and after each change. */
  reads: number;
  /** Indexes given up because other roots were asked for later. */
  evicted: number;
  /** Lookups whose path is claimed by packages that differ: none is named. */
  ambiguous: number;
  /** Lookups whose root could not be opened, or was by then the root of another mount namespace (a pid used again). */
  unreachable: number;
  /** Lookups while the databases had changed again so soon after a costly read that they were not read again yet. */
  postponed: number;
  /** Reads during which a database changed: what was read is not used, and nothing is said until the next check. */
  changed: number;
  /** Databases in a format that is not read: Berkeley DB of rpm before 4.16. */
  unsupported: number;
  /** Pieces (a stanza, a list, a page, a header) that make no sense: each is left out, the rest is used. */
  damaged: number;
  /** Files that cannot be opened, or are no regular files. */
  unreadable: number;
  /** Files or databases left out because a bound was met. */
  oversized: number;
}

export function noPackageCounts(): PackageCounters {
  return {
    lookups: 0,
    found: 0,
    reads: 0,
    evicted: 0,
    ambiguous: 0,
    unreachable: 0,
    postponed: 0,
    changed: 0,
    unsupported: 0,
    damaged: 0,
    unreadable: 0,
    oversized: 0,
  };
}
