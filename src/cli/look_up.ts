import { statSync } from "node:fs";
import type { Config } from "../../config/schema.ts";
import { Enrichment } from "../enrich/enrichment.ts";
import { Hasher } from "../enrich/hash/hasher.ts";
import { Helper } from "../enrich/helper/helper.ts";
import { ImageLookUp } from "../enrich/image_look_up.ts";
import { NameTags } from "../enrich/name_tags.ts";
import { Names } from "../enrich/names/names.ts";
import { namesDefaults } from "../enrich/names/settings.ts";
import { PackageDesk } from "../enrich/packages/package_desk.ts";
import type { Pid } from "../record/record.ts";
import type { LookUpCounts } from "../telemetry/health.ts";
import type { Log } from "../telemetry/log.ts";

/** A file that takes longer to read is given up, and its device left alone for a while. Milliseconds. */
const LIMIT_MS = 10_000;
const QUARANTINE_MS = 60_000;
/** Executables whose package is remembered. */
const PACKAGES = 4096;

/** How long the start waits. */
const START_TURNS = 200;
const START_TURN_MS = 5;

/** What one run looks up besides what the kernel says: names, hashes, packages. */
export class LookUp {
  readonly enrichment: Enrichment;
  readonly names: Names;
  readonly hasher: Hasher | undefined;
  readonly packages: PackageDesk;
  readonly #helper: Helper;
  readonly #host: { readonly mntNs: number; readonly userNs: number };
  readonly #log: Log;
  #closed = false;

  /** @throws MayflyError HASH_TYPE_UNAVAILABLE */
  constructor(config: Config, log: Log) {
    this.#log = log;
    const ownMntNs = namespace("mnt");
    const host = { mntNs: ownMntNs, userNs: namespace("user") };
    this.#host = host;
    const now = (): number => performance.now();
    this.#helper = new Helper({ limitMs: LIMIT_MS, quarantineMs: QUARANTINE_MS, now });
    const { enabled, types, max_file_size: maxFileSize, cache_size: cacheSize } = config.hash;
    const onSettled = (ticket: Parameters<ImageLookUp["settled"]>[0]): void => {
      images.settled(ticket);
      this.enrichment.look();
    };
    const helper = this.#helper;
    const hashing = { types, maxFileSize, cacheSize, ownMntNs, onSettled, helper, quarantineMs: QUARANTINE_MS };
    this.hasher = enabled ? new Hasher(hashing) : undefined;
    const submit: Helper["submit"] = (job) => this.#helper.submit(job);
    this.packages = new PackageDesk({ ownMntNs, cacheSize: PACKAGES, submit, onSettled });
    const images = new ImageLookUp(this.hasher, this.packages);
    this.names = new Names({ ...namesDefaults, host, onAnswer: () => this.enrichment.look() });
    const names = new NameTags(this.names, ownMntNs);
    this.enrichment = new Enrichment({ deadline: config.enrichment.deadline, images, names });
  }

  /**
   * Resolves when the host's users are known and the helper is ready (0.1 s), or after a second: what comes before waits its time, or is
   * told without.
   */
  async start(): Promise<void> {
    this.names.start();
    let isReady = false;
    const ready = (): void => {
      isReady = true;
    };
    this.#helper.start().then(ready, (error: unknown) => {
      ready();
      if (this.#closed) return;
      this.#log.error("hashes and packages are not told: the helper process does not start", { reason: String(error) });
    });
    for (let turn = 0; turn < START_TURNS && !(isReady && this.#knowsNames()); turn++)
      await new Promise((resolve) => {
        setTimeout(resolve, START_TURN_MS);
      });
  }

  #knowsNames(): boolean {
    const self = { ...this.#host, pid: process.pid as Pid };
    return this.names.user(0, self) !== undefined && this.names.group(0, self) !== undefined;
  }

  get counters(): LookUpCounts {
    const { found, unknown, gone, failed } = this.packages;
    return {
      lives: this.enrichment.counters,
      hashes: this.hasher?.counters,
      packages: { found, unknown, gone, failed },
      names: this.names.counters,
      helper: this.#helper.counters,
    };
  }

  /** Takes half a second at most. */
  async close(): Promise<void> {
    this.#closed = true;
    this.names.close();
    await this.#helper.close();
  }
}

/** Inode number of a namespace of mayfly's own. */
function namespace(kind: "mnt" | "user"): number {
  return statSync(`/proc/self/ns/${kind}`).ino;
}
