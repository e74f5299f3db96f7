import type { NameAnswer, NameScope } from "./answer.ts";
import { NamesCounters } from "./counters.ts";
import { HostNames } from "./host_names.ts";
import { RootHelper } from "./root_helper.ts";
import { RootNames } from "./root_names.ts";
import type { RootReader } from "./root_request.ts";
import type { NamesSettings } from "./settings.ts";

/**
 * Names of users and groups, for ids as the kernel has them (of the initial user namespace).
 *
 * - A process in the host's mount namespace: the host's passwd and group, else NSS. So too in a user namespace of its own: there
 *   the id belongs to a user of the host, which is whom ps(1) shows.
 * - In another mount namespace: passwd and group of its root, never NSS; in a user namespace besides, the id inside. But
 *   where root, passwd and group are the host's (a service with PrivateTmp), names are the host's as well.
 *
 * Every answer comes from memory. It stands on a look at the files that is at most `checkMs` old.
 */
export class Names {
  readonly counters = new NamesCounters();
  readonly #settings: NamesSettings;
  readonly #users: HostNames;
  readonly #groups: HostNames;
  readonly #roots: RootNames;
  readonly #hostMntNs: number;
  #timer: NodeJS.Timeout | undefined;

  /** @param reader where other roots are read; a helper process of its own unless given */
  constructor(settings: NamesSettings, reader?: RootReader) {
    const { proc, root, passwd, group, roots } = settings;
    this.#settings = settings;
    this.#hostMntNs = settings.host.mntNs;
    this.#users = new HostNames("passwd", settings, this.counters);
    this.#groups = new HostNames("group", settings, this.counters);
    this.#roots = new RootNames(
      settings,
      this.counters,
      { users: this.#users, groups: this.#groups },
      reader ?? new RootHelper({ proc, root, passwd, group, fileMaxBytes: roots.fileMaxBytes }, roots),
    );
  }

  /** The name of a user id. */
  user(id: number, scope: NameScope): NameAnswer {
    if (scope.mntNs === this.#hostMntNs) return this.#users.of(id);
    return isKnown(scope) ? this.#roots.user(id, scope) : null;
  }

  /** The name of a group id. */
  group(id: number, scope: NameScope): NameAnswer {
    if (scope.mntNs === this.#hostMntNs) return this.#groups.of(id);
    return isKnown(scope) ? this.#roots.group(id, scope) : null;
  }

  /** Reads the host's files, and looks at them again as time goes by. */
  start(): void {
    this.#users.check();
    this.#groups.check();
    this.#timer ??= setInterval(() => {
      this.#users.tick();
      this.#groups.tick();
      this.#roots.tick();
    }, this.#settings.checkMs).unref();
  }

  /** Ends what runs, a getent and the helper; from now on nothing new is known. */
  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#users.close();
    this.#groups.close();
    this.#roots.close();
  }
}

function isKnown({ mntNs, userNs }: NameScope): boolean {
  return mntNs !== 0 && userNs !== 0;
}
