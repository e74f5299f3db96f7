/** How names are looked up. Times in milliseconds. */
export interface NamesSettings {
  /** Inodes of the mount and the user namespace whose names are the host's: mayfly's own. */
  readonly host: { readonly mntNs: number; readonly userNs: number };
  /** Where the host's procfs is mounted. */
  readonly proc: string;
  /** The host's root directory: a mount namespace that has it too, and the same passwd and group, is named as the host is. */
  readonly root: string;
  readonly passwd: string;
  readonly group: string;
  /** A passwd or group of the host of more bytes is refused. */
  readonly fileMaxBytes: number;
  /** Whoever is asked for is checked this often against the files. */
  readonly checkMs: number;
  /** That the host has no name for an id is said only if its file was looked at this recently. */
  readonly unknownCheckMs: number;
  readonly getent: GetentSettings;
  readonly roots: RootSettings;
  /** Any monotonic clock. */
  readonly now: () => number;
  /** The wall clock that times of files are told by, in milliseconds since the epoch. */
  readonly wall: () => number;
  /**
   * Called, once for many, when ids that were answered `undefined` are now known. Ask again in this call: a `null` is
   * checked anew when asked for later.
   */
  readonly onAnswer: () => void;
}

export interface GetentSettings {
  /** undefined: NSS is not asked. */
  readonly command: string | undefined;
  readonly timeoutMs: number;
  /** Between two runs: a run costs the event loop a fork, 1 to 2 ms. */
  readonly spacingMs: number;
  /** Ids that may wait, of users and of groups. */
  readonly maxWaiting: number;
  /** Answers kept, of users and of groups. */
  readonly maxAnswers: number;
  /** Bytes read of one run. */
  readonly maxBytes: number;
  readonly ttlMs: number;
  /** How long an id that NSS does not know is taken to have no name. */
  readonly unknownTtlMs: number;
  /** The same, after a run that timed out or failed. */
  readonly failureTtlMs: number;
}

export interface RootSettings {
  /** Mount namespaces (with their user namespaces) that are remembered. */
  readonly max: number;
  /** Namespaces that are being looked at; for others, while there are so many, nothing is asked. */
  readonly maxWaiting: number;
  /** Ids remembered of one, of users and of groups. */
  readonly maxIds: number;
  readonly fileMaxBytes: number;
  readonly timeoutMs: number;
  /** A namespace whose files could not be read is left alone this long. */
  readonly giveUpMs: number;
  /** The helper ends after so long without a request. */
  readonly idleMs: number;
}

/** The settings that nobody needs to change. */
export const namesDefaults = {
  proc: "/proc",
  root: "/",
  passwd: "/etc/passwd",
  group: "/etc/group",
  fileMaxBytes: 64 << 20,
  checkMs: 1000,
  unknownCheckMs: 100,
  getent: {
    command: "getent",
    timeoutMs: 2000,
    spacingMs: 50,
    maxWaiting: 1024,
    maxAnswers: 16_384,
    maxBytes: 16 << 20,
    ttlMs: 10 * 60_000,
    unknownTtlMs: 60_000,
    failureTtlMs: 10_000,
  },
  roots: {
    max: 256,
    maxWaiting: 64,
    maxIds: 1024,
    fileMaxBytes: 16 << 20,
    timeoutMs: 1000,
    giveUpMs: 60_000,
    idleMs: 60_000,
  },
  now: () => performance.now(),
  wall: () => Date.now(),
} as const satisfies Partial<NamesSettings>;
